#include "orchestrator/lower_mounts.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace estiba::orchestrator {
namespace {

const std::string& target_of(const runtime::Mount& mount) {
  return std::visit([](const auto& m) -> const std::string& { return m.target; }, mount);
}

uint32_t number_option(const std::string& entry, std::string_view value, int base) {
  auto number = text::to_uint(value, base);
  if (!number || *number > UINT32_MAX)
    throw Error(cat("tmpfs \"", entry, "\": \"", value, "\" is not a number"));
  return static_cast<uint32_t>(*number);
}

void apply_tmpfs_option(const std::string& entry, std::string_view option,
                        runtime::TmpfsMount& mount) {
  size_t equals = option.find('=');
  std::string_view name = option.substr(0, equals);
  std::string_view value = equals == std::string_view::npos ? "" : option.substr(equals + 1);
  if (name == "size") {
    auto size = units::parse_bytes(value);
    if (!size) throw Error(cat("tmpfs \"", entry, "\": size \"", value, "\" is not a size"));
    mount.size = *size;
  } else if (name == "mode") {
    mount.mode = number_option(entry, value, 8);
  } else if (name == "uid") {
    mount.uid = number_option(entry, value, 10);
  } else if (name == "gid") {
    mount.gid = number_option(entry, value, 10);
  } else if (name == "exec" || name == "noexec") {
    mount.noexec = name == "noexec";
  } else if (name == "suid" || name == "nosuid") {
    mount.nosuid = name == "nosuid";
  } else if (name == "dev" || name == "nodev") {
    mount.nodev = name == "nodev";
  } else if (name == "ro" || name == "rw") {
    mount.readonly = name == "ro";
  } else {
    throw Error(cat("tmpfs \"", entry, "\": unknown option \"", option, "\""));
  }
}

runtime::Mount volume_mount(const spec::ServiceVolume& volume, const LowerInput& input) {
  if (volume.type == "tmpfs") {
    runtime::TmpfsMount mount;
    mount.target = volume.target;
    mount.size = volume.tmpfs.size;
    if (volume.tmpfs.mode != 0) mount.mode = volume.tmpfs.mode;
    mount.readonly = volume.read_only;
    return mount;
  }
  if (volume.type == "image")
    return runtime::ImageMount{input.image_layers.at(volume.target), volume.image_subpath,
                               volume.target};
  runtime::BindMount mount;
  mount.target = volume.target;
  mount.readonly = volume.read_only;
  if (volume.type == "bind") {
    mount.source = volume.source;
    if (!volume.bind.propagation.empty()) mount.propagation = volume.bind.propagation;
    mount.recursive = volume.bind.recursive != "disabled";
  } else if (volume.type == "volume") {
    mount.source = input.volume_directories.at(volume.target);
    mount.subpath = volume.volume.subpath;
  } else {
    throw Error(cat("mounts of type ", volume.type, " are not supported (", volume.target, ")"));
  }
  return mount;
}

uint32_t owner(const std::string& text, std::string_view what) {
  if (text.empty()) return 0;
  auto number = text::to_uint(text);
  if (!number || *number > INT32_MAX)
    throw Error(cat(what, ": \"", text, "\" is not a numeric id"));
  return static_cast<uint32_t>(*number);
}

// A file source is bound, so that edits show; with an owner or mode of its own it is a copy.
runtime::Mount file_mount(const spec::FileReference& use, const std::string& target,
                          const LowerInput& input, const std::string& key) {
  bool plain = use.uid.empty() && use.gid.empty() && !use.mode;
  if (auto file = input.bound_files.find(key); plain && file != input.bound_files.end())
    return runtime::BindMount{file->second, target, true, false, "rprivate", "", false};
  auto content = input.contents.find(key);
  if (content == input.contents.end())
    throw Error(cat(key, " has no content here any more; run `up` again"));
  return runtime::FileMount{target, content->second, owner(use.uid, key), owner(use.gid, key),
                            use.mode.value_or(0444)};
}

void add_files(const LowerInput& input, std::vector<runtime::Mount>& mounts) {
  for (const spec::FileReference& use : input.service.configs) {
    std::string target = use.target.empty() ? cat("/", use.source) : fs::join("/", use.target);
    mounts.push_back(file_mount(use, target, input, cat("configs/", use.source)));
  }
  for (const spec::FileReference& use : input.service.secrets) {
    std::string target = fs::join("/run/secrets", use.target.empty() ? use.source : use.target);
    mounts.push_back(file_mount(use, target, input, cat("secrets/", use.source)));
  }
}

}  // namespace

runtime::TmpfsMount parse_tmpfs(const std::string& entry) {
  runtime::TmpfsMount mount;
  size_t colon = entry.find(':');
  mount.target = fs::clean_path(entry.substr(0, colon));
  if (colon == std::string::npos) return mount;
  for (const std::string& option : text::split(entry.substr(colon + 1), ','))
    apply_tmpfs_option(entry, option, mount);
  return mount;
}

std::vector<std::string> anonymous_targets(const spec::Service& service,
                                           const img::ImageConfig& image) {
  std::set<std::string> taken;
  std::vector<std::string> targets;
  for (const spec::ServiceVolume& volume : service.volumes) {
    taken.insert(fs::clean_path(volume.target));
    if (volume.type == "volume" && volume.source.empty()) targets.push_back(volume.target);
  }
  for (const std::string& entry : service.tmpfs) taken.insert(parse_tmpfs(entry).target);
  for (const std::string& path : image.volumes)
    if (taken.insert(fs::clean_path(cat("/", path))).second)
      targets.push_back(fs::clean_path(cat("/", path)));
  return targets;
}

std::vector<runtime::Mount> volume_mounts(const LowerInput& input) {
  std::vector<runtime::Mount> mounts = input.borrowed;
  for (const spec::ServiceVolume& volume : input.service.volumes)
    mounts.push_back(volume_mount(volume, input));
  for (const std::string& target : anonymous_targets(input.service, input.image.config)) {
    bool listed = std::any_of(mounts.begin(), mounts.end(),
                              [&](const auto& m) { return target_of(m) == target; });
    if (!listed)
      mounts.push_back(
          runtime::BindMount{input.volume_directories.at(target), target, false, true, "rprivate"});
  }
  return mounts;
}

std::vector<runtime::Mount> lower_mounts(const LowerInput& input) {
  std::vector<runtime::Mount> mounts;
  for (const char* name : {"hosts", "hostname", "resolv.conf"})
    mounts.push_back(runtime::BindMount{cat(input.directory, "/", name), cat("/etc/", name),
                                        input.service.read_only, false, "rprivate"});
  for (runtime::Mount& mount : volume_mounts(input)) mounts.push_back(std::move(mount));
  for (const std::string& entry : input.service.tmpfs) mounts.push_back(parse_tmpfs(entry));
  add_files(input, mounts);
  // What the user mounts on one of our files replaces it; the rest goes parents first.
  std::set<std::string> seen;
  std::reverse(mounts.begin(), mounts.end());
  std::erase_if(mounts, [&](const auto& mount) {
    return !seen.insert(fs::clean_path(target_of(mount))).second;
  });
  std::reverse(mounts.begin(), mounts.end());
  auto depth = [](const runtime::Mount& mount) {
    std::string path = fs::clean_path(target_of(mount));
    return std::count(path.begin(), path.end(), '/');
  };
  std::stable_sort(mounts.begin(), mounts.end(),
                   [&](const auto& a, const auto& b) { return depth(a) < depth(b); });
  return mounts;
}

}  // namespace estiba::orchestrator
