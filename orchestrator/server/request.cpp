#include "orchestrator/server/request.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "base/error.hpp"

namespace estiba::orchestrator {
namespace {

// Walking a value calls itself once a level, here and in the JSON library.
constexpr size_t most_levels = 128;
constexpr int64_t longest_time = int64_t{1} << 31;  ///< in seconds
constexpr int64_t most_replicas = 65536;

enum class Kind { text, texts, flag, time, text_map, count_map, object, objects, number };

struct Member {
  const char* name;
  Kind kind;
  bool required = false;
  std::span<const Member> members = {};  ///< of an object
};

constexpr bool required = true;

constexpr std::array up_options{
    Member{"targets", Kind::texts},       Member{"no_deps", Kind::flag},
    Member{"recreate", Kind::text},       Member{"recreate_dependencies", Kind::flag},
    Member{"remove_orphans", Kind::flag}, Member{"ignore_orphans", Kind::flag},
    Member{"scale", Kind::count_map},     Member{"start", Kind::flag},
    Member{"wait", Kind::flag},           Member{"wait_timeout", Kind::time},
    Member{"timeout", Kind::time},        Member{"renew_anon_volumes", Kind::flag},
    Member{"dry_run", Kind::flag},        Member{"describe", Kind::flag}};
constexpr std::array up{Member{"project", Kind::object, required},
                        Member{"working_dir", Kind::text},
                        Member{"config_files", Kind::texts},
                        Member{"env_files", Kind::texts},
                        Member{"disabled_services", Kind::texts},
                        Member{"file_contents", Kind::text_map},
                        Member{"options", Kind::object, false, up_options}};
constexpr std::array run{up[0],
                         up[1],
                         up[2],
                         up[3],
                         up[4],
                         up[5],
                         up[6],
                         Member{"service", Kind::text, required},
                         Member{"args", Kind::texts},
                         Member{"entrypoint", Kind::texts},
                         Member{"env", Kind::texts},
                         Member{"user", Kind::text},
                         Member{"cwd", Kind::text},
                         Member{"tty", Kind::flag},
                         Member{"stdin", Kind::flag},
                         Member{"name", Kind::text},
                         Member{"remove", Kind::flag},
                         Member{"detach", Kind::flag},
                         Member{"no_deps", Kind::flag},
                         Member{"service_ports", Kind::flag},
                         Member{"use_aliases", Kind::flag}};
constexpr std::array down_options{Member{"targets", Kind::texts}, Member{"volumes", Kind::flag},
                                  Member{"remove_orphans", Kind::flag},
                                  Member{"timeout", Kind::time}, Member{"dry_run", Kind::flag}};
constexpr std::array down{Member{"project", Kind::text, required}, Member{"model", Kind::object},
                          Member{"disabled_services", Kind::texts}, Member{"timeout", Kind::time},
                          Member{"options", Kind::object, false, down_options}};
constexpr std::array services{Member{"project", Kind::text, required},
                              Member{"targets", Kind::texts},
                              Member{"timeout", Kind::time},
                              Member{"wait_timeout", Kind::time},
                              Member{"wait", Kind::flag},
                              Member{"no_deps", Kind::flag},
                              Member{"dry_run", Kind::flag},
                              Member{"signal", Kind::text},
                              Member{"stop", Kind::flag},
                              Member{"volumes", Kind::flag}};
constexpr std::array exec{Member{"id", Kind::text, required}, Member{"args", Kind::texts},
                          Member{"env", Kind::texts},         Member{"cwd", Kind::text},
                          Member{"user", Kind::text},         Member{"tty", Kind::flag},
                          Member{"privileged", Kind::flag},   Member{"detach", Kind::flag}};
constexpr std::array exec_signal{Member{"exec_id", Kind::text, required},
                                 Member{"signal", Kind::text, required}};
constexpr std::array step{Member{"lower", Kind::texts, required},
                          Member{"upper", Kind::text, required},
                          Member{"work", Kind::text, required},
                          Member{"args", Kind::texts, required},
                          Member{"env", Kind::texts},
                          Member{"cwd", Kind::text},
                          Member{"user", Kind::text},
                          Member{"mounts", Kind::objects},
                          Member{"network", Kind::text},
                          Member{"privileged", Kind::flag},
                          Member{"extra_hosts", Kind::texts},
                          Member{"shm_size", Kind::number},
                          Member{"memory", Kind::number},
                          Member{"limits", Kind::objects},
                          Member{"build", Kind::text}};
constexpr std::array network_create{
    Member{"name", Kind::text, required}, Member{"driver", Kind::text},
    Member{"subnets", Kind::texts},       Member{"gateways", Kind::texts},
    Member{"ip_ranges", Kind::texts},     Member{"internal", Kind::flag},
    Member{"ipv6", Kind::flag},           Member{"labels", Kind::text_map},
    Member{"options", Kind::text_map}};
constexpr std::array volume_create{Member{"name", Kind::text}, Member{"driver", Kind::text},
                                   Member{"labels", Kind::text_map},
                                   Member{"options", Kind::text_map}};
constexpr std::array of_project{Member{"project", Kind::text}};
constexpr std::array one_id{Member{"id", Kind::text, required}};
constexpr std::array ids{Member{"ids", Kind::texts}};
constexpr std::array build{Member{"build", Kind::text, required}};
constexpr std::array one_name{Member{"name", Kind::text, required}};

struct Method {
  std::string_view name;
  std::span<const Member> members;
};

constexpr std::array methods{
    Method{"up", up},
    Method{"run", run},
    Method{"down", down},
    Method{"start", services},
    Method{"stop", services},
    Method{"restart", services},
    Method{"kill", services},
    Method{"rm", services},
    Method{"pause", services},
    Method{"unpause", services},
    Method{"ps", of_project},
    Method{"model", one_id},
    Method{"exec", exec},
    Method{"attach", one_id},
    Method{"root", one_id},
    Method{"stats", ids},
    Method{"exec_signal", exec_signal},
    Method{"wait", ids},
    Method{"events", of_project},
    Method{"build", build},
    Method{"step", step},
    Method{"networks", of_project},
    Method{"volumes", of_project},
    Method{"network_create", network_create},
    Method{"network_remove", one_name},
    Method{"volume_create", volume_create},
    Method{"volume_remove", one_name},
};

/// How deep brackets lie in one another, seen before a parser builds anything of them.
size_t levels_of(std::string_view bytes) {
  size_t level = 0, deepest = 0;
  bool in_text = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    char c = bytes[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++level);
    } else if ((c == ']' || c == '}') && level > 0) {
      --level;
    }
  }
  return deepest;
}

// Paths, names and arguments go to system calls that end a text at its first NUL: a check of the
// whole and a use of the part would be of two texts. A config's content alone may hold one.
void refuse_nul(const Json& value, std::string_view name) {
  if (value.is_string() && name != "content" &&
      value.get_ref<const std::string&>().find('\0') != std::string::npos)
    throw Error(cat("\"", name, "\" holds a NUL byte"));
  if (value.is_array())
    for (const Json& item : value) refuse_nul(item, name);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    if (key.find('\0') != std::string::npos)
      throw Error(cat("a name in \"", name, "\" holds a NUL byte"));
    refuse_nul(member, key);
  }
}

template <typename Is>
bool all_are(const Json& values, Is is) {
  return std::all_of(values.begin(), values.end(), is);
}

bool is_text(const Json& value) { return value.is_string(); }
bool is_object(const Json& value) { return value.is_object(); }

/// Unsigned numbers beyond int64_t are none that anything here means.
std::optional<int64_t> whole_number(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return std::nullopt;
  return value.get<int64_t>();
}

bool is_time(const Json& value) {
  auto seconds = whole_number(value);
  return seconds && *seconds >= -longest_time && *seconds <= longest_time;
}

bool is_count(const Json& value) {
  auto count = whole_number(value);
  return count && *count >= 0 && *count <= most_replicas;
}

/// What the value should be and is not; null if it is.
const char* missed(Kind kind, const Json& value) {
  switch (kind) {
    case Kind::text:
      return value.is_string() ? nullptr : "a string";
    case Kind::texts:
      return value.is_array() && all_are(value, is_text) ? nullptr : "a list of strings";
    case Kind::flag:
      return value.is_boolean() ? nullptr : "true or false";
    case Kind::time:
      return is_time(value) ? nullptr : "a number of seconds";
    case Kind::text_map:
      return value.is_object() && all_are(value, is_text) ? nullptr : "an object of strings";
    case Kind::count_map:
      return value.is_object() && all_are(value, is_count) ? nullptr
                                                           : "an object of numbers of replicas";
    case Kind::object:
      return value.is_object() ? nullptr : "an object";
    case Kind::objects:
      return value.is_array() && all_are(value, is_object) ? nullptr : "a list of objects";
    case Kind::number:
      return whole_number(value) ? nullptr : "an integer";
  }
  return nullptr;
}

// Members that nobody asks for are left alone: a command line may be newer than its server.
void check(const Json& object, std::span<const Member> members) {
  for (const Member& member : members) {
    auto found = object.find(member.name);
    if (found == object.end() || found->is_null()) {
      if (member.required) throw Error(cat("\"", member.name, "\" is missing"));
      continue;
    }
    if (const char* wanted = missed(member.kind, *found))
      throw Error(cat("\"", member.name, "\" must be ", wanted));
    check(*found, member.members);
  }
}

}  // namespace

Request parse_request(std::string_view bytes) {
  if (bytes.size() > longest_request) throw Error("the request is longer than 64 MiB");
  if (levels_of(bytes) > most_levels)
    throw Error(cat("the request is nested more than ", std::to_string(most_levels), " deep"));
  Json call = parse_json(bytes, "the request");
  Request request;
  request.method = json::required_string(call, "method");
  auto method = std::find_if(methods.begin(), methods.end(),
                             [&](const Method& one) { return one.name == request.method; });
  if (method == methods.end())
    throw Error(cat("the server does not know the method \"", request.method, "\""));
  auto params = call.find("params");
  request.params = params == call.end() || params->is_null() ? Json::object() : std::move(*params);
  if (!request.params.is_object()) throw Error("\"params\" must be an object");
  refuse_nul(request.params, "params");
  check(request.params, method->members);
  return request;
}

void refuse_descriptors(const Request& request, size_t count) {
  bool fits = count == 0 || (request.method == "exec" && count == most_request_fds);
  if (!fits)
    throw Error(cat("\"", request.method, "\" came with ", std::to_string(count),
                    " descriptors: exec takes three or none, all others take none"));
}

}  // namespace estiba::orchestrator
