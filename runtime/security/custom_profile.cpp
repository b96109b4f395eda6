// Docker's JSON form of a seccomp profile. System calls that this machine does not know are
// skipped; anything else that is not understood is an error.
#include <linux/seccomp.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/containers.hpp"
#include "runtime/security/seccomp.hpp"
#include "runtime/security/syscall_numbers.hpp"

namespace estiba::runtime::seccomp {
namespace {

uint32_t action_of(const std::string& name, const Json& object, const char* errno_key) {
  auto code = static_cast<uint32_t>(json::int_at(object, errno_key).value_or(EPERM));
  if (name == "SCMP_ACT_ALLOW") return SECCOMP_RET_ALLOW;
  if (name == "SCMP_ACT_ERRNO") return SECCOMP_RET_ERRNO | (code & SECCOMP_RET_DATA);
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return SECCOMP_RET_KILL_THREAD;
  if (name == "SCMP_ACT_KILL_PROCESS") return SECCOMP_RET_KILL_PROCESS;
  if (name == "SCMP_ACT_TRAP") return SECCOMP_RET_TRAP;
  if (name == "SCMP_ACT_LOG") return SECCOMP_RET_LOG;
  if (name == "SCMP_ACT_TRACE") return SECCOMP_RET_TRACE | (code & SECCOMP_RET_DATA);
  throw Error(cat("unknown action in the seccomp profile: ", name));
}

Compare compare_of(const std::string& name) {
  if (name == "SCMP_CMP_NE") return Compare::ne;
  if (name == "SCMP_CMP_LT") return Compare::lt;
  if (name == "SCMP_CMP_LE") return Compare::le;
  if (name == "SCMP_CMP_EQ") return Compare::eq;
  if (name == "SCMP_CMP_GE") return Compare::ge;
  if (name == "SCMP_CMP_GT") return Compare::gt;
  if (name == "SCMP_CMP_MASKED_EQ") return Compare::masked_eq;
  throw Error(cat("unknown comparison in the seccomp profile: ", name));
}

uint64_t number_at(const Json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end()) return 0;
  if (!found->is_number_integer()) throw Error(cat("seccomp profile: ", key, " is not a number"));
  return found->is_number_unsigned() ? found->get<uint64_t>()
                                     : static_cast<uint64_t>(found->get<int64_t>());
}

std::vector<Condition> conditions_of(const Json& rule) {
  std::vector<Condition> conditions;
  auto args = rule.find("args");
  if (args == rule.end() || args->is_null()) return conditions;
  constexpr uint64_t most_arguments = 6;
  for (const auto& arg : *args) {
    Condition condition;
    uint64_t index = number_at(arg, "index");
    if (index >= most_arguments) throw Error("seccomp profile: system calls have six arguments");
    condition.index = static_cast<unsigned>(index);
    condition.value = number_at(arg, "value");
    condition.value_two = number_at(arg, "valueTwo");
    condition.compare = compare_of(json::required_string(arg, "op"));
    conditions.push_back(condition);
  }
  return conditions;
}

std::string go_architecture() {
  utsname names{};
  ::uname(&names);
  std::string machine = names.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

// "4.8": whether the running kernel is at least that.
bool kernel_at_least(const std::string& version) {
  utsname names{};
  ::uname(&names);
  auto wanted = text::split(version, '.'), present = text::split(names.release, '.');
  for (size_t i = 0; i < 2; ++i) {
    auto want = text::to_uint(i < wanted.size() ? wanted[i] : "0");
    auto have = text::to_uint(i < present.size() ? present[i] : "0");
    if (!want) throw Error(cat("seccomp profile: minKernel \"", version, "\" is no version"));
    if (have.value_or(0) != *want) return have.value_or(0) > *want;
  }
  return true;
}

bool has_capability(uint64_t capabilities, const std::string& name) {
  auto number = parse_capability(name);
  return number && (capabilities >> *number & 1) != 0;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Json filter_of(const Json& rule, const char* key) {
  auto found = rule.find(key);
  return found == rule.end() || found->is_null() ? Json::object() : *found;
}

bool included(const Json& rule, uint64_t capabilities) {
  Json filter = filter_of(rule, "includes");
  auto arches = json::strings_at(filter, "arches");
  if (!arches.empty() && !contains(arches, go_architecture())) return false;
  for (const auto& name : json::strings_at(filter, "caps"))
    if (!has_capability(capabilities, name)) return false;
  auto kernel = json::string_at(filter, "minKernel");
  return !kernel || kernel->empty() || kernel_at_least(*kernel);
}

bool excluded(const Json& rule, uint64_t capabilities) {
  Json filter = filter_of(rule, "excludes");
  if (contains(json::strings_at(filter, "arches"), go_architecture())) return true;
  for (const auto& name : json::strings_at(filter, "caps"))
    if (has_capability(capabilities, name)) return true;
  auto kernel = json::string_at(filter, "minKernel");
  return kernel && !kernel->empty() && kernel_at_least(*kernel);
}

// "architectures" is a plain list; "archMap" tells the sub-architectures of each machine.
std::vector<std::string> sub_architectures(const Json& profile) {
  std::vector<std::string> names = json::strings_at(profile, "architectures");
  auto map = profile.find("archMap");
  if (map == profile.end() || map->is_null()) return names;
  for (const auto& entry : *map) {
    auto machine = find_architecture(json::required_string(entry, "architecture"));
    if (machine && machine->token == native_architecture().token)
      for (auto& name : json::strings_at(entry, "subArchitectures")) names.push_back(name);
  }
  return names;
}

}  // namespace

Profile parse_profile(std::string_view text, uint64_t capabilities) {
  Json json = parse_json(text, "the seccomp profile");
  if (!json.is_object()) throw Error("the seccomp profile is not a JSON object");
  Profile profile;
  profile.default_action =
      action_of(json::required_string(json, "defaultAction"), json, "defaultErrnoRet");
  profile.sub_architectures = sub_architectures(json);
  auto rules = json.find("syscalls");
  if (rules == json.end() || rules->is_null()) return profile;
  for (const auto& entry : *rules) {
    if (!included(entry, capabilities) || excluded(entry, capabilities)) continue;
    Rule rule;
    rule.names = json::strings_at(entry, "names");
    if (auto name = json::string_at(entry, "name"); name && !name->empty())
      rule.names.push_back(*name);
    rule.action = action_of(json::required_string(entry, "action"), entry, "errnoRet");
    rule.conditions = conditions_of(entry);
    profile.rules.push_back(std::move(rule));
  }
  return profile;
}

}  // namespace estiba::runtime::seccomp
