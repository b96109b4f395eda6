// The schema of services.*.deploy.
#include <array>

#include "compose-spec/schema/schema.hpp"

namespace estiba::spec::types {
namespace {

const Type whole_count{.noun = "a whole number from 0 on",
                       .forms = integer_form | string_form,
                       .cast = Cast::integer,
                       .least = 0};
const Type memory{.noun = "a size such as 512m", .forms = string_form, .cast = Cast::bytes};

constexpr std::array<std::string_view, 2> update_orders{"start-first", "stop-first"};
const Type update_order{
    .noun = "a string", .forms = string_form, .cast = Cast::text, .choices = update_orders};
const std::array<Attribute, 6> update_attributes{{
    {"parallelism", &whole_count, Shown::always},
    {"delay", &duration},
    {"failure_action", &text},
    {"monitor", &duration},
    {"max_failure_ratio", &real},
    {"order", &update_order},
}};
const Type update{.noun = "a mapping", .forms = mapping_form, .attributes = update_attributes};

const std::array<Attribute, 2> discrete_attributes{{
    {"kind", &text, Shown::always},
    {"value", &lenient_integer, Shown::always},
}};
const Type discrete{.noun = "a mapping", .forms = mapping_form, .attributes = discrete_attributes};
const std::array<Attribute, 1> generic_attributes{{{"discrete_resource_spec", &discrete}}};
const Type generic_resource{
    .noun = "a mapping", .forms = mapping_form, .attributes = generic_attributes};
const Type generic_resources{
    .noun = "a list of mappings", .forms = sequence_form, .items = &generic_resource};

const std::array<Attribute, 3> limit_attributes{{
    {"cpus", &real},
    {"memory", &memory},
    {"pids", &integer},
}};
const Type limits{.noun = "a mapping", .forms = mapping_form, .attributes = limit_attributes};
const std::array<Attribute, 4> reservation_attributes{{
    {"cpus", &real},
    {"memory", &memory},
    {"devices", &device_requests},
    {"generic_resources", &generic_resources},
}};
const Type reservations{
    .noun = "a mapping", .forms = mapping_form, .attributes = reservation_attributes};
const std::array<Attribute, 2> resource_attributes{{
    {"limits", &limits},
    {"reservations", &reservations},
}};
const Type resources{.noun = "a mapping", .forms = mapping_form, .attributes = resource_attributes};

const std::array<Attribute, 4> restart_attributes{{
    {"condition", &text},
    {"delay", &duration, Shown::always},
    {"max_attempts", &whole_count, Shown::always},
    {"window", &duration, Shown::always},
}};
const Type restart_policy{
    .noun = "a mapping", .forms = mapping_form, .attributes = restart_attributes};

const std::array<Attribute, 1> preference_attributes{{{"spread", &text}}};
const Type preference{
    .noun = "a mapping", .forms = mapping_form, .attributes = preference_attributes};
const Type preferences{.noun = "a list of mappings", .forms = sequence_form, .items = &preference};
const std::array<Attribute, 3> placement_attributes{{
    {"constraints", &text_items},
    {"preferences", &preferences},
    {"max_replicas_per_node", &whole_count},
}};
const Type placement{
    .noun = "a mapping", .forms = mapping_form, .attributes = placement_attributes};

const std::array<Attribute, 9> deploy_attributes{{
    {"mode", &text},
    {"replicas", &integer, Shown::always},
    {"labels", &key_values},
    {"update_config", &update},
    {"rollback_config", &update},
    {"resources", &resources, Shown::filled_in_json},
    {"restart_policy", &restart_policy},
    {"placement", &placement, Shown::filled_in_json},
    {"endpoint_mode", &text},
}};

}  // namespace

const Type deploy{
    .noun = "a mapping", .forms = null_form | mapping_form, .attributes = deploy_attributes};

}  // namespace estiba::spec::types
