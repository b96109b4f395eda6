// A record of a container's log: a line of the CRI logging format, and how records become lines.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace estiba::orchestrator {

enum class LogStream { out, err };

struct LogRecord {
  std::string_view time;  ///< RFC 3339, UTC, nine digits: sorts as text
  LogStream stream = LogStream::out;
  bool whole = true;  ///< false: the line goes on in the stream's next record
  std::string_view text;
};

/// `2026-11-25T11:33:16.000000001Z stdout F text`, without line end. Nothing if it is not one.
std::optional<LogRecord> parse_record(std::string_view line);

/// A whole line; its views are good until the next one is asked for.
struct LogLine {
  std::string_view time;
  LogStream stream = LogStream::out;
  std::string_view text;
};

/// Joins the pieces of long lines, each stream for itself.
class LineJoiner {
 public:
  /// The line that this record completes, if it does.
  std::optional<LogLine> add(const LogRecord& record);
  /// What was begun and never ended, at the end of a log; one stream a call, until nothing comes.
  std::optional<LogLine> rest();

 private:
  struct Begun {
    std::string time, text;
    bool open = false;
  };
  Begun& of(LogStream stream) { return begun_[stream == LogStream::err ? 1 : 0]; }
  LogLine finished(LogStream stream);

  Begun begun_[2];
  std::string time_, text_;  // what the last line's views point at
};

}  // namespace estiba::orchestrator
