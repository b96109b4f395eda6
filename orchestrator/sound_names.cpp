#include "orchestrator/sound_names.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "base/text.hpp"
#include "compose-spec/schema/schema.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t longest_name = 255;  ///< NAME_MAX: names are files' names as well

void require(bool sound, std::string_view what, const std::string& text, std::string_view wanted) {
  if (!sound) throw Error(cat(what, ": \"", text, "\" is not ", wanted));
}

void require_word(std::string_view what, const std::string& text) {
  require(text.empty() || is_one_word(text), what, text,
          "one word: printable ASCII without blanks");
}

bool is_host_name(const std::string& name) {
  return name.empty() || (name.size() <= longest_name && spec::is_resource_name(name));
}

void refuse_unsound(const spec::Service& service) {
  std::string place = cat("services.", service.name, ".");
  constexpr std::string_view host_name = "a host name: letters, digits, dots and dashes";
  require(is_host_name(service.hostname), cat(place, "hostname"), service.hostname, host_name);
  require(is_host_name(service.domainname), cat(place, "domainname"), service.domainname,
          host_name);
  if (!service.container_name.empty())
    refuse_unsound_name(cat(place, "container_name"), service.container_name);
  for (const auto& [name, address] : service.extra_hosts) {
    require_word(cat(place, "extra_hosts"), name);
    require_word(cat(place, "extra_hosts.", name), address);
  }
  for (const auto& [key, words] :
       {std::pair{"dns", &service.dns}, std::pair{"dns_search", &service.dns_search},
        std::pair{"dns_opt", &service.dns_opt}, std::pair{"links", &service.links}})
    for (const std::string& word : *words) require_word(cat(place, key), word);
  require_word(cat(place, "cgroup_parent"), service.cgroup_parent);
  for (const auto& [key, network] : service.networks)
    for (const std::string& alias : network.aliases)
      require_word(cat(place, "networks.", key, ".aliases"), alias);
}

}  // namespace

bool is_one_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
}

bool is_object_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && spec::is_resource_name(text) &&
         std::isalnum(static_cast<unsigned char>(text.front())) != 0;
}

void refuse_unsound_name(std::string_view what, const std::string& name) {
  require(is_object_name(name), what, name,
          "a name: letters, digits, dots, dashes and underscores, the first a letter or digit");
}

void refuse_unsound(const spec::Project& project) {
  refuse_unsound_name("name", project.name);
  for (const auto& [name, service] : project.services) {
    require(spec::is_resource_name(name), "services", name,
            "a service's name: letters, digits, dots, dashes and underscores");
    refuse_unsound(service);
  }
  for (const auto& [key, network] : project.networks)
    refuse_unsound_name(cat("networks.", key, ".name"), network.name);
}

}  // namespace estiba::orchestrator
