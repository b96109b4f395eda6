// Several logs at once: those that exist are read in the order of time, and what is added to any of
// them is noticed by inotify. It prints nothing itself and waits for nothing: its owner polls fd().
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "orchestrator/logs/reader.hpp"

namespace estiba::orchestrator {

class LogFollower {
 public:
  using OnLine = std::function<void(const std::string& name, const LogLine& line)>;
  explicit LogFollower(OnLine on_line) : on_line_(std::move(on_line)) {}

  /// Adds a log under a container's id; does nothing if it is there already. While watching, what
  /// it holds is handed out at once.
  void add(const std::string& id, const std::string& name, const std::string& path,
           const LogFilter& filter);
  bool has(const std::string& id) const { return logs_.contains(id); }
  /// Hands out all that is there, lines of all logs in the order of their times.
  void read_merged();
  /// From here on fd() becomes readable when something was written.
  void watch();
  FdRef fd() const { return inotify_; }
  /// Reads the logs that inotify named.
  void read_changed();
  /// After a container's end: reads the rest, also what has no line end.
  void finish(const std::string& id);

 private:
  struct Log {
    std::string name;
    LogReader reader;
  };
  void drain(Log& log);
  void watch_directory(const std::string& id);

  OnLine on_line_;
  std::map<std::string, std::unique_ptr<Log>> logs_;
  UniqueFd inotify_;
  std::map<int, std::string> watched_;  // watch descriptor → container id
};

}  // namespace estiba::orchestrator
