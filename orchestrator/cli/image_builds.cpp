#include "orchestrator/cli/image_builds.hpp"

#include <poll.h>

#include <algorithm>
#include <thread>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/build_options.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/session.hpp"

extern char** environ;

namespace estiba::orchestrator {
namespace {

constexpr int tick_ms = 100;
constexpr int interrupted = 130;

/// While it lives, an interrupt stops the build and progress timers go on.
class Watch {
 public:
  Watch(std::stop_source& build, BuildOutput& output)
      : over_(sys::eventfd()), thread_([this, &build, &output, before = interrupts::take()] {
          while (true) {
            pollfd waiting[] = {{interrupts::fd().get(), POLLIN, 0}, {over_.get(), POLLIN, 0}};
            ::poll(waiting, 2, tick_ms);
            if (waiting[1].revents != 0) return;
            if (interrupts::take() > before) build.request_stop();
            output.tick();
          }
        }) {}
  ~Watch() {
    uint64_t one = 1;
    sys::write_all(over_, {reinterpret_cast<const char*>(&one), sizeof one}, "eventfd");
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  UniqueFd over_;
  std::jthread thread_;
};

std::string with_output(const std::string& message, const std::string& output) {
  if (output.empty()) return message;
  return cat(message, "\nThe command's last output:\n", output.substr(0, output.size() - 1));
}

bool is_built_first(const Invocation& invocation, const spec::Service& service,
                    const img::Images& store, const std::string& name) {
  if (!service.build) return false;
  if (invocation.arguments.on("build") || service.pull_policy == "build") return true;
  return !store.find(name);
}

bool is_target(const Invocation& invocation, const std::vector<std::string>& targets,
               const std::string& service) {
  // The project was loaded with what its targets depend on, and nothing else.
  if (targets.empty() || !invocation.arguments.on("no-deps")) return true;
  return std::find(targets.begin(), targets.end(), service) != targets.end();
}

}  // namespace

ImageBuilds::ImageBuilds(const Invocation& invocation, const ui::ProgressStyle& style)
    : steps_(invocation.paths), builder_(invocation.paths.root, steps_), output_(style) {
  interrupts::install();
}

std::string ImageBuilds::build(img::BuildOptions options) {
  std::stop_source stop;
  options.stop = stop.get_token();
  options.on_event = [this](const img::BuildEvent& event) { output_.on_event(event); };
  output_.begin(options.tags.empty() ? "build" : options.tags.front());
  std::optional<Error> failure;
  std::string id;
  {
    Watch watch(stop, output_);
    try {
      id = builder_.build(options);
    } catch (const Error& error) {
      failure = error;
    }
  }
  output_.end(failure ? "Failed" : "Built", failure ? ui::StepState::error : ui::StepState::done);
  if (!failure) return id;
  finish();
  if (stop.stop_requested()) throw Error("canceled", interrupted);
  throw Error(with_output(failure->message(), output_.failed_output()));
}

void ImageBuilds::finish() {
  output_.finish();
  steps_.finish();
}

std::map<std::string, std::string> build_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    std::string_view text = *entry;
    size_t equals = text.find('=');
    if (equals != text.npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

std::map<std::string, std::string> build_environment(const LoadedProject& loaded) {
  auto all = build_environment();
  for (const auto& [name, value] : loaded.loaded.project_environment) all[name] = value;
  return all;
}

void build_missing(const Invocation& invocation, const LoadedProject& loaded,
                   const std::vector<std::string>& targets) {
  const spec::Project& project = loaded.project;
  if (invocation.dry_run()) return;
  img::Images store(invocation.paths.root);
  std::vector<std::string> wanted;
  for (const auto& [name, service] : project.services) {
    std::string image = image_name(project, service);
    if (!is_target(invocation, targets, name) || !is_built_first(invocation, service, store, image))
      continue;
    if (invocation.arguments.on("no-build") && !store.find(image))
      throw Error(cat("services.", name, ": image \"", image,
                      "\" is not there, and --no-build keeps it from being built"));
    if (!invocation.arguments.on("no-build")) wanted.push_back(name);
  }
  if (wanted.empty()) return;
  ui::ProgressStyle style = progress_style(invocation, std::string(invocation.command.name));
  if (invocation.arguments.on("quiet-build")) style.kind = ui::ProgressKind::quiet;
  auto environment = build_environment(loaded);
  ImageBuilds builds(invocation, style);
  for (const std::string& name : build_order(project, wanted))
    builds.build(build_options(project, project.services.at(name), environment));
  builds.finish();
}

}  // namespace estiba::orchestrator
