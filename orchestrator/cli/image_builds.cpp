#include "orchestrator/cli/image_builds.hpp"

#include <algorithm>
#include <thread>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/build_options.hpp"
#include "orchestrator/cli/build_queue.hpp"
#include "orchestrator/cli/interrupt_watch.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"

extern char** environ;

namespace estiba::orchestrator {
namespace {

constexpr int interrupted_code = 130;

// As many as --parallel or COMPOSE_PARALLEL_LIMIT says; else a few more than there are processors,
// since builds wait for disks and networks too.
size_t builds_at_once(const Invocation& invocation) {
  auto limit = text::to_int(invocation.globals.value_or(
      "parallel", environment_value("COMPOSE_PARALLEL_LIMIT").value_or("")));
  if (limit && *limit > 0) return static_cast<size_t>(*limit);
  return std::max<size_t>(4, 2 * std::thread::hardware_concurrency());
}

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

}  // namespace

ImageBuilds::ImageBuilds(const Invocation& invocation, const ui::ProgressStyle& style)
    : at_once_(builds_at_once(invocation)),
      images_(invocation.paths.root),
      steps_(invocation.paths),
      builder_(invocation.paths.root, steps_),
      output_(style) {
  interrupts::install();
}

// An image that a Dockerfile begins with.
std::string ImageBuilds::pull(const img::BaseImage& image, std::stop_token stop) {
  std::string shown = cat("Image ", image.reference);
  output_.show({shown, "Pulling", ui::StepState::working, image.platform});
  img::TransferOptions options{image.platform, {}, stop};
  if (!image.platform.empty()) options.name = img::PulledName::own_digest;
  std::string id;
  try {
    id = with_context([&] { return images_.pull(image.reference, options).id; },
                      "cannot pull image \"", image.reference, "\"");
  } catch (const Error&) {
    output_.show({shown, "Failed", ui::StepState::error, ""});
    throw;
  }
  output_.show({shown, "Pulled", ui::StepState::done, ""});
  return id;
}

std::string ImageBuilds::build_one(img::BuildOptions options, const std::string& label,
                                   std::stop_token stop) {
  int image = output_.begin(options.tags.empty() ? "build" : options.tags.front(), label);
  options.stop = stop;
  options.pull = [this, stop](const img::BaseImage& base) { return pull(base, stop); };
  options.on_event = [this, image](const img::BuildEvent& event) {
    output_.on_event(image, event);
  };
  try {
    std::string id = builder_.build(options);
    output_.end(image, "Built", ui::StepState::done);
    return id;
  } catch (const Error& error) {
    output_.end(image, "Failed", ui::StepState::error);
    std::string prefix = label.empty() ? "" : cat("services.", label, ": ");
    throw Error(prefix + with_output(error.message(), output_.failed_output(image)));
  }
}

void ImageBuilds::fail(const Error& error, bool interrupted) {
  finish();
  if (interrupted) throw Error("canceled", interrupted_code);
  throw error;
}

std::string ImageBuilds::build(img::BuildOptions options) {
  InterruptWatch watch([this] { output_.tick(); });
  try {
    return build_one(std::move(options), "", watch.stop_token());
  } catch (const Error& error) {
    fail(error, watch.interrupted());
  }
}

void ImageBuilds::build_all(std::vector<ServiceBuild> builds) {
  InterruptWatch watch([this] { output_.tick(); });
  bool several = builds.size() > 1;
  std::vector<QueuedBuild> queue;
  for (ServiceBuild& build : builds)
    queue.push_back({build.service, build.after, [&, this] {
                       build_one(std::move(build.options), several ? build.service : "",
                                 watch.stop_token());
                     }});
  try {
    run_builds(queue, at_once_, [&] { watch.stop(); });
  } catch (const Error& error) {
    fail(error, watch.interrupted());
  }
}

int ImageBuilds::check(const std::vector<ServiceBuild>& builds) {
  size_t count = 0;
  for (const ServiceBuild& build : builds) {
    std::string prefix = builds.size() > 1 ? cat(build.service, ": ") : "";
    std::string file = build.options.dockerfile.empty() ? "Dockerfile" : build.options.dockerfile;
    for (const img::build::Finding& one : builder_.check(build.options)) {
      print(cat(prefix, fs::base_name(file), ":", std::to_string(one.line), ": ", one.rule, ": ",
                one.message, "\n"));
      ++count;
    }
  }
  if (count == 0) return print("Check complete, no warnings found.\n"), 0;
  print(cat("Check complete, ", std::to_string(count),
            count == 1 ? " warning has been found!\n" : " warnings have been found!\n"));
  return 1;
}

void ImageBuilds::finish() {
  output_.finish();
  steps_.finish();
}

std::vector<ServiceBuild> service_builds(const LoadedProject& loaded,
                                         const std::vector<std::string>& wanted,
                                         const std::map<std::string, std::string>& environment) {
  const spec::Project& project = loaded.project;
  std::vector<ServiceBuild> out;
  for (const std::string& name : build_order(project, wanted)) {
    const spec::Service& service = project.services.at(name);
    out.push_back({name, build_options(project, service, environment), built_upon(service)});
  }
  return out;
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

bool is_target(const Invocation& invocation, const std::vector<std::string>& targets,
               const std::string& service) {
  // The project was loaded with what its targets depend on, and nothing else.
  if (targets.empty() || !invocation.arguments.on("no-deps")) return true;
  return std::find(targets.begin(), targets.end(), service) != targets.end();
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
  builds.build_all(service_builds(loaded, wanted, environment));
  builds.finish();
}

}  // namespace estiba::orchestrator
