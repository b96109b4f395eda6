#include "orchestrator/logs/record.hpp"

namespace estiba::orchestrator {
namespace {

// Beyond this a line is handed out in pieces: a stream without line ends must not fill the memory.
constexpr size_t longest_line = size_t{4} << 20;

std::string_view take_word(std::string_view& rest) {
  size_t blank = rest.find(' ');
  std::string_view word = rest.substr(0, blank);
  rest = blank == rest.npos ? std::string_view{} : rest.substr(blank + 1);
  return word;
}

}  // namespace

std::optional<LogRecord> parse_record(std::string_view line) {
  LogRecord record;
  record.time = take_word(line);
  std::string_view stream = take_word(line);
  std::string_view tag = take_word(line);
  if (record.time.empty() || (stream != "stdout" && stream != "stderr")) return std::nullopt;
  if (tag != "F" && tag != "P") return std::nullopt;
  record.stream = stream == "stderr" ? LogStream::err : LogStream::out;
  record.whole = tag == "F";
  record.text = line;
  return record;
}

std::optional<LogLine> LineJoiner::add(const LogRecord& record) {
  Begun& begun = of(record.stream);
  if (!begun.open && record.whole) return LogLine{record.time, record.stream, record.text};
  if (!begun.open) {
    begun.time = record.time;
    begun.open = true;
  }
  begun.text += record.text;
  if (!record.whole && begun.text.size() < longest_line) return std::nullopt;
  return finished(record.stream);
}

LogLine LineJoiner::finished(LogStream stream) {
  Begun& begun = of(stream);
  time_.swap(begun.time);
  text_.swap(begun.text);
  begun.text.clear();
  begun.open = false;
  return {time_, stream, text_};
}

std::optional<LogLine> LineJoiner::rest() {
  for (LogStream stream : {LogStream::out, LogStream::err})
    if (of(stream).open) return finished(stream);
  return std::nullopt;
}

}  // namespace estiba::orchestrator
