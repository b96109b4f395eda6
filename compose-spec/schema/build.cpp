// The schema of services.*.build, develop and healthcheck.
#include <array>

#include "compose-spec/schema/schema.hpp"

namespace estiba::spec::types {
namespace {

const Type context{.noun = "a path or a URL",
                   .forms = string_form,
                   .cast = Cast::text,
                   .path = PathKind::build_context};
const Type contexts{.noun = "a mapping or a list of NAME=CONTEXT",
                    .forms = sequence_form | mapping_form,
                    .shape = Shape::key_values,
                    .values = &context,
                    .items = &text,
                    .always_long = true};
const Type attestation{.noun = "a string or a boolean",
                       .forms = string_form | boolean_form,
                       .cast = Cast::text,
                       .always_long = true};
const Type ssh_key{.noun = "a path",
                   .forms = null_form | string_form | boolean_form | number_form,
                   .cast = Cast::nullable,
                   .path = PathKind::plain};
const Type ssh{.noun = "a mapping or a list of ID=PATH",
               .forms = sequence_form | mapping_form,
               .shape = Shape::ssh,
               .values = &ssh_key,
               .items = &text};
const Type size{
    .noun = "a size such as 512m", .forms = integer_form | string_form, .cast = Cast::bytes};

const std::array<Attribute, 25> build_attributes{{
    {"context", &context},
    {"dockerfile", &text},
    {"dockerfile_inline", &text},
    {"entitlements", &text_items},
    {"args", &environment},
    {"provenance", &attestation},
    {"sbom", &attestation},
    {"ssh", &ssh},
    {"labels", &key_values},
    {"cache_from", &text_items},
    {"cache_to", &text_items},
    {"no_cache", &boolean},
    {"no_cache_filter", &text_list, Shown::unless_empty, false, true},
    {"additional_contexts", &contexts},
    {"pull", &boolean},
    {"extra_hosts", &hosts},
    {"isolation", &text},
    {"network", &text},
    {"target", &text},
    {"secrets", &build_secrets},
    {"shm_size", &size},
    {"tags", &unique_texts},
    {"ulimits", &ulimits},
    {"platforms", &text_items},
    {"privileged", &boolean},
}};

constexpr std::array<std::string_view, 5> watch_actions{"rebuild", "sync", "restart",
                                                        "sync+restart", "sync+exec"};
const Type watch_action{
    .noun = "a string", .forms = string_form, .cast = Cast::text, .choices = watch_actions};
const Type watch_patterns{.noun = "a string or a list of strings",
                          .forms = string_form | sequence_form,
                          .shape = Shape::text_list,
                          .items = &text,
                          .always_long = true};
const std::array<Attribute, 7> watch_attributes{{
    {"path", &path, Shown::unless_empty, true},
    {"action", &watch_action, Shown::unless_empty, true},
    {"target", &text},
    {"exec", &hook, Shown::filled_in_json},
    {"include", &watch_patterns},
    {"ignore", &watch_patterns},
    {"initial_sync", &strict_boolean},
}};
const Type watch{.noun = "a mapping", .forms = mapping_form, .attributes = watch_attributes};
const Type watches{.noun = "a list of mappings", .forms = sequence_form, .items = &watch};
const std::array<Attribute, 1> develop_attributes{{{"watch", &watches}}};

const Type health_test{.noun = "a string or a list of strings",
                       .forms = string_form | sequence_form,
                       .shape = Shape::health_test,
                       .merge = Merge::replace,
                       .items = &text};
const std::array<Attribute, 7> healthcheck_attributes{{
    {"test", &health_test},
    {"timeout", &duration, Shown::always},
    {"interval", &duration, Shown::always},
    {"retries", &count, Shown::always},
    {"start_period", &duration, Shown::always},
    {"start_interval", &duration, Shown::always},
    {"disable", &boolean},
}};

}  // namespace

const Type build{.noun = "a path or a mapping",
                 .forms = string_form | mapping_form,
                 .shape = Shape::build,
                 .attributes = build_attributes};
const Type develop{
    .noun = "a mapping", .forms = null_form | mapping_form, .attributes = develop_attributes};
const Type healthcheck{
    .noun = "a mapping", .forms = mapping_form, .attributes = healthcheck_attributes};

}  // namespace estiba::spec::types
