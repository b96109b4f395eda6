// The rules of single resources, whoever uses them: names that only one may have, and attributes
// that exclude each other.
#include <map>

#include "base/error.hpp"
#include "compose-spec/consistency.hpp"

namespace estiba::spec {
namespace {

std::string text_of(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found ? scalar_text(*found) : std::string();
}

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
    bool external = text_of(entry.value, "external") == "true";
    if (written > 1)
      report.error(entry.value.span, path, cat(names, " exclude each other"), "keep one of them");
    if (written == 0 && !external)
      report.error(entry.value.span, path, cat("one of ", names, " or external: true is needed"));
  }
}

}  // namespace

void check_resources(const Node& model, Report& report) {
  check_container_names(model, report);
  check_external_volumes(model, report);
  check_file_objects(model, "configs", {"file", "environment", "content"}, report);
  check_file_objects(model, "secrets", {"file", "environment"}, report);
}

}  // namespace estiba::spec
