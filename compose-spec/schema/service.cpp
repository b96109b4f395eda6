// The schema of a service, in the order in which its attributes are printed.
#include <algorithm>
#include <array>
#include <cctype>

#include "compose-spec/scalar.hpp"
#include "compose-spec/schema/schema.hpp"

namespace estiba::spec {
namespace {

using namespace types;

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_name_start(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// Docker Compose looks for its patterns of the two texts below anywhere in them.

// "every_" and a number with its unit.
bool holds_interval(std::string_view text) {
  constexpr std::string_view word = "every_";
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    std::string_view rest = text.substr(at + word.size());
    size_t digits =
        static_cast<size_t>(std::find_if_not(rest.begin(), rest.end(), is_digit) - rest.begin());
    if (digits > 0 && rest.substr(digits).find_first_of("wdhms") == 0) return true;
  }
  return false;
}

bool is_pull_policy(std::string_view text) {
  constexpr std::array<std::string_view, 8> words{"always",  "never",   "build", "if_not_present",
                                                  "missing", "refresh", "daily", "weekly"};
  return holds_interval(text) || std::any_of(words.begin(), words.end(), [&](auto word) {
           return text.find(word) != text.npos;
         });
}

bool is_container_name(std::string_view text) {
  return std::adjacent_find(text.begin(), text.end(), [](char first, char second) {
           return is_name_start(first) &&
                  (is_name_start(second) || second == '_' || second == '.' || second == '-');
         }) != text.end();
}

bool is_percentage(std::string_view text) { return parse_integer(text).has_value(); }

const Type integer_only{
    .noun = "a whole number", .forms = integer_form | string_form, .cast = Cast::integer};
const Type size{
    .noun = "a size such as 512m", .forms = integer_form | string_form, .cast = Cast::bytes};

const Type block_weight{.noun = "a whole number",
                        .forms = integer_form,
                        .cast = Cast::integer,
                        .any_text = true,
                        .least = 0,
                        .most = 65535};
const std::array<Attribute, 2> weight_attributes{
    {{"path", &text, Shown::always, false, false, true},
     {"weight", &block_weight, Shown::always, false, false, true}}};
const Type weight{
    .noun = "a mapping", .forms = mapping_form, .attributes = weight_attributes, .closed = true};
const Type weights{.noun = "a list of mappings", .forms = sequence_form, .items = &weight};
const std::array<Attribute, 2> rate_attributes{
    {{"path", &text, Shown::always, false, false, true},
     {"rate", &size, Shown::always, false, false, true}}};
const Type rate{
    .noun = "a mapping", .forms = mapping_form, .attributes = rate_attributes, .closed = true};
const Type rates{.noun = "a list of mappings", .forms = sequence_form, .items = &rate};
const std::array<Attribute, 6> blkio_attributes{{
    {"weight", &block_weight},
    {"weight_device", &weights},
    {"device_read_bps", &rates},
    {"device_read_iops", &rates},
    {"device_write_bps", &rates},
    {"device_write_iops", &rates},
}};
const Type blkio{
    .noun = "a mapping", .forms = mapping_form, .attributes = blkio_attributes, .closed = true};

constexpr std::array<std::string_view, 2> cgroup_choices{"host", "private"};
const Type cgroup{
    .noun = "a string", .forms = string_form, .cast = Cast::text, .choices = cgroup_choices};
const Type cpu_percent{.noun = "a whole number from 0 to 100",
                       .forms = integer_form | string_form,
                       .cast = Cast::real,
                       .any_text = true,
                       .accepts = is_percentage,
                       .least = 0,
                       .most = 100};
const Type cpu_count{.noun = "a whole number from 0 on",
                     .forms = integer_form | string_form,
                     .cast = Cast::integer,
                     .least = 0};
const Type oom_score{.noun = "a whole number from -1000 to 1000",
                     .forms = integer_form | string_form,
                     .cast = Cast::integer,
                     .least = -1000,
                     .most = 1000};
const Type container_name{
    .noun =
        "a container name: letters, digits, dots, dashes and underscores, at least two, "
        "the first a letter or digit",
    .forms = string_form,
    .cast = Cast::text,
    .accepts = is_container_name};

const std::array<Attribute, 3> credential_attributes{
    {{"config", &text}, {"file", &text}, {"registry", &text}}};
const Type credential_spec{
    .noun = "a mapping", .forms = mapping_form, .attributes = credential_attributes};

constexpr std::array<std::string_view, 3> conditions{"service_started", "service_healthy",
                                                     "service_completed_successfully"};
const Type condition{
    .noun = "a string", .forms = string_form, .cast = Cast::text, .choices = conditions};
const std::array<Attribute, 3> dependency_attributes{{
    {"condition", &condition, Shown::always, true},
    {"restart", &boolean},
    {"required", &strict_boolean, Shown::always},
}};
const Type dependency{
    .noun = "a mapping", .forms = mapping_form, .attributes = dependency_attributes};
const Type depends_on{.noun = "a list of service names or a mapping",
                      .forms = sequence_form | mapping_form,
                      .shape = Shape::depends_on,
                      .unique = true,
                      .values = &dependency,
                      .items = &text,
                      .named = true};

const std::array<Attribute, 3> device_attributes{{{"source", &text, Shown::unless_empty, true},
                                                  {"target", &text, Shown::unless_empty, true},
                                                  {"permissions", &text}}};
const Type device{.noun = "a device or a mapping",
                  .forms = string_form | mapping_form,
                  .shape = Shape::device,
                  .attributes = device_attributes};
const Type devices{.noun = "a list of devices",
                   .forms = sequence_form,
                   .identity = Identity::target,
                   .items = &device};

constexpr std::array<std::string_view, 3> env_formats{"raw", "default", ""};
const Type env_format{.noun = "a string",
                      .forms = string_form,
                      .cast = Cast::text,
                      .choices = env_formats,
                      .any_text = true};
const std::array<Attribute, 3> env_file_attributes{{
    {"path", &path, Shown::unless_empty, true},
    {"required", &boolean, Shown::always},
    {"format", &env_format},
}};
const Type env_file{.noun = "a path or a mapping",
                    .forms = string_form | mapping_form,
                    .shape = Shape::env_file,
                    .attributes = env_file_attributes,
                    .closed = true};
const Type env_files{.noun = "a path or a list of paths",
                     .forms = string_form | sequence_form,
                     .shape = Shape::text_list,
                     .identity = Identity::path,
                     .items = &env_file,
                     .always_long = true};
const Type label_files{.noun = "a path or a list of paths",
                       .forms = string_form | sequence_form,
                       .shape = Shape::text_list,
                       .items = &path,
                       .always_long = true};

const Type port_text{.noun = "a port", .forms = string_form | number_form, .cast = Cast::text};
const Type exposed_ports{.noun = "a list of ports",
                         .forms = sequence_form,
                         .identity = Identity::text,
                         .items = &port_text};
const Type groups{
    .noun = "a list of groups", .forms = sequence_form, .unique = true, .items = &port_text};
const Type distinct_texts{
    .noun = "a list of strings", .forms = sequence_form, .unique = true, .items = &text};

const std::array<Attribute, 2> extends_attributes{
    {{"file", &path}, {"service", &text, Shown::unless_empty, true}}};
const Type extends{.noun = "a service name or a mapping",
                   .forms = string_form | mapping_form,
                   .shape = Shape::extends,
                   .merge = Merge::replace,
                   .attributes = extends_attributes,
                   .closed = true,
                   .lenient = true};

const Type option_text{.noun = "a string, a number or a boolean",
                       .forms = boolean_form | number_form | string_form,
                       .cast = Cast::text};
const Type provider_option{.noun = "a value or a list of values",
                           .forms = boolean_form | number_form | string_form | sequence_form,
                           .shape = Shape::option_list,
                           .items = &option_text};
const Type provider_options{.noun = "a mapping", .forms = mapping_form, .values = &provider_option};
const std::array<Attribute, 2> provider_attributes{
    {{"type", &text, Shown::unless_empty, true}, {"options", &provider_options}}};
const Type provider{.noun = "a mapping", .forms = mapping_form, .attributes = provider_attributes};

const Type log_option{.noun = "a string or a number",
                      .forms = null_form | number_form | string_form,
                      .cast = Cast::text};
const Type log_options{.noun = "a mapping", .forms = mapping_form, .values = &log_option};
const std::array<Attribute, 2> logging_attributes{{{"driver", &text}, {"options", &log_options}}};
const Type logging{.noun = "a mapping",
                   .forms = mapping_form,
                   .merge = Merge::logging,
                   .attributes = logging_attributes};

const std::array<Attribute, 2> model_use_attributes{
    {{"endpoint_var", &text}, {"model_var", &text}}};
const Type model_use{
    .noun = "a mapping", .forms = null_form | mapping_form, .attributes = model_use_attributes};
const Type models_used{.noun = "a list of model names or a mapping",
                       .forms = sequence_form | mapping_form,
                       .shape = Shape::key_set,
                       .unique = true,
                       .values = &model_use,
                       .items = &text};

const Type priority{.noun = "a number", .forms = number_form, .cast = Cast::integer};
const std::array<Attribute, 9> network_use_attributes{{
    {"aliases", &unique_texts},
    {"driver_opts", &driver_options},
    {"gw_priority", &priority},
    {"interface_name", &text},
    {"ipv4_address", &text},
    {"ipv6_address", &text},
    {"link_local_ips", &unique_texts},
    {"mac_address", &text},
    {"priority", &priority},
}};
const Type network_use{
    .noun = "a mapping", .forms = null_form | mapping_form, .attributes = network_use_attributes};
const Type networks_used{.noun = "a list of network names or a mapping",
                         .forms = sequence_form | mapping_form,
                         .shape = Shape::key_set,
                         .unique = true,
                         .values = &network_use,
                         .items = &text,
                         .named = true};

const Type optional_text{.noun = "a string", .forms = null_form | string_form, .cast = Cast::text};
const Type port_target{.noun = "a port",
                       .forms = integer_form | string_form,
                       .cast = Cast::integer,
                       .least = 0,
                       .most = 65535};
const Type port_published{
    .noun = "a port or a range", .forms = integer_form | string_form, .cast = Cast::text};
const std::array<Attribute, 7> port_attributes{{
    {"name", &text},
    {"mode", &text},
    {"host_ip", &text},
    {"target", &port_target, Shown::unless_empty, true},
    {"published", &port_published},
    {"protocol", &text},
    {"app_protocol", &text},
}};
const Type port{.noun = "a port or a mapping",
                .forms = number_form | string_form | mapping_form,
                .attributes = port_attributes};
const Type ports{.noun = "a list of ports",
                 .forms = sequence_form,
                 .shape = Shape::ports,
                 .identity = Identity::port,
                 .items = &port};

const Type pull_policy{
    .noun = "a pull policy: always, never, missing, build, daily, weekly or every_12h",
    .forms = string_form,
    .cast = Cast::text,
    .accepts = is_pull_policy};
const Type tmpfs_list{.noun = "a string or a list of strings",
                      .forms = string_form | sequence_form,
                      .shape = Shape::text_list,
                      .identity = Identity::text,
                      .items = &text};
const Type storage_option{.noun = "a string or a number",
                          .forms = boolean_form | number_form | string_form | null_form,
                          .cast = Cast::text};
const Type storage_options{.noun = "a mapping", .forms = mapping_form, .values = &storage_option};

constexpr std::array<std::string_view, 4> recursive_choices{"enabled", "disabled", "writable",
                                                            "readonly"};
constexpr std::array<std::string_view, 2> selinux_choices{"z", "Z"};
const Type recursive{
    .noun = "a string", .forms = string_form, .cast = Cast::text, .choices = recursive_choices};
const Type selinux{
    .noun = "a string", .forms = string_form, .cast = Cast::text, .choices = selinux_choices};
const std::array<Attribute, 4> bind_attributes{{{"selinux", &selinux},
                                                {"propagation", &text},
                                                {"create_host_path", &boolean},
                                                {"recursive", &recursive}}};
const Type bind{.noun = "a mapping", .forms = mapping_form, .attributes = bind_attributes};
const std::array<Attribute, 3> volume_option_attributes{
    {{"labels", &key_values}, {"nocopy", &boolean}, {"subpath", &text}}};
const Type volume_options{
    .noun = "a mapping", .forms = mapping_form, .attributes = volume_option_attributes};
const Type tmpfs_mode{
    .noun = "a file mode", .forms = number_form, .cast = Cast::integer, .any_text = true};
const Type tmpfs_size{.noun = "a size such as 64m",
                      .forms = integer_form | string_form,
                      .cast = Cast::bytes,
                      .least = 0};
const std::array<Attribute, 2> tmpfs_attributes{{{"size", &tmpfs_size}, {"mode", &tmpfs_mode}}};
const Type tmpfs_options{
    .noun = "a mapping", .forms = mapping_form, .attributes = tmpfs_attributes};
const std::array<Attribute, 1> image_attributes{{{"subpath", &text}}};
const Type image_options{
    .noun = "a mapping", .forms = mapping_form, .attributes = image_attributes};
constexpr std::array<std::string_view, 6> mount_types{"bind",    "volume", "tmpfs",
                                                      "cluster", "npipe",  "image"};
const Type mount_type{
    .noun = "a string", .forms = string_form, .cast = Cast::text, .choices = mount_types};
const std::array<Attribute, 9> volume_attributes{{
    {"type", &mount_type, Shown::unless_empty, true},
    {"source", &text},
    {"target", &text},
    {"read_only", &boolean},
    {"consistency", &text},
    {"bind", &bind},
    {"volume", &volume_options},
    {"tmpfs", &tmpfs_options},
    {"image", &image_options},
}};
const Type volume{.noun = "a string or a mapping",
                  .forms = string_form | mapping_form,
                  .shape = Shape::volume,
                  .path = PathKind::mount,
                  .attributes = volume_attributes};
const Type volumes{.noun = "a list of mounts",
                   .forms = sequence_form,
                   .identity = Identity::target,
                   .items = &volume};

const Type name_servers{.noun = "a string or a list of strings",
                        .forms = string_form | sequence_form,
                        .shape = Shape::text_list,
                        .identity = Identity::text,
                        .items = &text,
                        .always_long = true};

const std::array<Attribute, 93> attributes{{
    {"profiles", &unique_texts},
    {"annotations", &key_values},
    {"attach", &boolean, Shown::always},
    {"build", &types::build},
    {"develop", &develop},
    {"blkio_config", &blkio},
    {"cap_add", &unique_texts},
    {"cap_drop", &unique_texts},
    {"cgroup_parent", &text},
    {"cgroup", &cgroup},
    {"cpu_count", &cpu_count},
    {"cpu_percent", &cpu_percent},
    {"cpu_period", &lenient_integer},
    {"cpu_quota", &lenient_integer},
    {"cpu_rt_period", &lenient_integer},
    {"cpu_rt_runtime", &lenient_integer},
    {"cpus", &real},
    {"cpuset", &text},
    {"cpu_shares", &lenient_integer},
    {"command", &words, Shown::null_in_json},
    {"configs", &file_references},
    {"container_name", &container_name},
    {"credential_spec", &credential_spec},
    {"depends_on", &depends_on},
    {"deploy", &types::deploy},
    {"device_cgroup_rules", &distinct_texts},
    {"devices", &devices},
    {"dns", &name_servers},
    {"dns_opt", &unique_texts},
    {"dns_search", &text_list},
    {"domainname", &text},
    {"entrypoint", &words, Shown::null_in_json},
    {"provider", &provider},
    {"environment", &environment},
    {"env_file", &env_files},
    {"expose", &exposed_ports},
    {"extends", &extends},
    {"external_links", &distinct_texts},
    {"extra_hosts", &hosts},
    {"group_add", &groups},
    {"gpus", &gpus},
    {"hostname", &text},
    {"healthcheck", &healthcheck},
    {"image", &text},
    {"init", &boolean, Shown::always},
    {"ipc", &text},
    {"isolation", &text},
    {"labels", &key_values},
    {"label_file", &label_files},
    {"links", &unique_texts},
    {"logging", &logging},
    {"mem_limit", &bytes},
    {"mem_reservation", &size},
    {"memswap_limit", &bytes},
    {"mem_swappiness", &size},
    {"mac_address", &text},
    {"models", &models_used},
    {"network_mode", &text},
    {"networks", &networks_used},
    {"oom_kill_disable", &boolean},
    {"oom_score_adj", &oom_score},
    {"pid", &optional_text},
    {"pids_limit", &lenient_integer},
    {"platform", &text},
    {"ports", &ports},
    {"privileged", &boolean},
    {"pull_policy", &pull_policy},
    {"pull_refresh_after", &text, Shown::never},
    {"read_only", &boolean},
    {"restart", &text},
    {"runtime", &text},
    {"scale", &integer_only, Shown::always},
    {"secrets", &secrets_used},
    {"security_opt", &distinct_texts},
    {"shm_size", &bytes},
    {"stdin_open", &boolean},
    {"stop_grace_period", &duration, Shown::always},
    {"stop_signal", &text},
    {"storage_opt", &storage_options},
    {"sysctls", &key_values},
    {"tmpfs", &tmpfs_list},
    {"tty", &boolean},
    {"ulimits", &ulimits},
    {"use_api_socket", &strict_boolean},
    {"user", &text},
    {"userns_mode", &text},
    {"uts", &text},
    {"volumes", &volumes},
    {"volumes_from", &distinct_texts},
    {"working_dir", &text},
    {"pre_start", &hooks, Shown::unless_empty, false, true},
    {"post_start", &hooks},
    {"pre_stop", &hooks},
}};

}  // namespace

namespace types {
const Type service{.noun = "a mapping", .forms = mapping_form, .attributes = attributes};
}

}  // namespace estiba::spec
