#include "compose-spec/schema/support.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "base/error.hpp"
#include "compose-spec/dump_order.hpp"
#include "compose-spec/schema/schema.hpp"

namespace estiba::spec {
namespace {

// Sorted, for a search by halves; a test checks that the schema knows each of them.
constexpr std::array<std::string_view, 44> stored_only{
    "configs.*.labels",
    "configs.*.template_driver",
    "models",
    "networks.*.attachable",
    "networks.*.enable_ipv4",
    "networks.*.ipam.driver",
    "networks.*.ipam.options",
    "secrets.*.driver",
    "secrets.*.driver_opts",
    "secrets.*.labels",
    "secrets.*.template_driver",
    "services.*.annotations",
    "services.*.blkio_config.device_read_bps",
    "services.*.blkio_config.device_read_iops",
    "services.*.blkio_config.device_write_bps",
    "services.*.blkio_config.device_write_iops",
    "services.*.blkio_config.weight_device",
    "services.*.build.isolation",
    "services.*.build.provenance",
    "services.*.build.sbom",
    "services.*.cpu_count",
    "services.*.cpu_percent",
    "services.*.credential_spec",
    "services.*.deploy.endpoint_mode",
    "services.*.deploy.labels",
    "services.*.deploy.mode",
    "services.*.deploy.placement",
    "services.*.deploy.resources.reservations.cpus",
    "services.*.deploy.resources.reservations.devices",
    "services.*.deploy.resources.reservations.generic_resources",
    "services.*.deploy.rollback_config",
    "services.*.deploy.update_config",
    "services.*.develop",
    "services.*.external_links",
    "services.*.gpus",
    "services.*.models",
    "services.*.networks.*.driver_opts",
    "services.*.networks.*.link_local_ips",
    "services.*.pre_start",
    "services.*.provider",
    "services.*.pull_refresh_after",
    "services.*.storage_opt",
    "services.*.use_api_socket",
    "services.*.volumes.bind.selinux",
};

class Notices {
 public:
  Notices(const std::set<std::string>& services, Report& report)
      : services_(services), report_(report) {}

  void walk(const Node& node, const Type& type, const std::string& pattern, const Path& path) {
    if (auto* items = node.sequence()) {
      for (size_t i = 0; type.items && i < items->size(); ++i)
        walk((*items)[i], *type.items, pattern, Path(path, i));
    } else if (auto* entries = node.mapping()) {
      for (const Entry& entry : *entries) visit(entry, type, pattern, path);
    }
  }

 private:
  void visit(const Entry& entry, const Type& type, const std::string& pattern, const Path& path) {
    const Type* child = type_of_member(type, entry.key);
    if (!child || is_empty_below(entry.value, child)) return;
    if (pattern == "services" && !services_.contains(entry.key)) return;
    std::string below = joined(pattern, type.values ? "*" : std::string_view(entry.key));
    Path at(path, entry.key);
    if (!is_stored_only(below)) return walk(entry.value, *child, below, at);
    if (told_.insert(below).second)
      report_.warning(entry.key_span, at, "is not in effect yet: it is only stored",
                      "docs/compose-support.md lists what is");
  }

  const std::set<std::string>& services_;
  Report& report_;
  std::set<std::string> told_;
};

using Use = std::function<void(const std::string& path, const Type& type)>;

// Every attribute of the schema once, parents first.
void each_attribute(const Type& type, const std::string& path, const Use& use) {
  for (const Attribute& attribute : type.attributes) {
    std::string below = joined(path, attribute.name);
    use(below, *attribute.type);
    each_attribute(*attribute.type, below, use);
  }
  if (type.values) each_attribute(*type.values, joined(path, "*"), use);
  if (type.items) each_attribute(*type.items, path, use);
}

}  // namespace

std::string noun_and_choices(const Type& type) {
  std::string choices;
  for (std::string_view choice : type.choices)
    if (!choice.empty()) choices += cat(choices.empty() ? ": " : ", ", choice);
  return cat(type.noun, choices);
}

bool is_stored_only(const std::string& attribute) {
  for (std::string_view rest = attribute; !rest.empty();) {
    if (std::binary_search(stored_only.begin(), stored_only.end(), rest)) return true;
    size_t dot = rest.rfind('.');
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(0, dot);
  }
  return false;
}

void report_stored_only(const Node& model, const std::set<std::string>& services, Report& report) {
  Notices(services, report).walk(model, compose_file_type(), "", Path());
}

std::string support_page() {
  std::string out =
      "# Which Compose attributes are in effect\n\n"
      "Made from the schema in `compose-spec/schema/`; `unit_spec` fails if it is out of date, "
      "and\n"
      "writes it anew with `ESTIBA_UPDATE_GOLDEN=1`. `*` is a name of your own, items of a list "
      "are\n"
      "left out. What is stored is checked, merged and printed by `config`, and `up` says once, of "
      "the\n"
      "services that take part, that it changes nothing yet.\n\n"
      "| attribute | what may be written | at run time |\n|---|---|---|\n";
  each_attribute(compose_file_type(), "", [&](const std::string& path, const Type& type) {
    out += cat("| `", path, "` | ", noun_and_choices(type), " | ",
               is_stored_only(path) ? "stored only" : "in effect", " |\n");
  });
  return out;
}

}  // namespace estiba::spec
