#include "orchestrator/server/api.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/server/observe.hpp"

namespace estiba::orchestrator {

Task<Json> Api::call(ConnectionPtr client, std::string method, Json params) {
  using Method = Task<Json> (Api::*)(ConnectionPtr, Json);
  static const std::map<std::string, Method> methods{{"up", &Api::up},
                                                     {"run", &Api::run},
                                                     {"down", &Api::down},
                                                     {"start", &Api::start},
                                                     {"stop", &Api::stop},
                                                     {"restart", &Api::restart},
                                                     {"kill", &Api::kill},
                                                     {"rm", &Api::rm},
                                                     {"pause", &Api::pause},
                                                     {"unpause", &Api::unpause},
                                                     {"exec", &Api::exec},
                                                     {"ps", &Api::ps},
                                                     {"model", &Api::model},
                                                     {"wait", &Api::wait},
                                                     {"stats", &Api::stats},
                                                     {"attach", &Api::attach},
                                                     {"events", &Api::events},
                                                     {"networks", &Api::networks},
                                                     {"network_create", &Api::network_create},
                                                     {"network_remove", &Api::network_remove},
                                                     {"volumes", &Api::volumes},
                                                     {"volume_create", &Api::volume_create},
                                                     {"volume_remove", &Api::volume_remove},
                                                     {"root", &Api::root},
                                                     {"exec_signal", &Api::exec_signal},
                                                     {"step", &Api::step},
                                                     {"build", &Api::build}};
  auto found = methods.find(method);
  if (found == methods.end()) throw Error(cat("the server does not have the method ", method));
  return (this->*found->second)(std::move(client), std::move(params));
}

std::shared_ptr<ProjectLock> Api::lock_of(const std::string& project) {
  auto lock = locks_[project].lock();
  if (!lock) {
    lock = std::make_shared<ProjectLock>(core_.io);
    locks_[project] = lock;
  }
  return lock;
}

Json object_at(const Json& object, const char* key) {
  auto found = object.find(key);
  return found == object.end() || found->is_null() ? Json::object() : *found;
}

std::optional<std::chrono::seconds> seconds_at(const Json& object, const char* key) {
  auto value = json::int_at(object, key);
  if (!value) return std::nullopt;
  return std::chrono::seconds{*value};
}

std::vector<InstancePtr> targets_of(const Core& core, const Json& params) {
  std::vector<InstancePtr> all = core.of_project(json::required_string(params, "project"));
  std::erase_if(all, [](const auto& instance) { return instance->record.one_off; });
  std::vector<std::string> targets = json::strings_at(params, "targets");
  if (targets.empty()) return all;
  for (const std::string& target : targets) {
    auto is_it = [&](const auto& instance) { return instance->record.service == target; };
    if (std::none_of(all.begin(), all.end(), is_it))
      throw Error(cat("service \"", target, "\" has no container; bring it up first"));
  }
  std::erase_if(all, [&](const auto& instance) {
    return std::find(targets.begin(), targets.end(), instance->record.service) == targets.end();
  });
  return all;
}

Task<Json> Api::ps(ConnectionPtr, Json params) {
  auto project = json::string_at(params, "project");
  Json containers = Json::array();
  for (const auto& [id, instance] : core_.instances)
    if (!project || instance->record.project == *project)
      containers.push_back(describe(core_, *instance));
  co_return Json{{"containers", containers}};
}

Task<Json> Api::model(ConnectionPtr, Json params) {
  std::string id = json::required_string(params, "id");
  auto found = core_.instances.find(id);
  if (found == core_.instances.end()) throw Error(cat("there is no container ", id));
  co_return Json{{"model", parse_json(found->second->record.model, "a container's model")}};
}

Task<Json> Api::stats(ConnectionPtr, Json params) {
  Json all = Json::object();
  for (const std::string& id : json::strings_at(params, "ids")) {
    auto found = core_.instances.find(id);
    if (found == core_.instances.end() || !found->second->running()) continue;
    runtime::Stats stats = core_.containers.stats(id);
    all[id] = {{"memory", stats.memory_bytes},
               {"memory_limit", stats.memory_limit},
               {"cpu_nanoseconds", stats.cpu_nanoseconds},
               {"pids", stats.pids}};
  }
  co_return Json{{"stats", all}};
}

Task<Json> Api::wait(ConnectionPtr client, Json params) {
  for (const std::string& id : json::strings_at(params, "ids")) {
    auto found = core_.instances.find(id);
    if (found == core_.instances.end()) throw Error(cat("there is no container ", id));
    InstancePtr instance = found->second;
    while (instance->running() || instance->starting ||
           instance->status.state == scheduler::ContainerState::restarting) {
      if (client->closed()) co_return Json::object();
      co_await instance->changed.wait(std::chrono::steady_clock::now() + std::chrono::seconds{1});
    }
    client->send({{"event",
                   {{"exited",
                     {{"id", id},
                      {"name", instance->record.name},
                      {"exit_code", instance->status.exit_code}}}}}});
  }
  co_return Json::object();
}

Task<Json> Api::events(ConnectionPtr client, Json) {
  core_.subscribers.push_back(client);
  client->send({{"event", {{"subscribed", true}}}});
  while (!client->closed()) co_await client->changed.wait();
  co_return Json::object();
}

}  // namespace estiba::orchestrator
