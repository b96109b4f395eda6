#include "orchestrator/step_json.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::orchestrator {
namespace {

using namespace img::build;

// Any bytes may be in a secret, and JSON has no place for them.
std::string to_hex(const std::string& bytes) {
  return text::hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    auto byte = text::to_uint(std::string_view(digits).substr(i, 2), 16);
    if (!byte || i + 2 > digits.size()) throw Error("a step's file is not in hexadecimal digits");
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

Json mount_json(const StepBind& bind) {
  return {{"type", "bind"},
          {"source", bind.source},
          {"target", bind.target},
          {"readonly", bind.readonly}};
}

Json mount_json(const StepTmpfs& tmpfs) {
  return {{"type", "tmpfs"}, {"target", tmpfs.target}, {"size", tmpfs.size}};
}

Json mount_json(const StepFile& file) {
  return {{"type", "file"},  {"target", file.target}, {"content", to_hex(file.content)},
          {"uid", file.uid}, {"gid", file.gid},       {"mode", file.mode}};
}

uint32_t number_of(const Json& object, const char* key) {
  return static_cast<uint32_t>(json::required_int(object, key));
}

StepMount mount_from(const Json& object) {
  std::string type = json::required_string(object, "type");
  std::string target = json::required_string(object, "target");
  if (type == "bind")
    return StepBind{json::required_string(object, "source"), target,
                    json::bool_at(object, "readonly").value_or(true)};
  if (type == "tmpfs") return StepTmpfs{target, json::int_at(object, "size").value_or(0)};
  if (type != "file") throw Error(cat("a step has no mounts of type \"", type, "\""));
  return StepFile{target, from_hex(json::required_string(object, "content")),
                  number_of(object, "uid"), number_of(object, "gid"), number_of(object, "mode")};
}

const char* network_name(StepNetwork network) {
  switch (network) {
    case StepNetwork::none:
      return "none";
    case StepNetwork::host:
      return "host";
    case StepNetwork::automatic:
      break;
  }
  return "default";
}

StepNetwork network_from(const std::string& name) {
  if (name == "none") return StepNetwork::none;
  if (name == "host") return StepNetwork::host;
  if (name == "default") return StepNetwork::automatic;
  throw Error(cat("a step's network is default, none or host, not \"", name, "\""));
}

}  // namespace

Json step_to_json(const StepRequest& request) {
  Json mounts = Json::array();
  for (const StepMount& mount : request.mounts)
    mounts.push_back(std::visit([](const auto& one) { return mount_json(one); }, mount));
  Json limits = Json::array();
  for (const StepLimit& limit : request.limits)
    limits.push_back({{"name", limit.name}, {"soft", limit.soft}, {"hard", limit.hard}});
  return {{"lower", request.lower},
          {"upper", request.upper},
          {"work", request.work},
          {"args", request.argv},
          {"env", request.env},
          {"cwd", request.cwd},
          {"user", request.user},
          {"mounts", std::move(mounts)},
          {"network", network_name(request.network)},
          {"privileged", request.privileged},
          {"extra_hosts", request.extra_hosts},
          {"shm_size", request.shm_size},
          {"memory", request.memory},
          {"limits", std::move(limits)}};
}

StepRequest step_from_json(const Json& params) {
  StepRequest request;
  request.lower = json::strings_at(params, "lower");
  request.upper = json::required_string(params, "upper");
  request.work = json::required_string(params, "work");
  request.argv = json::strings_at(params, "args");
  if (request.lower.empty() || request.argv.empty())
    throw Error("a step needs layers to run on and a command");
  request.env = json::strings_at(params, "env");
  request.cwd = json::string_at(params, "cwd").value_or("/");
  request.user = json::string_at(params, "user").value_or("");
  if (auto mounts = params.find("mounts"); mounts != params.end() && mounts->is_array())
    for (const Json& mount : *mounts) request.mounts.push_back(mount_from(mount));
  request.network = network_from(json::string_at(params, "network").value_or("default"));
  request.privileged = json::bool_at(params, "privileged").value_or(false);
  request.extra_hosts = json::strings_at(params, "extra_hosts");
  request.shm_size = json::int_at(params, "shm_size").value_or(0);
  request.memory = json::int_at(params, "memory").value_or(0);
  if (auto limits = params.find("limits"); limits != params.end() && limits->is_array())
    for (const Json& limit : *limits)
      request.limits.push_back({json::required_string(limit, "name"),
                                json::required_int(limit, "soft"),
                                json::required_int(limit, "hard")});
  return request;
}

}  // namespace estiba::orchestrator
