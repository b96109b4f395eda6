#include "orchestrator/server/instance.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/fs.hpp"
#include "base/sys.hpp"
#include "compose-spec/loader.hpp"

namespace estiba::orchestrator {
namespace {

using scheduler::ContainerState;
using scheduler::HealthState;

constexpr std::array states{ContainerState::created,    ContainerState::running,
                            ContainerState::restarting, ContainerState::paused,
                            ContainerState::exited,     ContainerState::dead};

ContainerState state_from(const std::string& text) {
  for (ContainerState state : states)
    if (text == to_text(state)) return state;
  throw Error(cat("unknown container state \"", text, "\""));
}

ContainerRecord record_from(const Json& json) {
  ContainerRecord record;
  record.id = json::required_string(json, "id");
  record.name = json::required_string(json, "name");
  record.project = json::required_string(json, "project");
  record.service = json::required_string(json, "service");
  record.number = static_cast<int>(json::required_int(json, "number"));
  record.one_off = json::bool_at(json, "one_off").value_or(false);
  record.image_id = json::required_string(json, "image_id");
  record.created = json::required_string(json, "created");
  record.labels = json.at("labels").get<std::map<std::string, std::string>>();
  record.anonymous_volumes = json.at("anonymous_volumes").get<std::map<std::string, std::string>>();
  if (json.contains("image_volumes"))
    record.image_volumes = json.at("image_volumes").get<std::map<std::string, std::string>>();
  if (json.contains("joins"))
    record.joins = json.at("joins").get<std::map<std::string, std::string>>();
  if (json.contains("kept_files"))
    record.kept_files = json.at("kept_files").get<std::map<std::string, std::string>>();
  record.model = json::dump(json.at("model"));
  return record;
}

ContainerStatus status_from(const Json& json) {
  ContainerStatus status;
  status.state = state_from(json::required_string(json, "state"));
  status.exit_code = static_cast<int>(json::required_int(json, "exit_code"));
  status.oom_killed = json::bool_at(json, "oom_killed").value_or(false);
  status.stopped_by_hand = json::bool_at(json, "stopped_by_hand").value_or(false);
  status.restart_count = static_cast<int>(json::int_at(json, "restart_count").value_or(0));
  status.started_at = json::string_at(json, "started_at").value_or("");
  status.finished_at = json::string_at(json, "finished_at").value_or("");
  return status;
}

InstancePtr load_instance(asio::io_context& io, const std::string& directory) {
  std::string record_file = cat(directory, "/container.json");
  Json record = parse_json(fs::read_all(record_file), record_file);
  auto instance = std::make_shared<Instance>(io, record_from(record));
  std::string status_file = cat(directory, "/state.json");
  if (auto text = fs::read_if_exists(status_file))
    instance->status = status_from(parse_json(*text, status_file));
  instance->restarts =
      scheduler::RestartTracker(instance->service().restart, instance->status.restart_count);
  return instance;
}

}  // namespace

Instance::Instance(asio::io_context& io, ContainerRecord r)
    : record(std::move(r)),
      model(spec::from_canonical_json(record.model)),
      restarts(service().restart),
      changed(io) {}

void save_record(const Paths& paths, const ContainerRecord& record) {
  Json json{{"id", record.id},
            {"name", record.name},
            {"project", record.project},
            {"service", record.service},
            {"number", record.number},
            {"one_off", record.one_off},
            {"image_id", record.image_id},
            {"created", record.created},
            {"labels", record.labels},
            {"anonymous_volumes", record.anonymous_volumes},
            {"image_volumes", record.image_volumes},
            {"joins", record.joins},
            {"kept_files", record.kept_files},
            {"model", parse_json(record.model, "the service's model")}};
  fs::write_atomic(cat(paths.container(record.id), "/container.json"), json::dump(json), 0600,
                   fs::Durability::relaxed);
}

void save_status(const Paths& paths, const Instance& instance) {
  const ContainerStatus& status = instance.status;
  Json json{{"state", to_text(status.state)},        {"exit_code", status.exit_code},
            {"oom_killed", status.oom_killed},       {"stopped_by_hand", status.stopped_by_hand},
            {"restart_count", status.restart_count}, {"started_at", status.started_at},
            {"finished_at", status.finished_at}};
  fs::write_atomic(cat(paths.container(instance.record.id), "/state.json"), json::dump(json), 0600,
                   fs::Durability::relaxed);
}

std::vector<InstancePtr> load_instances(asio::io_context& io, const Paths& paths,
                                        std::vector<std::string>& problems) {
  std::vector<InstancePtr> instances;
  for (const std::string& id : fs::list_dir(cat(paths.root, "/containers"))) {
    if (id.find('.') != std::string::npos) continue;  // set aside, or being made or removed
    try {
      instances.push_back(load_instance(io, paths.container(id)));
    } catch (const std::exception& error) {
      problems.push_back(cat("container ", id, " is set aside: ", error.what()));
      sys::rename(paths.container(id), cat(paths.container(id), ".unreadable"));
    }
  }
  return instances;
}

const char* to_text(ContainerState state) {
  switch (state) {
    case ContainerState::created:
      return "created";
    case ContainerState::running:
      return "running";
    case ContainerState::restarting:
      return "restarting";
    case ContainerState::paused:
      return "paused";
    case ContainerState::exited:
      return "exited";
    case ContainerState::dead:
      return "dead";
  }
  return "";
}

const char* to_text(HealthState state) {
  switch (state) {
    case HealthState::none:
      return "";
    case HealthState::starting:
      return "starting";
    case HealthState::healthy:
      return "healthy";
    case HealthState::unhealthy:
      return "unhealthy";
  }
  return "";
}

}  // namespace estiba::orchestrator
