#include "orchestrator/cli/container_info.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::orchestrator {
namespace {

std::string text_at(const Json& object, const char* key) {
  return json::string_at(object, key).value_or("");
}

int number_at(const Json& object, const char* key) {
  return static_cast<int>(json::int_at(object, key).value_or(0));
}

const Json& list_at(const Json& object, const char* key) {
  static const Json none = Json::array();
  auto found = object.find(key);
  return found == object.end() || !found->is_array() ? none : *found;
}

void add_published(std::vector<PublishedPort>& ports, const Json& entry) {
  PublishedPort port{text_at(entry, "host_ip"), number_at(entry, "host_port"),
                     number_at(entry, "container_port"),
                     json::string_at(entry, "protocol").value_or("tcp")};
  if (port.host_port != 0 && port.host_ip.empty()) {
    // Published on every address: both families, as Docker shows it.
    port.host_ip = "0.0.0.0";
    ports.push_back(port);
    port.host_ip = "::";
  }
  ports.push_back(port);
}

/// "80/tcp" of `exposed`, unless that port is published.
void add_exposed(std::vector<PublishedPort>& ports, const std::string& written) {
  std::vector<std::string> parts = text::split(written, '/');
  auto number = text::to_int(parts[0]);
  if (!number) return;
  PublishedPort port{"", 0, static_cast<int>(*number), parts.size() > 1 ? parts[1] : "tcp"};
  bool known = std::any_of(ports.begin(), ports.end(), [&](const PublishedPort& each) {
    return each.container_port == port.container_port && each.protocol == port.protocol;
  });
  if (!known) ports.push_back(port);
}

std::vector<PublishedPort> ports_of(const Json& object) {
  std::vector<PublishedPort> ports;
  for (const Json& entry : list_at(object, "ports")) add_published(ports, entry);
  for (const std::string& written : json::strings_at(object, "exposed"))
    add_exposed(ports, written);
  std::stable_sort(ports.begin(), ports.end(), [](const PublishedPort& a, const PublishedPort& b) {
    return std::tie(a.container_port, a.protocol, a.host_ip, a.host_port) <
           std::tie(b.container_port, b.protocol, b.host_ip, b.host_port);
  });
  return ports;
}

}  // namespace

ContainerInfo container_from_json(const Json& object) {
  ContainerInfo out;
  out.id = json::required_string(object, "id");
  out.name = text_at(object, "name");
  out.project = text_at(object, "project");
  out.service = text_at(object, "service");
  out.number = number_at(object, "number");
  out.one_off = json::bool_at(object, "one_off").value_or(false);
  out.image = text_at(object, "image");
  out.image_id = text_at(object, "image_id");
  out.mounted_images = json::strings_at(object, "mounted_images");
  out.command = json::strings_at(object, "command");
  out.state = text_at(object, "state");
  out.health = text_at(object, "health");
  out.exit_code = number_at(object, "exit_code");
  out.pid = number_at(object, "pid");
  out.created = text_at(object, "created");
  out.started_at = text_at(object, "started_at");
  out.finished_at = text_at(object, "finished_at");
  if (auto labels = object.find("labels"); labels != object.end())
    for (const auto& [key, value] : labels->items()) out.labels[key] = value.get<std::string>();
  out.ports = ports_of(object);
  for (const Json& entry : list_at(object, "networks"))
    out.networks.push_back(text_at(entry, "name"));
  for (const Json& entry : list_at(object, "mounts"))
    out.mounts.push_back({text_at(entry, "type"), text_at(entry, "name"), text_at(entry, "source"),
                          text_at(entry, "target"),
                          json::bool_at(entry, "read_only").value_or(false),
                          text_at(entry, "subpath")});
  out.tty = json::bool_at(object, "tty").value_or(false);
  out.log_path = text_at(object, "log_path");
  return out;
}

std::vector<ContainerInfo> containers_from_json(const Json& result) {
  std::vector<ContainerInfo> all;
  for (const Json& entry : list_at(result, "containers")) all.push_back(container_from_json(entry));
  std::sort(all.begin(), all.end(),
            [](const ContainerInfo& a, const ContainerInfo& b) { return a.name < b.name; });
  return all;
}

std::string short_name(const ContainerInfo& container) {
  std::string prefix = cat(container.project, "-");
  bool of_project = container.name.starts_with(cat(prefix, container.service, "-"));
  return of_project ? container.name.substr(prefix.size()) : container.name;
}

}  // namespace estiba::orchestrator
