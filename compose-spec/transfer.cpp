#include "compose-spec/transfer.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/visible.hpp"
#include "compose-spec/bind/bind.hpp"
#include "compose-spec/canonical/canonical.hpp"
#include "compose-spec/dump.hpp"
#include "compose-spec/loader.hpp"

namespace estiba::spec {
namespace {

constexpr const char* own_key = "x-estiba";

Node to_node(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return {json.get<bool>(), {}};
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return {json.get<int64_t>(), {}};
    case Json::value_t::number_float:
      return {json.get<double>(), {}};
    case Json::value_t::string:
      return {json.get<std::string>(), {}};
    case Json::value_t::array: {
      Node node{Sequence(), {}};
      for (const Json& item : json) node.sequence()->push_back(to_node(item));
      return node;
    }
    case Json::value_t::object: {
      Node node{Mapping(), {}};
      for (const auto& [key, value] : json.items())
        node.mapping()->push_back({key, {}, to_node(value)});
      return node;
    }
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return {};
}

Node text_list(const std::vector<std::string>& texts) {
  Node node{Sequence(), {}};
  for (const std::string& text : texts) node.sequence()->push_back(Node{text, {}});
  return node;
}

template <typename Map>
void add_places(Node& places, std::string_view section, const Map& map) {
  for (const auto& [key, value] : map) {
    Node place{Sequence(), {}};
    place.sequence()->push_back(Node{value.place.file, {}});
    place.sequence()->push_back(Node{int64_t{value.place.line}, {}});
    place.sequence()->push_back(Node{int64_t{value.place.column}, {}});
    places.mapping()->push_back({cat(section, ".", key), {}, std::move(place)});
  }
}

Node places_of(const Project& project) {
  Node places{Mapping(), {}};
  add_places(places, "services", project.services);
  add_places(places, "disabled", project.disabled_services);
  add_places(places, "networks", project.networks);
  add_places(places, "volumes", project.volumes);
  add_places(places, "configs", project.configs);
  add_places(places, "secrets", project.secrets);
  return places;
}

template <typename Map>
void take_places(const Node& places, std::string_view section, Map& map) {
  for (auto& [key, value] : map) {
    const Node* found = places.find(cat(section, ".", key));
    if (!found || !found->is_sequence() || found->sequence()->size() != 3) continue;
    const Sequence& parts = *found->sequence();
    if (!parts[1].integer() || !parts[2].integer()) continue;
    value.place = {scalar_text(parts[0]), static_cast<int>(*parts[1].integer()),
                   static_cast<int>(*parts[2].integer())};
  }
}

void take_own(const Node& own, Project& project) {
  project.working_dir = bind::text(own, "working_dir");
  project.config_files = bind::texts(own, "config_files");
  project.env_files = bind::texts(own, "env_files");
  const Node* places = own.find("places");
  if (!places) return;
  take_places(*places, "services", project.services);
  take_places(*places, "disabled", project.disabled_services);
  take_places(*places, "networks", project.networks);
  take_places(*places, "volumes", project.volumes);
  take_places(*places, "configs", project.configs);
  take_places(*places, "secrets", project.secrets);
}

// A model need not come from `load`: whoever may talk to the server can send any, and what makes it
// canonical and binds it relies on the schema.
void make_canonical(Node& node, const Type& type) {
  Sources sources;
  Report report(sources);
  SchemaOptions options;
  options.newer = true;
  validate(node, type, Path(), options, report);
  if (!report.failed()) canonicalise(node, type, Path(), options, report);
  if (!report.failed()) return;
  // It may quote a key, which a client has made up.
  throw Error(cat("canonical model: ", visible(report.take()[0].message, LineEnds::escaped)));
}

}  // namespace

std::string to_transfer_json(const Node& model, const Mapping& disabled, const Project& project) {
  Node own{Mapping(), {}};
  own.set("working_dir", project.working_dir);
  own.set("config_files", text_list(project.config_files).value);
  own.set("env_files", text_list(project.env_files).value);
  own.set("places", places_of(project).value);
  std::string text = to_json(model, compose_file_type(), JsonStyle::complete);
  std::string services =
      to_json(Node{disabled, {}}, *find_attribute(compose_file_type(), "services")->type,
              JsonStyle::complete);
  text.pop_back();
  text += cat(",\n\"", own_key, "\": ", to_json(own, types::anything, JsonStyle::complete),
              ",\n\"x-estiba-disabled\": ", services, "\n}");
  return escape_dollars(std::move(text));
}

std::string variables_to_json(const std::map<std::string, Variable>& variables) {
  // Members and indentation as Docker Compose has them.
  constexpr int indentation = 4;
  auto all = nlohmann::ordered_json::object();
  for (const auto& [name, variable] : variables)
    all[name] = {{"Name", name},
                 {"DefaultValue", variable.default_value},
                 {"PresenceValue", variable.presence_value},
                 {"Required", variable.required}};
  return all.dump(indentation, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Project from_canonical_json(const std::string& canonical_json) {
  Node model = to_node(parse_json(canonical_json, "canonical model"));
  if (!model.is_mapping()) throw Error("canonical model: not an object");
  unescape_dollars(model);
  Node own, disabled;
  if (Node* found = model.find(own_key)) own = std::move(*found);
  if (Node* found = model.find("x-estiba-disabled")) disabled = std::move(*found);
  model.erase(own_key);
  model.erase("x-estiba-disabled");
  make_canonical(model, compose_file_type());
  Sources sources;
  Project project = bind_project(model, sources);
  if (disabled.is_mapping()) {
    make_canonical(disabled, *find_attribute(compose_file_type(), "services")->type);
    project.disabled_services = bind_services(*disabled.mapping(), sources);
  }
  take_own(own, project);
  return project;
}

}  // namespace estiba::spec
