#include "orchestrator/security_options.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "runtime/containers.hpp"
#include "runtime/rootfs/sysctls.hpp"

namespace estiba::orchestrator {
namespace {

using Words = std::span<const std::string_view>;

bool is_among(std::string_view word, Words words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string place_of(const spec::Service& service, std::string_view attribute) {
  return cat("services.", service.name, ".", attribute);
}

// The words that Go's strconv.ParseBool takes, which Docker reads it with.
std::optional<bool> truth(std::string_view word) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> no{"0", "f", "F", "false", "FALSE", "False"};
  if (is_among(word, yes)) return true;
  if (is_among(word, no)) return false;
  return std::nullopt;
}

struct Option {
  std::string name, value;
  bool has_value = false;
};

// "no-new-privileges", "seccomp=unconfined", "apparmor:unconfined".
Option parsed(const std::string& written) {
  size_t at = written.find_first_of("=:");
  if (at == std::string::npos) return {written, "", false};
  return {written.substr(0, at), written.substr(at + 1), true};
}

/// False if there is no such option, or no such value of it.
bool take(const Option& option, const std::string& written, SecurityOptions& into) {
  if (option.name == "no-new-privileges") {
    into.no_new_privileges = option.has_value ? truth(option.value) : true;
    return into.no_new_privileges.has_value();
  }
  if (option.value.empty()) return false;
  if (option.name == "seccomp")
    into.seccomp = option.value == "builtin" ? "" : option.value;
  else if (option.name == "apparmor")
    into.apparmor = option.value == "unconfined" ? "" : option.value;
  else if (option.name == "label" && option.value != "disable")
    into.labels.push_back(written);
  else if (option.name == "systempaths" && option.value == "unconfined")
    into.all_paths = true;
  else
    return option.name == "label";
  return true;
}

// A namespace's mode: a word of its own, or another container's where that can be.
void refuse_mode(const std::string& place, const std::string& mode, Words words) {
  bool joins = mode.starts_with("service:") || mode.starts_with("container:");
  bool can_join = is_among("container:", words);
  if (mode.empty() || is_among(mode, words) || (joins && can_join)) return;
  std::string known;
  for (std::string_view word : words)
    if (word != "container:") known += cat(known.empty() ? "" : ", ", word);
  throw Error(cat(place, ": there is no mode \"", mode, "\": write ", known,
                  can_join ? ", service:NAME or container:NAME" : "", ", or leave it out"));
}

void refuse_unknown_modes(const spec::Service& service) {
  constexpr std::array<std::string_view, 5> ipc{"none", "private", "shareable", "host",
                                                "container:"};
  constexpr std::array<std::string_view, 3> pid{"private", "host", "container:"};
  constexpr std::array<std::string_view, 1> host{"host"};
  constexpr std::array<std::string_view, 2> cgroup{"private", "host"};
  constexpr std::array<std::string_view, 5> network{"none", "bridge", "default", "host",
                                                    "container:"};
  refuse_mode(place_of(service, "ipc"), service.ipc, ipc);
  refuse_mode(place_of(service, "pid"), service.pid, pid);
  refuse_mode(place_of(service, "uts"), service.uts, host);
  refuse_mode(place_of(service, "cgroup"), service.cgroup, cgroup);
  refuse_mode(place_of(service, "userns_mode"), service.userns_mode, host);
  refuse_mode(place_of(service, "network_mode"), service.network_mode, network);
}

void refuse_unknown_capabilities(const spec::Service& service) {
  for (const auto& [key, names] :
       {std::pair{"cap_add", &service.cap_add}, std::pair{"cap_drop", &service.cap_drop}})
    for (const std::string& name : *names) {
      bool all = text::lower(name) == "all" || text::lower(name) == "cap_all";
      if (!all && !runtime::parse_capability(name))
        throw Error(cat(place_of(service, key), ": there is no capability \"", name, "\""));
    }
}

void refuse_other_runtimes(const spec::Service& service) {
  constexpr std::array<std::string_view, 3> own{"", "runc", "io.containerd.runc.v2"};
  if (!is_among(service.runtime, own))
    throw Error(cat(place_of(service, "runtime"), ": there is no runtime \"", service.runtime,
                    "\" here, and the built-in one confines otherwise; leave it out"));
  if (service.isolation != "" && service.isolation != "default")
    throw Error(cat(place_of(service, "isolation"), ": \"", service.isolation,
                    "\" is not on Linux, where there is \"default\" alone"));
}

bool is_of_another(const std::string& mode) {
  return mode == "host" || mode.starts_with("service:") || mode.starts_with("container:");
}

// Those of the host and those of a namespace that is shared, told before there is a container.
void refuse_foreign_sysctls(const spec::Service& service) {
  runtime::ContainerSpec asked;
  asked.sysctls = {service.sysctls.begin(), service.sysctls.end()};
  if (service.network_mode == "host") asked.namespaces.network = runtime::HostNamespace{};
  if (is_of_another(service.ipc)) asked.namespaces.ipc = runtime::HostNamespace{};
  if (is_of_another(service.uts)) asked.namespaces.uts = runtime::HostNamespace{};
  with_context([&] { runtime::sysctl_plan(asked); }, place_of(service, "sysctls"));
}

void refuse_paths_out_of_volumes(const spec::Service& service) {
  for (const spec::ServiceVolume& volume : service.volumes)
    for (const std::string& subpath : {volume.volume.subpath, volume.image_subpath})
      if (fs::leads_out(subpath))
        throw Error(cat(place_of(service, "volumes"), ": ", volume.target, ": subpath \"", subpath,
                        "\" must be a relative path within ", volume.source));
}

}  // namespace

SecurityOptions security_options(const spec::Service& service) {
  SecurityOptions options;
  for (const std::string& written : service.security_opt)
    if (!take(parsed(written), written, options))
      throw Error(cat(place_of(service, "security_opt"), ": there is no option \"", written,
                      "\": there are no-new-privileges[:true|:false], seccomp=unconfined|builtin|"
                      "FILE, apparmor=unconfined|PROFILE, label=..., systempaths=unconfined"));
  return options;
}

// They are chosen when the machine starts, and stay.
const SecurityModules& security_modules() {
  static const SecurityModules modules = [] {
    auto apparmor = fs::read_if_exists("/sys/module/apparmor/parameters/enabled");
    return SecurityModules{apparmor && apparmor->starts_with('Y'),
                           fs::exists("/sys/fs/selinux/enforce")};
  }();
  return modules;
}

void refuse_unkept(const spec::Service& service, const SecurityModules& modules) {
  SecurityOptions options = security_options(service);
  std::string place = place_of(service, "security_opt");
  if (!options.apparmor.empty())
    throw Error(cat(place, ": apparmor=", options.apparmor, ": ",
                    modules.apparmor ? "AppArmor profiles are not applied to containers here"
                                     : "this kernel has no AppArmor",
                    "; without it the container would run unconfined by the profile: write "
                    "apparmor=unconfined, or leave it out"));
  if (!options.labels.empty() && modules.selinux)
    throw Error(cat(place, ": ", options.labels.front(),
                    ": SELinux labels are not applied to containers here; write label=disable, or "
                    "leave it out"));
  refuse_unknown_modes(service);
  refuse_unknown_capabilities(service);
  refuse_other_runtimes(service);
  refuse_foreign_sysctls(service);
  refuse_paths_out_of_volumes(service);
}

void refuse_unkept(const spec::Project& project) {
  for (const auto& [name, service] : project.services) refuse_unkept(service, security_modules());
}

std::vector<std::string> without_effect(const spec::Service& service,
                                        const SecurityModules& modules) {
  std::vector<std::string> sentences;
  if (modules.selinux) return sentences;
  for (const std::string& label : security_options(service).labels)
    sentences.push_back(cat(place_of(service, "security_opt"), ": ", label,
                            " means nothing here: this kernel has no SELinux"));
  return sentences;
}

}  // namespace estiba::orchestrator
