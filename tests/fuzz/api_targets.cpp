// Requests of the API, as whoever may connect sends them, and the model that some of them bring.
#include "base/error.hpp"
#include "compose-spec/loader.hpp"
#include "orchestrator/security_options.hpp"
#include "orchestrator/server/request.hpp"
#include "orchestrator/sound_names.hpp"
#include "orchestrator/step_json.hpp"
#include "promise.hpp"
#include "targets.hpp"

namespace estiba::fuzz {
namespace {

using namespace orchestrator;

void feed_model(const Json& model) {
  spec::Project project = spec::from_canonical_json(json::dump(model));
  refuse_unsound(project);
  refuse_unkept(project);
  // What is taken is one word wherever a file is made of words.
  for (const auto& [name, service] : project.services)
    for (const auto& [host, address] : service.extra_hosts)
      promise(host.empty() || is_one_word(host));
}

}  // namespace

void feed_api(std::string_view bytes) {
  try {
    Request request = parse_request(bytes);
    if (request.method == "step") step_from_json(request.params);
    for (const char* key : {"project", "model"})
      if (auto model = request.params.find(key);
          model != request.params.end() && model->is_object())
        feed_model(*model);
  } catch (const Error& error) {
    promise(!error.message().empty());
  }
}

}  // namespace estiba::fuzz
