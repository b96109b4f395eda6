#include "runtime/cgroup/tree.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "runtime/cgroup/device_filter.hpp"

namespace estiba::runtime::cgroup {
namespace {

constexpr const char* mark_of_ours = "trusted.estiba.made";

void pause_milliseconds(long count) {
  timespec span{count / 1000, count % 1000 * 1'000'000};
  ::nanosleep(&span, nullptr);
}

std::string content_of(const std::string& path) {
  try {
    return fs::read_if_exists(path).value_or("");
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

void write_file(const std::string& path, const std::string& value) {
  with_context([&] { sys::write_all(sys::open(path, O_WRONLY), value, path); }, "setting ",
               fs::base_name(path), " to ", value);
}

void apply_writes(const std::string& directory, const std::vector<Write>& writes) {
  for (const auto& write : writes) {
    try {
      write_file(cat(directory, "/", write.file), write.value);
    } catch (const Error& error) {
      if (!write.optional || error.code() != ENOENT) throw;
    }
  }
}

uint64_t read_number(const std::string& path) {
  return text::to_uint(text::trim(content_of(path))).value_or(0);
}

uint64_t read_key(const std::string& path, const std::string& key) {
  for (const auto& line : text::split(content_of(path), '\n'))
    if (line.starts_with(key + " ")) return text::to_uint(line.substr(key.size() + 1)).value_or(0);
  return 0;
}

std::vector<pid_t> processes_in(const std::string& directory) {
  std::vector<pid_t> pids;
  for (const auto& line : text::split(content_of(cat(directory, "/cgroup.procs")), '\n'))
    if (auto pid = text::to_int(line); pid && *pid > 0) pids.push_back(static_cast<pid_t>(*pid));
  return pids;
}

void make_parents(const std::string& root, const std::string& name) {
  for (size_t end = name.find('/'); end != name.npos; end = name.find('/', end + 1)) {
    std::string level = cat(root, "/", name.substr(0, end));
    if (::mkdir(level.c_str(), 0755) == 0) {
      // Without the mark it stays behind; it is no reason to refuse the container.
      ::setxattr(level.c_str(), mark_of_ours, "", 0, 0);
    } else if (errno != EEXIST) {
      throw Error{"mkdir", level, Errno{errno}};
    }
  }
}

void remove_parents(const std::string& root, const std::string& name) {
  std::string parent = fs::parent_path(name);
  while (!parent.empty() && parent != common_parent) {
    std::string level = cat(root, "/", parent);
    bool ours = ::getxattr(level.c_str(), mark_of_ours, nullptr, 0) >= 0;
    if (!ours || ::rmdir(level.c_str()) != 0) return;
    parent = parent.find('/') == parent.npos ? "" : fs::parent_path(parent);
  }
}

void remove_directory(const std::string& directory) {
  constexpr int most_tries = 100;
  for (int tries = 0; ::rmdir(directory.c_str()) != 0; ++tries) {
    if (errno == ENOENT) return;
    if (errno != EBUSY || tries == most_tries) throw Error{"rmdir", directory, Errno{errno}};
    // Cgroups that the container made within its own.
    for (const auto& name : fs::list_dir(directory)) {
      std::string child = cat(directory, "/", name);
      auto status = sys::lstat(child);
      if (status && S_ISDIR(status->st_mode)) remove_directory(child);
    }
    if (tries > 0) pause_milliseconds(2);
  }
}

FdRef UnifiedTree::program_for(const Resources& resources) {
  auto [entry, fresh] = programs_.try_emplace(device_rules(resources));
  if (fresh) {
    try {
      entry->second = load_device_program(device_program(entry->first));
    } catch (const Error&) {
      programs_.erase(entry);
      throw;
    }
  }
  return entry->second;
}

std::string UnifiedTree::create(const std::string& name, const std::optional<Resources>& devices) {
  std::string path = directory(name);
  make_parents(root_, name);
  // A fresh one, without the counts and programs of an earlier run, unless something still is
  // there.
  ::rmdir(path.c_str());
  bool fresh = ::mkdir(path.c_str(), 0755) == 0;
  if (!fresh && errno != EEXIST) throw Error{"mkdir", path, Errno{errno}};
  if (fresh && devices)
    attach_device_program(sys::open(path, O_RDONLY | O_DIRECTORY), program_for(*devices));
  return path;
}

bool UnifiedTree::exists(const std::string& name) const { return fs::exists(directory(name)); }

void UnifiedTree::kill_all(const std::string& name) {
  std::string path = directory(name);
  if (!fs::exists(path)) return;
  try {
    write_file(cat(path, "/cgroup.kill"), "1");
  } catch (const Error& error) {
    if (error.code() != ENOENT) throw;
    // Linux before 5.14: no new process can be forked past a frozen one.
    set_frozen(name, Driver::State::frozen);
    for (pid_t pid : processes_in(path)) sys::kill(pid, SIGKILL);
    set_frozen(name, Driver::State::thawed);
  }
}

void UnifiedTree::set_frozen(const std::string& name, Driver::State state) {
  write_file(cat(directory(name), "/cgroup.freeze"), state == Driver::State::frozen ? "1" : "0");
}

Driver::State UnifiedTree::state(const std::string& name) const {
  return read_number(cat(directory(name), "/cgroup.freeze")) == 1 ? Driver::State::frozen
                                                                  : Driver::State::thawed;
}

void UnifiedTree::remove(const std::string& name) {
  remove_directory(directory(name));
  remove_parents(root_, name);
}

void UnifiedTree::release() { ::rmdir(directory(common_parent).c_str()); }

}  // namespace estiba::runtime::cgroup
