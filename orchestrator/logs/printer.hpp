// Lines of several containers on one screen: prefixes of one width, a colour for each container.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/logs/record.hpp"

namespace estiba::orchestrator {

struct LogStyle {
  bool prefix = true;
  bool colours = false;
  bool timestamps = false;
  /// `up` keeps the containers' standard error apart, `logs` prints all on standard output.
  bool separate_errors = false;
};

class LogPrinter {
 public:
  explicit LogPrinter(LogStyle style) : style_(style) {}
  ~LogPrinter() { flush(); }

  /// Makes room for a name; printing does so too.
  void announce(const std::string& name);
  void print(const std::string& name, const LogLine& line);
  /// Words about the containers, among their lines.
  void say(std::string_view sentence);
  /// Lines are gathered and written together.
  void flush();

  /// "web-1  | ", as it would be printed now.
  std::string prefix(const std::string& name) const;

 private:
  void append(LogStream stream, std::string_view text);

  LogStyle style_;
  std::map<std::string, size_t> colour_of_;
  size_t width_ = 0;
  std::string out_, err_;
};

}  // namespace estiba::orchestrator
