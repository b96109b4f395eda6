// ROOT/volumes/NAME/volume.json says what a volume is, _data beside it is the volume. Both appear
// at once, by one rename.
#include "volmgr/volumes.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/json.hpp"
#include "base/node.hpp"
#include "base/scope_exit.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "volmgr/driver_mount.hpp"
#include "volmgr/seed.hpp"

namespace estiba::vol {
namespace {

constexpr size_t max_name = 255;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

// Docker's rule; the name is a directory's name here.
void check_name(const std::string& name) {
  bool valid = name.size() >= 2 && name.size() <= max_name && name.front() != '.' &&
               name.front() != '-' && std::all_of(name.begin(), name.end(), is_name_char);
  if (!valid)
    throw Error(cat("\"", name,
                    "\" is not a valid volume name: use two or more of letters, digits, \"_\", "
                    "\".\" and \"-\", the first a letter, a digit or \"_\""));
}

std::map<std::string, std::string> map_at(const Json& object, const char* key) {
  std::map<std::string, std::string> out;
  auto member = object.find(key);
  if (member == object.end() || !member->is_object()) return out;
  for (const auto& [name, ignored] : member->items())
    out[name] = json::required_string(*member, name.c_str());
  return out;
}

std::string to_json(const VolumeRecord& record) {
  return Json{{"name", record.spec.name},
              {"driver", record.spec.driver},
              {"driver_opts", record.spec.driver_opts},
              {"labels", record.spec.labels},
              {"created", record.created}}
      .dump(1);
}

VolumeRecord parse_record(const std::string& text, const std::string& path) {
  Json document = parse_json(text, path);
  VolumeRecord out;
  out.spec.name = json::required_string(document, "name");
  out.spec.driver = json::string_at(document, "driver").value_or("local");
  out.spec.driver_opts = map_at(document, "driver_opts");
  out.spec.labels = map_at(document, "labels");
  out.created = json::string_at(document, "created").value_or("");
  return out;
}

}  // namespace

Volumes::Volumes(std::string state_dir) : state_dir_(std::move(state_dir)) {}

std::string Volumes::directory(const std::string& name) const {
  return cat(state_dir_, "/volumes/", name);
}

VolumeRecord Volumes::create(const VolumeSpec& spec) {
  VolumeRecord record{spec, "", format_rfc3339(wall_now())};
  if (record.spec.name.empty()) record.spec.name = text::random_hex(64);
  check_name(record.spec.name);
  if (record.spec.driver != "local")
    throw Error(cat("volume \"", record.spec.name, "\": driver \"", record.spec.driver,
                    "\" is not known here; only \"local\" is"));
  parse_driver_mount(record.spec.driver_opts);
  if (auto existing = find(record.spec.name)) return *existing;
  std::string target = directory(record.spec.name);
  std::string temporary = cat(state_dir_, "/volumes/.", text::random_hex(16));
  ScopeExit discard([&] { fs::remove_tree(temporary); });
  fs::make_dirs(temporary, 0700);
  std::string data = fs::join(temporary, "_data");
  fs::make_dirs(data, 0755);
  node::set_mode(sys::open(data, O_PATH | O_DIRECTORY), 0755, data);
  fs::write_atomic(fs::join(temporary, "volume.json"), to_json(record));
  if (::rename(temporary.c_str(), target.c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY)
    throw Error{"rename", target, Errno{errno}};
  // Another process may have been first: what is there now counts.
  return find(record.spec.name).value_or(record);
}

std::optional<VolumeRecord> Volumes::find(const std::string& name) const {
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
    return std::nullopt;
  std::string path = fs::join(directory(name), "volume.json");
  auto text = fs::read_if_exists(path);
  if (!text) return std::nullopt;
  VolumeRecord record = parse_record(*text, path);
  record.mountpoint = fs::join(directory(name), "_data");
  return record;
}

std::vector<VolumeRecord> Volumes::list() const {
  std::vector<VolumeRecord> out;
  for (const auto& name : fs::list_dir(cat(state_dir_, "/volumes"))) {
    if (auto record = find(name)) out.push_back(*record);
  }
  return out;
}

std::string Volumes::mount(const std::string& name) {
  auto record = find(name);
  if (!record) throw Error(cat("no such volume: ", name));
  if (auto wanted = parse_driver_mount(record->spec.driver_opts))
    with_context([&] { mount_driver(*wanted, record->mountpoint); }, "volume \"", name, "\"");
  return record->mountpoint;
}

void Volumes::remove(const std::string& name) {
  if (!find(name)) return;
  unmount_driver(fs::join(directory(name), "_data"));
  // Out of sight first: a removal that is cut short leaves no half volume under its name.
  std::string doomed = cat(state_dir_, "/volumes/.", text::random_hex(16));
  sys::rename(directory(name), doomed);
  fs::remove_tree(doomed);
}

void Volumes::seed(const std::string& name, const std::vector<std::string>& layers,
                   const std::string& path) {
  std::string target = mount(name);
  with_context([&] { seed_directory(target, layers, path); }, "filling volume \"", name,
               "\" from the image's ", path);
}

void ensure_bind_source(const std::string& path, MissingSource missing) {
  if (sys::stat(path)) return;
  if (missing == MissingSource::refuse) throw Error(cat("bind source path does not exist: ", path));
  with_context([&] { fs::make_dirs(path, 0755); }, "creating the bind source ", path);
}

}  // namespace estiba::vol
