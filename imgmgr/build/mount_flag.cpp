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

// A line of comma-separated values (RFC 4180): a field in quotes may hold commas, "" is a quote.
std::vector<std::string> fields_of(const std::string& text) {
  std::vector<std::string> fields{""};
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool opens = text[i] == '"' && !quoted && fields.back().empty();
    if (text[i] == ',' && !quoted) {
      fields.emplace_back();
    } else if (quoted && text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      fields.back() += text[++i];
    } else if (opens || (quoted && text[i] == '"')) {
      quoted = opens;
    } else {
      fields.back() += text[i];
    }
  }
  if (quoted) throw Error(cat("--mount: a quote stays open in ", text));
  return fields;
}

}  // namespace

MountFlag parse_mount(const std::string& text) {
  MountFlag out;
  auto fields = fields_of(text);
  for (const auto& field : fields)
    if (field == "type=cache") out.readonly = false;
  for (const auto& field : fields) take(split_field(field), out);
  check(out);
  return out;
}

}  // namespace estiba::img::build
