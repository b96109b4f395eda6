#include "imgmgr/config_json.hpp"

#include <climits>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "imgmgr/config_bounds.hpp"
#include "imgmgr/foreign_text.hpp"

namespace estiba::img {
namespace {

void put(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

void put(Json& object, const char* key, const std::vector<std::string>& values) {
  if (!values.empty()) object[key] = values;
}

// Sets are written as objects with empty values, a habit of the Go types that began this format.
void put_set(Json& object, const char* key, const std::vector<std::string>& values) {
  for (const auto& value : values) object[key][value] = Json::object();
}

void put_duration(Json& object, const char* key, std::chrono::nanoseconds value) {
  if (value.count() != 0) object[key] = value.count();
}

Json to_json_value(const ImageHealthcheck& check) {
  Json out = Json::object();
  put(out, "Test", check.test);
  put_duration(out, "Interval", check.interval);
  put_duration(out, "Timeout", check.timeout);
  put_duration(out, "StartPeriod", check.start_period);
  put_duration(out, "StartInterval", check.start_interval);
  if (check.retries != 0) out["Retries"] = check.retries;
  return out;
}

ImageHealthcheck parse_healthcheck(const Json& object) {
  auto count = [&](const char* key, int64_t limit) {
    int64_t value = json::int_at(object, key).value_or(0);
    if (value < 0 || value > limit)
      throw Error(cat("\"", key, "\" of its health check is no count"));
    return value;
  };
  auto duration = [&](const char* key) { return std::chrono::nanoseconds{count(key, INT64_MAX)}; };
  ImageHealthcheck out;
  out.test = json::strings_at(object, "Test");
  out.interval = duration("Interval");
  out.timeout = duration("Timeout");
  out.start_period = duration("StartPeriod");
  out.start_interval = duration("StartInterval");
  out.retries = static_cast<int>(count("Retries", INT_MAX));
  return out;
}

Json execution_json(const ImageConfig& config) {
  Json out = Json::object();
  put(out, "User", config.user);
  put_set(out, "ExposedPorts", config.exposed_ports);
  put(out, "Env", config.env);
  put(out, "Entrypoint", config.entrypoint);
  put(out, "Cmd", config.cmd);
  if (config.healthcheck) out["Healthcheck"] = to_json_value(*config.healthcheck);
  put_set(out, "Volumes", config.volumes);
  put(out, "WorkingDir", config.working_dir);
  put(out, "OnBuild", config.onbuild);
  if (!config.labels.empty()) out["Labels"] = config.labels;
  put(out, "StopSignal", config.stop_signal);
  put(out, "Shell", config.shell);
  return out;
}

std::string label_of(const Json& labels, const std::string& name) {
  const Json& value = labels[name];
  if (!value.is_string()) throw Error(cat("its label ", one_line(name), " is no text"));
  return value.get<std::string>();
}

void parse_execution(const Json& object, ImageConfig& config) {
  config.user = json::string_at(object, "User").value_or("");
  config.exposed_ports = json::names_at(object, "ExposedPorts");
  config.env = json::strings_at(object, "Env");
  config.entrypoint = json::strings_at(object, "Entrypoint");
  config.cmd = json::strings_at(object, "Cmd");
  if (const Json* check = json::object_at(object, "Healthcheck"))
    config.healthcheck = parse_healthcheck(*check);
  config.volumes = json::names_at(object, "Volumes");
  config.working_dir = json::string_at(object, "WorkingDir").value_or("");
  config.onbuild = json::strings_at(object, "OnBuild");
  for (const auto& name : json::names_at(object, "Labels"))
    config.labels[name] = label_of(object["Labels"], name);
  config.stop_signal = json::string_at(object, "StopSignal").value_or("");
  config.shell = json::strings_at(object, "Shell");
}

Json history_json(const HistoryEntry& entry) {
  Json out = Json::object();
  put(out, "created", entry.created);
  put(out, "created_by", entry.created_by);
  put(out, "comment", entry.comment);
  if (entry.empty_layer) out["empty_layer"] = true;
  return out;
}

HistoryEntry parse_history(const Json& object) {
  return {json::string_at(object, "created").value_or(""),
          json::string_at(object, "created_by").value_or(""),
          json::string_at(object, "comment").value_or(""),
          json::bool_at(object, "empty_layer").value_or(false)};
}

ConfigFile parse_document(const Json& document) {
  ConfigFile out;
  ImageConfig& config = out.config;
  config.architecture = json::string_at(document, "architecture").value_or("");
  config.os = json::string_at(document, "os").value_or("");
  config.variant = json::string_at(document, "variant").value_or("");
  config.created = json::string_at(document, "created").value_or("");
  config.author = json::string_at(document, "author").value_or("");
  if (const Json* part = json::object_at(document, "config")) parse_execution(*part, config);
  for (const Json* entry : json::objects_at(document, "history"))
    out.history.push_back(parse_history(*entry));
  for (const auto& diff_id :
       json::strings_at(json::required_object(document, "rootfs"), "diff_ids"))
    out.diff_ids.push_back(Digest::required(diff_id));
  check_bounds(out);
  return out;
}

}  // namespace

std::string to_json(const ConfigFile& file) {
  const ImageConfig& config = file.config;
  Json out = Json::object();
  put(out, "created", config.created);
  put(out, "author", config.author);
  out["architecture"] = config.architecture;
  put(out, "variant", config.variant);
  out["os"] = config.os;
  out["config"] = execution_json(config);
  Json diff_ids = Json::array();
  for (const auto& diff_id : file.diff_ids) diff_ids.push_back(diff_id.text());
  out["rootfs"] = Json{{"type", "layers"}, {"diff_ids", diff_ids}};
  for (const auto& entry : file.history) out["history"].push_back(history_json(entry));
  return to_text(out);
}

ConfigFile parse_config(std::string_view text, std::string_view what) {
  Json document = parse_json(text, what);
  if (!document.is_object()) throw Error(cat(what, " is not a JSON object"));
  return with_context([&] { return parse_document(document); }, "reading ", what);
}

}  // namespace estiba::img
