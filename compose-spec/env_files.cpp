#include "compose-spec/env_files.hpp"

namespace estiba::spec {
namespace {

EnvFile env_file(const Node& item) {
  const Node* required = item.find("required");
  bool optional = required && required->boolean() && !*required->boolean();
  return {text_of(item, "path"), !optional, text_of(item, "format") == "raw"};
}

Node& mapping_member(Node& service, std::string_view key) {
  Node& member = service.at_or_add(key);
  if (member.is_null()) member.value = Mapping();
  return member;
}

void add_missing(Node& mapping, const Environment& values, Span span) {
  KeyIndex known(*mapping.mapping());
  for (const auto& [name, value] : values)
    if (!known.find(name)) known.add({name, span, Node{value, span}});
}

// A variable in a file may use the service's own variables, then those of files before it, then
// the project's.
void add_environment(Session& session, Node& service, const Path& path,
                     const Environment& project) {
  const Node* list = service.find("env_file");
  if (!list || !list->is_sequence() || list->sequence()->empty()) return;
  Environment known = project;
  if (const Node* own = service.find("environment"); own && own->is_mapping())
    for (const Entry& entry : *own->mapping())
      if (!entry.value.is_null()) known[entry.key] = scalar_text(entry.value);
  Environment found;
  for (size_t i = 0; i < list->sequence()->size(); ++i) {
    const Node& item = (*list->sequence())[i];
    Path section(path, "env_file");
    for (auto& [name, value] :
         read_env_file(session, env_file(item), item.span, Path(section, i), known)) {
      known.emplace(name, value);
      found[name] = value;
    }
  }
  // Before a new member moves the list.
  Span span = list->span;
  add_missing(mapping_member(service, "environment"), found, span);
}

void add_labels(Session& session, Node& service, const Path& path, const Environment& project) {
  const Node* list = service.find("label_file");
  if (!list || !list->is_sequence()) return;
  Environment known = project;
  Environment found;
  for (const Node& item : *list->sequence())
    for (auto& [name, value] : read_env_file(session, {scalar_text(item), true, false}, item.span,
                                             Path(path, "label_file"), known)) {
      known.emplace(name, value);
      found[name] = value;
    }
  Span span = list->span;
  add_missing(mapping_member(service, "labels"), found, span);
}

}  // namespace

void resolve_service_files(Session& session, Node& model, const Environment& environment) {
  Node* services = model.find("services");
  if (!services || !services->is_mapping()) return;
  Path all("services");
  for (Entry& entry : *services->mapping()) {
    Path path(all, entry.key);
    add_environment(session, entry.value, path, environment);
    add_labels(session, entry.value, path, environment);
    entry.value.erase("env_file");
    entry.value.erase("label_file");
  }
}

}  // namespace estiba::spec
