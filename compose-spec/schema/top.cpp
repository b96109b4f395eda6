// The schema of a whole Compose file.
#include <array>

#include "compose-spec/schema/schema.hpp"

namespace estiba::spec {
namespace {

using namespace types;

const Type external{.noun = "true or false",
                    .forms = boolean_form | string_form | mapping_form,
                    .cast = Cast::boolean,
                    .shape = Shape::external};

const Type ipam_text_map{.noun = "a mapping", .forms = mapping_form, .values = &text};
const std::array<Attribute, 4> pool_attributes{{
    {"subnet", &text},
    {"gateway", &text},
    {"ip_range", &text},
    {"aux_addresses", &ipam_text_map},
}};
const Type pool{
    .noun = "a mapping", .forms = mapping_form, .attributes = pool_attributes, .silent = true};
const Type pools{.noun = "a list of mappings",
                 .forms = sequence_form,
                 .identity = Identity::subnet,
                 .items = &pool};
const std::array<Attribute, 3> ipam_attributes{{
    {"driver", &text},
    {"config", &pools},
    {"options", &ipam_text_map, Shown::never},
}};
const Type ipam{.noun = "a mapping", .forms = mapping_form, .attributes = ipam_attributes};
const std::array<Attribute, 10> network_attributes{{
    {"name", &text},
    {"driver", &text},
    {"driver_opts", &driver_options},
    {"ipam", &ipam, Shown::filled_in_json},
    {"external", &external},
    {"internal", &boolean},
    {"attachable", &boolean},
    {"labels", &key_values},
    {"enable_ipv4", &boolean, Shown::always},
    {"enable_ipv6", &boolean, Shown::always},
}};
const Type network{
    .noun = "a mapping", .forms = null_form | mapping_form, .attributes = network_attributes};
const Type networks{.noun = "a mapping", .forms = mapping_form, .values = &network};

const std::array<Attribute, 5> volume_attributes{{
    {"name", &text},
    {"driver", &text},
    {"driver_opts", &driver_options},
    {"external", &external},
    {"labels", &key_values},
}};
const Type volume{.noun = "a mapping",
                  .forms = null_form | mapping_form,
                  .path = PathKind::volume_device,
                  .attributes = volume_attributes};
const Type volumes{.noun = "a mapping", .forms = mapping_form, .values = &volume, .named = true};

const std::array<Attribute, 8> secret_attributes{{
    {"name", &text},
    {"file", &path},
    {"environment", &text},
    {"external", &external},
    {"labels", &key_values},
    {"driver", &text},
    {"driver_opts", &driver_options},
    {"template_driver", &text},
}};
const std::array<Attribute, 7> config_attributes{{
    {"name", &text},
    {"file", &path},
    {"environment", &text},
    {"content", &text},
    {"external", &external},
    {"labels", &key_values},
    {"template_driver", &text},
}};
const Type secret{.noun = "a mapping", .forms = mapping_form, .attributes = secret_attributes};
const Type secrets{.noun = "a mapping", .forms = mapping_form, .values = &secret, .named = true};
const Type config{.noun = "a mapping", .forms = mapping_form, .attributes = config_attributes};
const Type configs{.noun = "a mapping", .forms = mapping_form, .values = &config, .named = true};

const Type context_size{.noun = "a whole number", .forms = integer_form, .cast = Cast::integer};
const std::array<Attribute, 4> model_attributes{{
    {"name", &text},
    {"model", &text, Shown::unless_empty, true},
    {"context_size", &context_size},
    {"runtime_flags", &text_items},
}};
const Type model{.noun = "a mapping", .forms = mapping_form, .attributes = model_attributes};
const Type models{.noun = "a mapping", .forms = mapping_form, .values = &model, .named = true};

const Type file_list{.noun = "a string or a list of strings",
                     .forms = null_form | string_form | sequence_form,
                     .shape = Shape::text_list,
                     .identity = Identity::text,
                     .items = &text,
                     .always_long = true};
const std::array<Attribute, 3> include_attributes{{
    {"path", &file_list},
    {"project_directory", &text},
    {"env_file", &file_list},
}};
const Type include{.noun = "a path or a mapping",
                   .forms = string_form | mapping_form,
                   .shape = Shape::include,
                   .attributes = include_attributes,
                   .closed = true,
                   .lenient = true};
const Type includes{.noun = "a list", .forms = null_form | sequence_form, .items = &include};
const Type services{.noun = "a mapping", .forms = mapping_form, .values = &service, .named = true};

const std::array<Attribute, 9> top_attributes{{
    {"version", &text, Shown::never},
    {"name", &text},
    {"include", &includes, Shown::never},
    {"services", &services, Shown::always},
    {"networks", &networks},
    {"volumes", &volumes},
    {"secrets", &secrets},
    {"configs", &configs},
    {"models", &models},
}};
const Type top{.noun = "a mapping", .forms = mapping_form, .attributes = top_attributes};

}  // namespace

const Type& compose_file_type() { return top; }

}  // namespace estiba::spec
