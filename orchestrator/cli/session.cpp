#include "orchestrator/cli/session.hpp"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/project_loading.hpp"

namespace estiba::orchestrator {

std::optional<Client> connect_to_ask(const Paths& paths, About about) {
  if (auto client = Client::connect_if_running(paths)) return client;
  auto has = [&](const char* kind) { return !fs::list_dir(cat(paths.root, kind)).empty(); };
  bool any = has("/containers");
  if (about == About::everything) any = any || has("/networks") || has("/volumes");
  if (!any) return std::nullopt;
  return Client::connect(paths);
}

std::vector<ContainerInfo> containers_of(const Paths& paths, const std::string& project) {
  auto client = connect_to_ask(paths, About::containers);
  if (!client) return {};
  Json params = Json::object();
  if (!project.empty()) params["project"] = project;
  return containers_from_json(client->call("ps", params));
}

std::vector<std::string> images_in_use(const Paths& paths) {
  std::vector<std::string> ids;
  for (const ContainerInfo& container : containers_of(paths, "")) {
    ids.push_back(container.image_id);
    ids.insert(ids.end(), container.mounted_images.begin(), container.mounted_images.end());
  }
  return ids;
}

ui::ProgressStyle progress_style(const Invocation& invocation, const std::string& title) {
  auto from = [&](const char* flag, const char* variable) {
    std::string general =
        invocation.globals.value_or(flag, environment_value(variable).value_or("auto"));
    return invocation.arguments.value_or(flag, general);
  };
  ui::ProgressStyle style =
      ui::progress_style(from("progress", "COMPOSE_PROGRESS"), from("ansi", "COMPOSE_ANSI"));
  style.title = title;
  style.dry_run = invocation.dry_run();
  return style;
}

bool show_progress(ui::Progress& progress, const Json& event) {
  if (auto warning = json::string_at(event, "warning")) {
    progress.warn(*warning);
    return true;
  }
  auto found = event.find("progress");
  if (found == event.end()) return false;
  auto text = [&](const char* key) { return json::string_at(*found, key).value_or(""); };
  progress.show({text("id"), text("status"), ui::step_state(text("state")), text("text")});
  return true;
}

namespace {

bool has_plan(const std::string& method) {
  constexpr std::string_view with_plans[] = {"up", "down", "start", "stop", "restart"};
  return std::find(std::begin(with_plans), std::end(with_plans), method) != std::end(with_plans);
}

/// What the call would touch, for the methods of which the server makes no plan.
void show_dry_run(const Invocation& invocation, const Json& params) {
  auto progress =
      ui::make_progress(progress_style(invocation, std::string(invocation.command.name)));
  std::vector<std::string> targets = json::strings_at(params, "targets");
  auto containers = containers_of(invocation.paths, json::required_string(params, "project"));
  for (const ContainerInfo& container : select(std::move(containers), targets, OneOffs::left_out))
    progress->show({cat("Container ", container.name), std::string(invocation.command.name),
                    ui::StepState::done, ""});
}

}  // namespace

Json call_with_progress(const Invocation& invocation, const std::string& method,
                        const Json& params) {
  if (invocation.dry_run() && !has_plan(method)) {
    show_dry_run(invocation, params);
    return Json::object();
  }
  interrupts::install();
  Client client = Client::connect(invocation.paths);
  auto progress =
      ui::make_progress(progress_style(invocation, std::string(invocation.command.name)));
  Json result = client.call(
      method, params, [&](const Json& event) { show_progress(*progress, event); },
      [&] { progress->tick(); });
  progress->finish();
  if (auto plan = json::string_at(result, "plan")) print(*plan);
  return result;
}

std::vector<ContainerInfo> select(std::vector<ContainerInfo> all,
                                  const std::vector<std::string>& services, OneOffs one_offs) {
  std::erase_if(all, [&](const ContainerInfo& container) {
    bool named = services.empty() ||
                 std::find(services.begin(), services.end(), container.service) != services.end();
    return !named || (container.one_off && one_offs == OneOffs::left_out);
  });
  return all;
}

void check_targets(const Invocation& invocation, const std::vector<ContainerInfo>& containers,
                   const std::vector<std::string>& targets) {
  std::vector<std::string> known;
  for (const ContainerInfo& container : containers) known.push_back(container.service);
  bool all_seen = std::all_of(targets.begin(), targets.end(), [&](const std::string& target) {
    return std::find(known.begin(), known.end(), target) != known.end();
  });
  if (all_seen) return;
  if (!named_without_file(invocation)) {
    LoadedProject loaded = load_project(invocation, {});
    for (std::string& name : service_names(loaded.project)) known.push_back(std::move(name));
  }
  check_services(targets, known);
}

ContainerInfo running_container(const Invocation& invocation, const std::string& service) {
  std::vector<ContainerInfo> all = containers_of(invocation.paths, project_name_of(invocation));
  std::vector<ContainerInfo> found = select(all, {service}, OneOffs::included);
  // One-offs come last: `exec` reaches a `run` container only where the service itself is not up.
  std::stable_sort(found.begin(), found.end(), [](const ContainerInfo& a, const ContainerInfo& b) {
    return std::pair(a.one_off, a.number) < std::pair(b.one_off, b.number);
  });
  auto index = invocation.arguments.number("index");
  for (ContainerInfo& container : found) {
    bool meant = !index || *index == 0 || (container.number == *index && !container.one_off);
    if (meant && (container.state == "running" || container.state == "paused")) return container;
  }
  std::vector<std::string> services;
  for (const ContainerInfo& container : all) services.push_back(container.service);
  auto near = found.empty() ? text::nearest(service, services) : std::nullopt;
  throw Error(cat("service \"", service, "\" is not running",
                  index && *index != 0 ? cat(" container #", std::to_string(*index)) : "",
                  near ? cat("; did you mean \"", *near, "\"?") : ""));
}

Json project_params(const std::string& project, const std::vector<std::string>& targets) {
  return {{"project", project}, {"targets", targets}};
}

Chosen chosen_containers(const Invocation& invocation) {
  Chosen chosen{project_name_of(invocation), {}};
  chosen.containers = containers_of(invocation.paths, chosen.project);
  check_targets(invocation, chosen.containers, invocation.words());
  chosen.containers = select(std::move(chosen.containers), invocation.words(), OneOffs::left_out);
  return chosen;
}

void act_on_services(const Invocation& invocation, const std::string& method, const Json& more) {
  Chosen chosen = chosen_containers(invocation);
  if (chosen.containers.empty()) return;
  Json params = project_params(chosen.project, invocation.words());
  params.update(more);
  params["dry_run"] = invocation.dry_run();
  add_timeout(params, invocation.arguments);
  call_with_progress(invocation, method, params);
}

void act_on_services(const Invocation& invocation, const std::string& method) {
  act_on_services(invocation, method, Json::object());
}

std::vector<std::string> with_values(const std::vector<std::string>& variables) {
  std::vector<std::string> out;
  for (const std::string& variable : variables) {
    if (variable.find('=') != variable.npos)
      out.push_back(variable);
    else if (const char* value = std::getenv(variable.c_str()))
      out.push_back(cat(variable, "=", value));
  }
  return out;
}

std::map<std::string, std::string> key_values(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> out;
  for (const std::string& pair : pairs) {
    size_t equals = pair.find('=');
    out[pair.substr(0, equals)] = equals == pair.npos ? "" : pair.substr(equals + 1);
  }
  return out;
}

int remove_by_name(const Invocation& invocation, const std::string& method) {
  int code = 0;
  for (const std::string& name : invocation.words()) {
    try {
      Client::connect(invocation.paths).call(method, {{"name", name}});
      print(name + "\n");
    } catch (const Error& error) {
      bool absent = error.message().ends_with(" not found");
      if (absent && invocation.arguments.on("force")) continue;
      // One that cannot go does not keep the others.
      print_error(error.message(), ErrorForm::text);
      code = error.exit_code();
    }
  }
  return code;
}

void add_timeout(Json& params, const Arguments& arguments) {
  if (auto seconds = arguments.number("timeout")) params["timeout"] = *seconds;
}

}  // namespace estiba::orchestrator
