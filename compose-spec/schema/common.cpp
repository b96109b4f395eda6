// The types that several parts of the schema share.
#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "base/error.hpp"
#include "compose-spec/schema/schema.hpp"

namespace estiba::spec {

bool is_resource_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : cat(path, ".", key);
}

namespace {

// The attributes of a service by a hash of their names: every phase looks for every key.
class ServiceIndex {
 public:
  ServiceIndex() {
    for (const Attribute& attribute : types::service.attributes) {
      const Attribute*& first = first_[bucket(attribute.name)];
      next_[&attribute - types::service.attributes.data()] = first;
      first = &attribute;
    }
  }

  const Attribute* find(std::string_view name) const {
    const Attribute* at = first_[bucket(name)];
    while (at && at->name != name) at = next_[at - types::service.attributes.data()];
    return at;
  }

 private:
  static size_t bucket(std::string_view name) {
    auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(name[i])); };
    return (name.size() * 7 + byte(0) * 31 + byte(name.size() / 2) * 5 + byte(name.size() - 1)) %
           256;
  }
  std::array<const Attribute*, 256> first_{};
  std::array<const Attribute*, 128> next_{};
};

unsigned concerns_of(const Type& type, std::map<const Type*, unsigned>& known) {
  if (auto found = known.find(&type); found != known.end()) return found->second;
  unsigned& all = known[&type];
  all = (type.path != PathKind::none ? path_concern : 0u) |
        (type.identity != Identity::none ? identity_concern : 0u);
  for (const Attribute& attribute : type.attributes)
    all |= concerns_of(*attribute.type, known) | (attribute.required ? required_concern : 0u);
  for (const Type* child : {type.values, type.items})
    if (child) all |= concerns_of(*child, known);
  return all;
}

}  // namespace

const Attribute* find_attribute(const Type& type, std::string_view name) {
  if (name.empty()) return nullptr;
  static const ServiceIndex services;
  if (&type == &types::service) return services.find(name);
  // Size and first letter settle nearly all comparisons.
  for (const Attribute& attribute : type.attributes)
    if (attribute.name.size() == name.size() && attribute.name[0] == name[0] &&
        attribute.name == name)
      return &attribute;
  return nullptr;
}

const Type* type_of_member(const Type& type, std::string_view key) {
  if (type.values) return type.values;
  const Attribute* attribute = find_attribute(type, key);
  return attribute ? attribute->type : nullptr;
}

bool concerns(const Type& type, Concern concern) {
  static const auto all = [] {
    std::map<const Type*, unsigned> known;
    concerns_of(compose_file_type(), known);
    return std::unordered_map<const Type*, unsigned>(known.begin(), known.end());
  }();
  auto found = all.find(&type);
  return found != all.end() && (found->second & concern);
}

namespace types {

const Type text{.noun = "a string", .forms = string_form, .cast = Cast::text};
const Type path{
    .noun = "a path", .forms = string_form, .cast = Cast::text, .path = PathKind::plain};
const Type boolean{
    .noun = "true or false", .forms = boolean_form | string_form, .cast = Cast::boolean};
const Type strict_boolean{.noun = "true or false", .forms = boolean_form, .cast = Cast::boolean};
const Type integer{
    .noun = "a whole number", .forms = integer_form | string_form, .cast = Cast::integer};
const Type lenient_integer{
    .noun = "a whole number", .forms = number_form | string_form, .cast = Cast::integer};
const Type count{.noun = "a whole number from 0 on",
                 .forms = number_form | string_form,
                 .cast = Cast::integer,
                 .least = 0};
const Type real{.noun = "a number", .forms = number_form | string_form, .cast = Cast::real};
const Type bytes{
    .noun = "a size such as 512m", .forms = number_form | string_form, .cast = Cast::bytes};
const Type duration{
    .noun = "a duration such as 1m30s", .forms = string_form, .cast = Cast::duration};
const Type file_mode{.noun = "a file mode such as 0440",
                     .forms = number_form | string_form,
                     .cast = Cast::file_mode};
const Type anything{.noun = "anything", .forms = 255};

const Type text_items{.noun = "a list of strings",
                      .forms = sequence_form,
                      .identity = Identity::none,
                      .items = &text};
const Type unique_texts{.noun = "a list of strings",
                        .forms = sequence_form,
                        .identity = Identity::text,
                        .items = &text};
const Type text_list{.noun = "a string or a list of strings",
                     .forms = string_form | sequence_form,
                     .shape = Shape::text_list,
                     .identity = Identity::text,
                     .items = &text};
const Type words{.noun = "a string or a list of strings",
                 .forms = null_form | string_form | sequence_form,
                 .shape = Shape::words,
                 .merge = Merge::replace,
                 .items = &text};

namespace {
constexpr unsigned any_scalar = null_form | boolean_form | number_form | string_form;
const Type pair_value{
    .noun = "a string, a number or a boolean", .forms = any_scalar, .cast = Cast::text};
const Type variable_value{
    .noun = "a string, a number or a boolean", .forms = any_scalar, .cast = Cast::nullable};
const Type option_value{
    .noun = "a string or a number", .forms = number_form | string_form, .cast = Cast::text};
}  // namespace

const Type key_values{.noun = "a mapping or a list of KEY=VALUE",
                      .forms = sequence_form | mapping_form,
                      .shape = Shape::key_values,
                      .values = &pair_value,
                      .items = &text};
const Type environment{.noun = "a mapping or a list of KEY=VALUE",
                       .forms = sequence_form | mapping_form,
                       .shape = Shape::key_values,
                       .values = &variable_value,
                       .items = &text};
const Type driver_options{.noun = "a mapping", .forms = mapping_form, .values = &option_value};

namespace {
const Type host_addresses{.noun = "an address or a list of addresses",
                          .forms = string_form | sequence_form,
                          .shape = Shape::text_list,
                          .items = &text};
const Type limit{
    .noun = "a whole number", .forms = integer_form | string_form, .cast = Cast::integer};
const std::array<Attribute, 2> ulimit_attributes{{
    {"soft", &limit, Shown::unless_empty, true},
    {"hard", &limit, Shown::unless_empty, true},
}};
const Type ulimit{.noun = "a number, or a mapping with soft and hard",
                  .forms = integer_form | string_form | mapping_form,
                  .cast = Cast::integer,
                  .shape = Shape::ulimit,
                  .merge = Merge::replace,
                  .attributes = ulimit_attributes,
                  .silent = true};
}  // namespace

const Type hosts{.noun = "a mapping or a list of HOST=ADDRESS",
                 .forms = sequence_form | mapping_form,
                 .shape = Shape::hosts,
                 .unique = true,
                 .values = &host_addresses,
                 .items = &text};
const Type ulimits{.noun = "a mapping", .forms = mapping_form, .values = &ulimit};

namespace {
const std::array<Attribute, 5> hook_attributes{{
    {"command", &words, Shown::null_in_json, true},
    {"user", &text},
    {"privileged", &boolean},
    {"working_dir", &text},
    {"environment", &environment},
}};
}  // namespace

const Type hook{.noun = "a mapping", .forms = mapping_form, .attributes = hook_attributes};
const Type hooks{.noun = "a list of hooks", .forms = sequence_form, .items = &hook};

namespace {
const std::array<Attribute, 5> file_reference_attributes{{
    {"source", &text},
    {"target", &text},
    {"uid", &text},
    {"gid", &text},
    {"mode", &file_mode, Shown::always},
}};
const Type file_reference{.noun = "a name or a mapping",
                          .forms = string_form | mapping_form,
                          .shape = Shape::file_reference,
                          .attributes = file_reference_attributes};
const Type secret_used{.noun = "a name or a mapping",
                       .forms = string_form | mapping_form,
                       .shape = Shape::service_secret,
                       .attributes = file_reference_attributes};
}  // namespace

const Type file_references{.noun = "a list of names or mappings",
                           .forms = sequence_form,
                           .identity = Identity::config_target,
                           .items = &file_reference};
const Type build_secrets{
    .noun = "a list of names or mappings", .forms = sequence_form, .items = &file_reference};
const Type secrets_used{.noun = "a list of names or mappings",
                        .forms = sequence_form,
                        .identity = Identity::secret_target,
                        .items = &secret_used};

namespace {
const Type device_count{
    .noun = "a number or \"all\"", .forms = integer_form | string_form, .cast = Cast::device_count};
const Type capability_list{
    .noun = "a list of strings", .forms = sequence_form, .unique = true, .items = &text};
constexpr std::array<Attribute, 5> device_request_attributes(bool names_capabilities) {
  return {{
      {"capabilities", &capability_list, Shown::unless_empty, names_capabilities},
      {"driver", &text},
      {"count", &device_count},
      {"device_ids", &capability_list},
      {"options", &key_values},
  }};
}
const std::array<Attribute, 5> reservation_attributes = device_request_attributes(true);
const std::array<Attribute, 5> gpu_attributes = device_request_attributes(false);
const Type device_request{.noun = "a mapping",
                          .forms = mapping_form,
                          .attributes = reservation_attributes,
                          .silent = true};
const Type gpu_request{
    .noun = "a mapping", .forms = mapping_form, .attributes = gpu_attributes, .silent = true};
constexpr std::array<std::string_view, 1> gpu_words{"all"};
}  // namespace

const Type device_requests{
    .noun = "a list of device requests", .forms = sequence_form, .items = &device_request};
const Type gpus{.noun = "\"all\" or a list of device requests",
                .forms = string_form | sequence_form,
                .shape = Shape::gpus,
                .items = &gpu_request,
                .choices = gpu_words};

}  // namespace types
}  // namespace estiba::spec
