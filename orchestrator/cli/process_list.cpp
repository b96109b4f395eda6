#include "orchestrator/cli/process_list.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba::orchestrator {
namespace {

// proc_pid_stat(5): fields after the command's name, counted from the state (field 3).
constexpr size_t parent_field = 1, terminal_field = 4, user_time_field = 11, system_time_field = 12,
                 start_field = 19;

std::string proc(pid_t pid, const char* file) {
  return cat("/proc/", std::to_string(pid), "/", file);
}

/// A process may end at any moment: what cannot be read any more is nothing.
std::optional<std::string> read_proc(pid_t pid, const char* file) {
  try {
    return fs::read_if_exists(proc(pid, file));
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string clock_text(unsigned long long seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%02llu:%02llu:%02llu", seconds / 3600, seconds / 60 % 60,
                seconds % 60);
  return text;
}

std::string terminal_text(int device) {
  if (device == 0) return "?";
  auto number = static_cast<dev_t>(device);
  // 136 to 143: Unix98 pseudo-terminals (devices.txt of the kernel).
  unsigned kind = major(number);
  if (kind < 136 || kind > 143) return cat("tty", std::to_string(minor(number)));
  return cat("pts/", std::to_string(minor(number) + (kind - 136) * 256));
}

double uptime() {
  double seconds = 0;
  std::sscanf(fs::read_all("/proc/uptime").c_str(), "%lf", &seconds);
  return seconds;
}

std::string start_text(double seconds_ago) {
  time_t start = std::time(nullptr) - static_cast<time_t>(seconds_ago);
  tm parts{};
  ::localtime_r(&start, &parts);
  char text[16];
  std::strftime(text, sizeof text, seconds_ago < 86400 ? "%H:%M" : "%b%d", &parts);
  return text;
}

// A process writes its own command line, as long as it likes: no more is read than anybody reads.
std::string command_line_of(pid_t pid) {
  constexpr size_t most = 32768;
  std::string line(most, '\0');
  try {
    UniqueFd file = sys::open(proc(pid, "cmdline"), O_RDONLY);
    line.resize(sys::read(file, line.data(), line.size(), "cmdline"));
  } catch (const Error&) {
    line.clear();
  }
  return line;
}

std::string command_of(pid_t pid) {
  std::string line = command_line_of(pid);
  while (line.ends_with('\0')) line.pop_back();
  std::replace(line.begin(), line.end(), '\0', ' ');
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (!line.empty()) return line;
  return cat("[", text::trim(read_proc(pid, "comm").value_or("?")), "]");
}

std::optional<ProcessInfo> process_of(pid_t pid, double now) {
  auto text = read_proc(pid, "stat");
  auto owner = sys::stat(cat("/proc/", std::to_string(pid)));
  if (!text || text->empty() || !owner) return std::nullopt;
  ProcessStat stat = parse_stat(*text);
  auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  double age = std::max(now - static_cast<double>(stat.start_ticks) / ticks, 0.01);
  double used = static_cast<double>(stat.cpu_ticks) / ticks;
  ProcessInfo out;
  out.pid = pid;
  out.parent = stat.parent;
  out.uid = owner->st_uid;
  out.cpu_percent = static_cast<int>(100 * used / age);
  out.started = start_text(age);
  out.terminal = terminal_text(stat.terminal);
  out.cpu_time = clock_text(static_cast<unsigned long long>(used));
  out.command = command_of(pid);
  return out;
}

}  // namespace

ProcessStat parse_stat(const std::string& text) {
  size_t end = text.rfind(')');
  if (end == text.npos || end + 2 > text.size()) return {};
  std::vector<std::string> fields = text::split(std::string_view(text).substr(end + 2), ' ');
  auto number = [&](size_t i) {
    return i < fields.size() ? text::to_int(fields[i]).value_or(0) : 0;
  };
  ProcessStat out;
  out.parent = static_cast<pid_t>(number(parent_field));
  out.terminal = static_cast<int>(number(terminal_field));
  out.cpu_ticks =
      static_cast<unsigned long long>(number(user_time_field) + number(system_time_field));
  out.start_ticks = static_cast<unsigned long long>(number(start_field));
  return out;
}

bool is_in_container(pid_t process, const std::string& container_id) {
  auto cgroups = read_proc(process, "cgroup");
  return cgroups && cgroups->find(container_id) != cgroups->npos;
}

std::vector<ProcessInfo> processes_of(const std::string& container_id, pid_t main_process) {
  auto cgroups = read_proc(main_process, "cgroup");
  if (!cgroups || cgroups->find(container_id) == cgroups->npos) return {};
  double now = uptime();
  std::vector<ProcessInfo> all;
  for (const std::string& name : fs::list_dir("/proc")) {
    auto number = text::to_int(name);
    if (!number) continue;
    auto pid = static_cast<pid_t>(*number);
    if (read_proc(pid, "cgroup") != cgroups) continue;
    auto process = process_of(pid, now);
    // Asked again: between the two its number cannot have become another's.
    if (process && read_proc(pid, "cgroup") == cgroups) all.push_back(*process);
  }
  std::sort(all.begin(), all.end(),
            [](const ProcessInfo& a, const ProcessInfo& b) { return a.pid < b.pid; });
  return all;
}

}  // namespace estiba::orchestrator
