#include "imgmgr/build/mount_flag.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace estiba::img::build {
namespace {

struct Field {
  std::string key;
  std::optional<std::string> value;
};

Field split_field(const std::string& text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos) return {text::lower(text), std::nullopt};
  return {text::lower(text.substr(0, equals)), text.substr(equals + 1)};
}

bool boolean(const Field& field) {
  if (!field.value || *field.value == "true" || *field.value == "1") return true;
  if (*field.value == "false" || *field.value == "0") return false;
  throw Error(cat("--mount: ", field.key, "=", *field.value, " is neither true nor false"));
}

const std::string& value_of(const Field& field) {
  if (!field.value) throw Error(cat("--mount: ", field.key, " needs a value"));
  return *field.value;
}

uint32_t number(const Field& field, int base) {
  auto value = text::to_uint(value_of(field), base);
  if (!value || *value > UINT32_MAX)
    throw Error(cat("--mount: ", field.key, "=", *field.value, " is not a number"));
  return static_cast<uint32_t>(*value);
}

int64_t bytes(const Field& field) {
  auto size = units::parse_bytes(value_of(field));
  if (!size) throw Error(cat("--mount: ", field.key, "=", *field.value, " is not a size"));
  return *size;
}

[[noreturn]] void unknown_key(const std::string& key) {
  static const std::vector<std::string> known = {
      "type", "target", "source", "from", "id",  "sharing",  "env",        "readonly",
      "rw",   "size",   "mode",   "uid",  "gid", "required", "destination"};
  auto near = text::nearest(key, known);
  throw Error(
      cat("--mount: unknown key \"", key, "\"", near ? cat("; did you mean ", *near, "?") : ""));
}

void take(const Field& field, MountFlag& out) {
  const std::string& key = field.key;
  if (key == "type") {
    out.type = value_of(field);
  } else if (key == "target" || key == "dst" || key == "destination") {
    out.target = value_of(field);
  } else if (key == "source" || key == "src") {
    out.source = value_of(field);
  } else if (key == "from") {
    out.from = value_of(field);
  } else if (key == "id") {
    out.id = value_of(field);
  } else if (key == "sharing") {
    out.sharing = value_of(field);
  } else if (key == "env") {
    out.env = value_of(field);
  } else if (key == "readonly" || key == "ro") {
    out.readonly = boolean(field);
  } else if (key == "readwrite" || key == "rw") {
    out.readonly = !boolean(field);
  } else if (key == "required") {
    out.required = boolean(field);
  } else if (key == "size") {
    out.size = bytes(field);
  } else if (key == "mode") {
    out.mode = number(field, 8);
  } else if (key == "uid") {
    out.uid = number(field, 10);
  } else if (key == "gid") {
    out.gid = number(field, 10);
  } else {
    unknown_key(key);
  }
}

void check(const MountFlag& mount) {
  static const std::vector<std::string> types = {"bind", "cache", "tmpfs", "secret", "ssh"};
  if (std::find(types.begin(), types.end(), mount.type) == types.end())
    throw Error(cat("--mount: unknown type \"", mount.type, "\""));
  bool needs_target = mount.type == "bind" || mount.type == "cache" || mount.type == "tmpfs";
  if (needs_target && mount.target.empty()) throw Error("--mount: a target is missing");
  bool sharing_known = mount.sharing.empty() || mount.sharing == "shared" ||
                       mount.sharing == "private" || mount.sharing == "locked";
  if (!sharing_known) throw Error(cat("--mount: unknown sharing \"", mount.sharing, "\""));
}

}  // namespace

MountFlag parse_mount(const std::string& text) {
  MountFlag out;
  auto fields = text::split(text, ',');
  for (const auto& field : fields)
    if (field == "type=cache") out.readonly = false;
  for (const auto& field : fields) take(split_field(field), out);
  check(out);
  return out;
}

}  // namespace estiba::img::build
