#include "orchestrator/logs/follower.hpp"

#include <sys/inotify.h>

#include <cstring>
#include <queue>
#include <set>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"

namespace estiba::orchestrator {
namespace {

/// The line that a log will give next, kept until it is the oldest of all.
struct Head {
  std::string time, text;
  LogStream stream;
  size_t log;
};

struct Later {
  // Of two lines of one moment the log that was added first goes first.
  bool operator()(const Head& a, const Head& b) const {
    return std::tie(a.time, a.log) > std::tie(b.time, b.log);
  }
};

}  // namespace

void LogFollower::add(const std::string& id, const std::string& name, const std::string& path,
                      const LogFilter& filter) {
  if (has(id)) return;
  logs_.emplace(id, std::make_unique<Log>(Log{name, LogReader(path, filter)}));
  if (!inotify_) return;
  watch_directory(id);
  // What was written before it was watched is noticed by nobody else.
  drain(*logs_.at(id));
}

void LogFollower::drain(Log& log) {
  while (auto line = log.reader.next()) on_line_(log.name, *line);
}

void LogFollower::read_merged() {
  std::vector<Log*> logs;
  for (auto& [id, log] : logs_) logs.push_back(log.get());
  if (logs.size() == 1) return drain(*logs[0]);
  std::priority_queue<Head, std::vector<Head>, Later> heads;
  auto push_next = [&](size_t i) {
    if (auto line = logs[i]->reader.next())
      heads.push({std::string(line->time), std::string(line->text), line->stream, i});
  };
  for (size_t i = 0; i < logs.size(); ++i) push_next(i);
  while (!heads.empty()) {
    Head head = heads.top();
    heads.pop();
    on_line_(logs[head.log]->name, {head.time, head.stream, head.text});
    push_next(head.log);
  }
}

void LogFollower::watch() {
  if (inotify_) return;
  inotify_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_) throw Error("inotify_init1", "logs", Errno{errno});
  for (const auto& [id, log] : logs_) watch_directory(id);
}

void LogFollower::watch_directory(const std::string& id) {
  // The directory, not the file: it also tells of a rotation, and of a log that is yet to come.
  std::string directory = fs::parent_path(logs_.at(id)->reader.path());
  int watch =
      ::inotify_add_watch(inotify_.get(), directory.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO);
  if (watch < 0 && errno == ENOENT) return;
  if (watch < 0) throw Error("inotify_add_watch", directory, Errno{errno});
  watched_[watch] = id;
}

void LogFollower::read_changed() {
  alignas(inotify_event) char bytes[16384];
  std::set<std::string> changed;
  while (true) {
    ssize_t got = sys::eintr([&] { return ::read(inotify_.get(), bytes, sizeof bytes); });
    if (got <= 0) break;
    for (char* at = bytes; at < bytes + got;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      at += sizeof event + event.len;
      // The queue overflowed: any of them may have grown.
      if (event.mask & IN_Q_OVERFLOW)
        for (const auto& [id, log] : logs_) changed.insert(id);
      if (auto found = watched_.find(event.wd); found != watched_.end())
        changed.insert(found->second);
    }
  }
  for (const std::string& id : changed)
    if (auto found = logs_.find(id); found != logs_.end()) drain(*found->second);
}

void LogFollower::finish(const std::string& id) {
  auto found = logs_.find(id);
  if (found == logs_.end()) return;
  drain(*found->second);
  while (auto line = found->second->reader.rest()) on_line_(found->second->name, *line);
}

}  // namespace estiba::orchestrator
