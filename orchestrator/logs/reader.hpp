// Reads one container's log, from its oldest file to the newest, and goes on where it stopped when
// more was written or the file was rotated.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "orchestrator/logs/record.hpp"

namespace estiba::orchestrator {

/// Which lines are wanted. Times are RFC 3339 with nine digits in UTC; empty: no bound.
struct LogFilter {
  std::optional<uint64_t> tail;
  std::string since, until;
};

class LogReader {
 public:
  /// The newest file need not exist yet. Older ones are PATH.1 (the newest of them), PATH.2, ...
  LogReader(std::string path, LogFilter filter);

  /// The next line, or nothing: all that is there was read.
  std::optional<LogLine> next();
  /// At the container's end: what was begun without a line end.
  std::optional<LogLine> rest() { return joiner_.rest(); }
  const std::string& path() const { return path_; }

 private:
  /// A stretch of lines still to be read before the newest file.
  struct Source {
    UniqueFd fd;
    std::string path;
    uint64_t start = 0;
  };
  void choose_start();
  bool next_source();
  bool fill();
  bool rotated() const;
  std::optional<LogRecord> next_record();
  bool wanted(const LogLine& line) const;

  std::string path_;
  LogFilter filter_;
  std::vector<Source> older_;  // the next one last
  Source current_;
  std::string buffer_;
  size_t used_ = 0;
  LineJoiner joiner_;
};

/// Where the last `lines` whole lines of a file begin, and how many it has up to that number.
struct TailStart {
  uint64_t offset = 0;
  uint64_t lines = 0;
};
TailStart find_tail(FdRef fd, uint64_t lines, const std::string& path);

}  // namespace estiba::orchestrator
