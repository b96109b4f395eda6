// The rules of single values and resources, whoever uses them: addresses, names that only one may
// have, and attributes that exclude each other.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/error.hpp"
#include "compose-spec/consistency.hpp"

namespace estiba::spec {
namespace {

const Mapping* section_of(const Node& model, std::string_view key) {
  const Node* found = model.find(key);
  return found ? found->mapping() : nullptr;
}

void check_container_names(const Node& model, Report& report) {
  const Mapping* services = section_of(model, "services");
  if (!services) return;
  std::map<std::string, std::string> owners;
  for (const Entry& entry : *services) {
    std::string name = text_of(entry.value, "container_name");
    if (name.empty()) continue;
    auto [found, fresh] = owners.emplace(name, entry.key);
    if (!fresh)
      report.error(entry.value.find("container_name")->span, Path(Path("services"), entry.key),
                   cat("the container name \"", name, "\" is already that of service \"",
                       found->second, "\""),
                   "a container needs a name of its own");
  }
}

// Nothing can be asked of a volume that is made elsewhere.
void check_external_volumes(const Node& model, Report& report) {
  const Mapping* volumes = section_of(model, "volumes");
  if (!volumes) return;
  for (const Entry& volume : *volumes) {
    if (text_of(volume.value, "external") != "true") continue;
    for (const Entry& member : *volume.value.mapping())
      if (member.key != "external" && member.key != "name" && !member.key.starts_with("x-"))
        report.error(member.key_span, Path(Path("volumes"), volume.key),
                     cat("external and ", member.key, " exclude each other"), "remove one of them");
  }
}

void check_file_objects(const Node& model, std::string_view key,
                        std::initializer_list<std::string_view> sources, Report& report) {
  const Mapping* section = section_of(model, key);
  if (!section) return;
  Path section_path(key);
  for (const Entry& entry : *section) {
    Path path(section_path, entry.key);
    std::string names;
    int written = 0;
    for (std::string_view source : sources) {
      written += entry.value.find(source) ? 1 : 0;
      names += cat(names.empty() ? "" : ", ", source);
    }
    // A driver may have its own way to the content.
    bool elsewhere = entry.value.find("external") || entry.value.find("driver");
    if (written > 1)
      report.error(entry.value.span, path, cat(names, " exclude each other"), "keep one of them");
    if (written == 0 && !elsewhere)
      report.error(entry.value.span, path, cat("one of ", names, " or external: true is needed"));
  }
}

// Whatever a driver would do: what takes part needs a source that we know.
void check_sources(const Node& model, std::string_view key,
                   std::initializer_list<std::string_view> sources, Report& report) {
  const Mapping* section = section_of(model, key);
  if (!section || report.failed()) return;
  Path path(key);
  for (const Entry& entry : *section) {
    if (text_of(entry.value, "external") == "true") continue;
    bool named = std::any_of(sources.begin(), sources.end(), [&](std::string_view source) {
      return entry.value.find(source) != nullptr;
    });
    if (!named)
      report.error(entry.value.span, Path(path, entry.key), "there is no source for its content",
                   "write file: or environment:");
  }
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> binary{};
  return ::inet_pton(AF_INET, text.c_str(), binary.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), binary.data()) == 1;
}

void check_ports(const Node* ports, const Path& path, Report& report) {
  if (!ports || !ports->is_sequence()) return;
  Path section(path, "ports");
  for (size_t i = 0; i < ports->sequence()->size(); ++i) {
    const Node& port = (*ports->sequence())[i];
    std::string ip = text_of(port, "host_ip");
    if (!ip.empty() && !is_address(ip))
      report.error(port.find("host_ip")->span, Path(section, i),
                   cat("\"", ip, "\" is not an IP address"));
  }
}

void check_devices(const Node* requests, const Path& path, Report& report) {
  if (!requests || !requests->is_sequence()) return;
  for (const Node& request : *requests->sequence())
    if (request.find("count") && request.find("device_ids"))
      report.error(request.span, path, "count and device_ids of a device exclude each other");
}

void check_watched_paths(const Node* watches, const Path& path, Report& report) {
  if (!watches || !watches->is_sequence()) return;
  for (const Node& watch : *watches->sequence())
    if (const Node* written = watch.find("path"); written && scalar_text(*written).empty())
      report.error(written->span, Path(Path(path, "develop"), "watch"), "the path is empty");
}

const Node* below(const Node& service, std::initializer_list<std::string_view> keys) {
  const Node* found = &service;
  for (std::string_view key : keys) found = found ? found->find(key) : nullptr;
  return found;
}

}  // namespace

void check_values(const Node& model, Report& report) {
  bool sound = !report.failed();
  if (const Mapping* services = section_of(model, "services")) {
    for (const Entry& entry : *services) {
      Path section("services");
      Path path(section, entry.key);
      const Node& service = entry.value;
      check_ports(service.find("ports"), path, report);
      check_devices(below(service, {"deploy", "resources", "reservations", "devices"}), path,
                    report);
      check_devices(service.find("gpus"), path, report);
      check_watched_paths(below(service, {"develop", "watch"}), path, report);
    }
  }
  if (!sound) return;
  check_external_volumes(model, report);
  check_file_objects(model, "configs", {"file", "environment", "content"}, report);
  check_file_objects(model, "secrets", {"file", "environment"}, report);
}

void check_resources(const Node& model, Report& report) {
  check_container_names(model, report);
  check_sources(model, "configs", {"file", "environment", "content"}, report);
  check_sources(model, "secrets", {"file", "environment"}, report);
}

}  // namespace estiba::spec
