#include "runtime/keeper/records.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "base/boot_id.hpp"
#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "runtime/launch/wire.hpp"

namespace estiba::runtime {
namespace {

constexpr int unknown_code = 255;

template <typename T>
std::optional<T> load(const std::string& path) {
  try {
    auto bytes = fs::read_if_exists(path);
    if (!bytes) return std::nullopt;
    return wire::decode<T>(*bytes);
  } catch (const Error&) {
    // Torn or of another version: as good as not there; the cgroups tell what runs.
    return std::nullopt;
  }
}

}  // namespace

void save(const Layout& layout, const ProcessRecord& record) {
  fs::make_dirs(layout.container(record.id), 0700);
  fs::write_atomic(layout.process(record.id), wire::encode(record), 0600, fs::Durability::relaxed);
}

std::optional<ProcessRecord> load_record(const Layout& layout, const std::string& id) {
  return load<ProcessRecord>(layout.process(id));
}

std::vector<ProcessRecord> load_records(const Layout& layout) {
  std::vector<ProcessRecord> records;
  for (const auto& id : fs::list_dir(layout.containers()))
    if (auto record = load_record(layout, id)) records.push_back(std::move(*record));
  return records;
}

void erase_record(const Layout& layout, const std::string& id) {
  ::unlink(layout.process(id).c_str());
  ::rmdir(layout.container(id).c_str());
}

void save(const Layout& layout, const Exited& exit) {
  fs::make_dirs(layout.exits(), 0700);
  fs::write_atomic(layout.exit_of(exit.id), wire::encode(exit), 0600, fs::Durability::relaxed);
}

std::optional<Exited> load_exit(const Layout& layout, const std::string& id) {
  return load<Exited>(layout.exit_of(id));
}

std::vector<Exited> load_exits(const Layout& layout) {
  std::vector<Exited> exits;
  for (const auto& id : fs::list_dir(layout.exits()))
    if (auto exit = load_exit(layout, id)) exits.push_back(std::move(*exit));
  return exits;
}

// proc_pid_stat(5): field 22, counted behind the command name, which may hold anything.
uint64_t start_time_of(pid_t pid) {
  std::string content;
  try {
    content = fs::read_all(cat("/proc/", std::to_string(pid), "/stat"));
  } catch (const Error&) {
    return 0;
  }
  auto fields = text::split(std::string_view(content).substr(content.rfind(')') + 1), ' ');
  constexpr size_t start_time_field = 20;
  if (fields.size() <= start_time_field) return 0;
  return text::to_uint(fields[start_time_field]).value_or(0);
}

std::optional<UniqueFd> open_process(const ProcessRecord& record) {
  if (record.boot_id != boot_id()) return std::nullopt;
  try {
    UniqueFd pidfd = sys::pidfd_open(record.pid);
    if (start_time_of(record.pid) != record.start_time) return std::nullopt;
    return pidfd;
  } catch (const Error& error) {
    if (error.code() == ESRCH || error.code() == EINVAL) return std::nullopt;
    throw;
  }
}

uint64_t parse_oom_kills(const std::string& content) {
  for (const auto& line : text::split(content, '\n'))
    if (line.starts_with("oom_kill ")) return text::to_uint(line.substr(9)).value_or(0);
  return 0;
}

uint64_t oom_kills(const std::string& file) {
  if (file.empty()) return 0;
  try {
    return parse_oom_kills(fs::read_all(file));
  } catch (const Error&) {
    return 0;
  }
}

Exited exit_from_status(const ProcessRecord& record, int wait_status) {
  Exited exit = unknown_exit(record);
  exit.signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
  exit.exit_code = exit.signal != 0 ? 128 + exit.signal : WEXITSTATUS(wait_status);
  return exit;
}

Exited unknown_exit(const ProcessRecord& record) {
  Exited exit;
  exit.id = record.id;
  exit.exit_code = unknown_code;
  exit.finished_at = wall_now().time_since_epoch().count();
  exit.oom_killed = oom_kills(record.cgroup.oom_file) > record.cgroup.oom_baseline;
  return exit;
}

}  // namespace estiba::runtime
