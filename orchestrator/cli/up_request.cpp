#include "orchestrator/cli/up_request.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/build_options.hpp"
#include "orchestrator/cli/session.hpp"

namespace estiba::orchestrator {
namespace {

struct Pair {
  const char* first;
  const char* second;
  const char* sentence;
};

constexpr const char* not_detached =
    "--detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, "
    "--attach, --attach-dependencies or --watch";
constexpr const char* not_waiting =
    "--wait cannot be combined with --abort-on-container-exit, --attach or --attach-dependencies";

constexpr Pair pairs[] = {
    {"build", "no-build", "--build and --no-build are incompatible"},
    {"force-recreate", "no-recreate", "--force-recreate and --no-recreate are incompatible"},
    {"always-recreate-deps", "no-recreate",
     "--always-recreate-deps and --no-recreate are incompatible"},
    {"no-recreate", "renew-anon-volumes",
     "--no-recreate and --renew-anon-volumes are incompatible"},
    {"attach", "attach-dependencies", "cannot combine --attach and --attach-dependencies"},
    {"abort-on-container-exit", "abort-on-container-failure",
     "--abort-on-container-failure cannot be combined with --abort-on-container-exit"},
    {"no-build", "watch", "--no-build and --watch are incompatible"},
    {"detach", "abort-on-container-exit", not_detached},
    {"detach", "abort-on-container-failure", not_detached},
    {"detach", "attach", not_detached},
    {"detach", "attach-dependencies", not_detached},
    {"detach", "watch", not_detached},
    {"wait", "abort-on-container-exit", not_waiting},
    {"wait", "attach", not_waiting},
    {"wait", "attach-dependencies", not_waiting},
};

bool is_set(const Arguments& arguments, const std::string& flag) {
  // --attach has values, the others are switches.
  return flag == "attach" ? arguments.given(flag) : arguments.on(flag);
}

std::string recreation(const Arguments& arguments) {
  if (arguments.on("force-recreate")) return "force";
  return arguments.on("no-recreate") ? "never" : "diverged";
}

// Values from the environment travel beside the model, which never holds them.
void add_contents(Json& contents, const std::string& prefix, const LoadedProject& loaded,
                  const std::map<std::string, spec::FileObject>& objects) {
  const auto& environment = loaded.loaded.project_environment;
  for (const auto& [key, object] : objects) {
    if (object.environment.empty()) continue;
    auto value = environment.find(object.environment);
    if (value == environment.end())
      throw Error(
          cat(prefix, ".", key, ": environment variable \"", object.environment, "\" is not set"));
    contents[cat(prefix, "/", key)] = value->second;
  }
}

// Services that are built need not say how their image is named.
Json named_model(const LoadedProject& loaded) {
  Json model = parse_json(loaded.loaded.transfer_json, "the project's model");
  for (const auto& [name, service] : loaded.project.services)
    if (service.image.empty() && service.build)
      model["services"][name]["image"] = image_name(loaded.project, service);
  return model;
}

/// Configs and secrets from variables: the server does not share our environment.
Json file_contents(const LoadedProject& loaded) {
  Json contents = Json::object();
  auto add = [&](const char* kind, const std::map<std::string, spec::FileObject>& objects) {
    for (const auto& [key, object] : objects) {
      if (object.environment.empty()) continue;
      auto known = loaded.loaded.project_environment.find(object.environment);
      contents[cat(kind, "/", key)] =
          known == loaded.loaded.project_environment.end()
              ? environment_value(object.environment.c_str()).value_or("")
              : known->second;
    }
  };
  add("configs", loaded.project.configs);
  add("secrets", loaded.project.secrets);
  return contents;
}

}  // namespace

std::optional<std::string> contradiction(const Arguments& arguments) {
  for (const Pair& pair : pairs)
    if (is_set(arguments, pair.first) && is_set(arguments, pair.second)) return pair.sentence;
  if (arguments.number("wait-timeout").value_or(0) < 0)
    return "--wait-timeout must be a non-negative integer";
  if (arguments.on("remove-orphans") && environment_value("COMPOSE_IGNORE_ORPHANS"))
    return "cannot combine COMPOSE_IGNORE_ORPHANS and --remove-orphans";
  return std::nullopt;
}

std::map<std::string, int64_t> parse_scales(const std::vector<std::string>& written,
                                            const std::string& complaint) {
  std::map<std::string, int64_t> scales;
  for (const std::string& each : written) {
    size_t equals = each.find('=');
    if (equals == each.npos || equals == 0) throw Error(cat(complaint, ": ", each));
    auto count = text::to_int(std::string_view(each).substr(equals + 1));
    if (!count || *count < 0) throw Error(cat(complaint, ": ", each));
    scales[each.substr(0, equals)] = *count;
  }
  return scales;
}

bool flag_or_environment(const Arguments& arguments, const char* flag, const char* variable) {
  if (auto choice = arguments.choice(flag)) return *choice;
  std::string value = text::lower(environment_value(variable).value_or(""));
  return value == "1" || value == "true";
}

Json up_params(const Invocation& invocation, const LoadedProject& loaded,
               const std::vector<std::string>& targets) {
  const Arguments& arguments = invocation.arguments;
  const spec::Project& project = loaded.project;
  auto scales =
      parse_scales(arguments.list("scale"), "invalid --scale option, it should be SERVICE=NUM");
  std::vector<std::string> disabled;
  for (const auto& [name, service] : project.disabled_services) disabled.push_back(name);
  std::vector<std::string> scaled;
  for (const auto& [name, count] : scales) scaled.push_back(name);
  check_services(scaled, service_names(project));
  Json options{
      {"targets", targets},
      {"no_deps", arguments.on("no-deps")},
      {"recreate", recreation(arguments)},
      {"recreate_dependencies", arguments.on("always-recreate-deps")},
      {"remove_orphans",
       flag_or_environment(arguments, "remove-orphans", "COMPOSE_REMOVE_ORPHANS")},
      {"ignore_orphans", environment_value("COMPOSE_IGNORE_ORPHANS").has_value()},
      {"scale", Json::object()},
      {"start", !arguments.on("no-start")},
      {"wait", arguments.on("wait")},
      {"wait_timeout", arguments.number("wait-timeout").value_or(0)},
      {"renew_anon_volumes", arguments.on("renew-anon-volumes")},
      {"dry_run", invocation.dry_run()},
  };
  for (const auto& [name, count] : scales) options["scale"][name] = count;
  add_timeout(options, arguments);
  Json contents = Json::object();
  add_contents(contents, "configs", loaded, project.configs);
  add_contents(contents, "secrets", loaded, project.secrets);
  return {{"project", named_model(loaded)},       {"working_dir", project.working_dir},
          {"config_files", project.config_files}, {"env_files", project.env_files},
          {"disabled_services", disabled},        {"file_contents", file_contents(loaded)},
          {"file_contents", std::move(contents)}, {"options", std::move(options)}};
}

}  // namespace estiba::orchestrator
