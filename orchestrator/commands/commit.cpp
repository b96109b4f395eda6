// commit: an image of what a service's container has become.
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "compose-spec/loader.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/one_container.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/lower_image.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'a', "author", Takes::value, "AUTHOR", "Who made it"},
    {'c', "change", Takes::list, "INSTRUCTION", "A Dockerfile instruction: CMD, ENV, ..."},
    {0, "index", Takes::value, "N", "Which of the service's containers"},
    {'m', "message", Takes::value, "TEXT", "What is new"},
    {'p', "pause", Takes::nothing, "", "Pause the service meanwhile (the default; --pause=false)"},
};

/// The service's containers stand still while this lives.
class Pause {
 public:
  Pause(const Paths& paths, const ContainerInfo& container)
      : paths_(paths), params_(project_params(container.project, {container.service})) {
    Client::connect(paths_).call("pause", params_);
  }
  ~Pause() {
    try {
      Client::connect(paths_).call("unpause", params_);
    } catch (const Error& error) {
      print_warning(error.message());
    }
  }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

 private:
  const Paths& paths_;
  Json params_;
};

img::ImageConfig config_of(const Paths& paths, const img::Images& images,
                           const ContainerInfo& container) {
  auto image = images.find(container.image_id);
  if (!image) throw Error(cat("the image of ", container.name, " is not in the store any more"));
  Json answer = Client::connect(paths).call("model", {{"id", container.id}});
  spec::Project model = spec::from_canonical_json(json::dump(answer.at("model")));
  return container_config(model.services.begin()->second, image->config);
}

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const std::vector<std::string>& words = invocation.words();
  ContainerInfo container = one_container(invocation, words[0]);
  if (invocation.dry_run()) return 0;
  img::CommitRequest request;
  request.image_id = container.image_id;
  request.upper = writable_layer(invocation.paths, container);
  if (words.size() > 1) request.reference = words[1];
  request.author = arguments.value_or("author", "");
  request.message = arguments.value_or("message", "");
  request.changes = arguments.list("change");
  img::Images images(invocation.paths.root);
  request.config = config_of(invocation.paths, images, container);
  std::optional<Pause> pause;
  if (container.state == "running" && (!arguments.given("pause") || arguments.on("pause")))
    pause.emplace(invocation.paths, container);
  print(images.commit(request) + "\n");
  return 0;
}

}  // namespace

extern const Command commit_command{.name = "commit",
                                    .usage = "[OPTIONS] SERVICE [NAME]",
                                    .summary = "Make an image of a service's container",
                                    .flags = flags,
                                    .min_words = 1,
                                    .max_words = 2,
                                    .run = run};

}  // namespace estiba::orchestrator
