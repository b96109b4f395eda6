#include "orchestrator/logs/reader.hpp"

#include <fcntl.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t block_size = size_t{256} << 10;

UniqueFd open_log(const std::string& path) {
  if (!fs::exists(path)) return {};
  return sys::open(path, O_RDONLY);
}

void seek(FdRef fd, uint64_t offset, const std::string& path) {
  if (::lseek(fd.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
    throw Error("lseek", path, Errno{errno});
}

std::string read_at(FdRef fd, uint64_t offset, size_t size, const std::string& path) {
  std::string out(size, '\0');
  seek(fd, offset, path);
  size_t got = 0;
  while (got < size) {
    size_t more = sys::read(fd, out.data() + got, size - got, path);
    if (more == 0) break;
    got += more;
  }
  out.resize(got);
  return out;
}

/// Whether the record at the front of this text ends its line.
bool ends_a_line(std::string_view record) {
  auto parsed = parse_record(record);
  return parsed && parsed->whole;
}

}  // namespace

TailStart find_tail(FdRef fd, uint64_t lines, const std::string& path) {
  uint64_t end = static_cast<uint64_t>(sys::fstat(fd).st_size);
  TailStart found{end, 0};
  std::string text;  // from found position `base` to the end of what is not judged yet
  uint64_t base = end;
  while (base > 0 || !text.empty()) {
    // Records are judged from the last to the first; the first of the text may lack its front.
    size_t last = text.size();
    if (last > 0 && text[last - 1] == '\n') --last;
    size_t before = last == 0 ? text.npos : text.rfind('\n', last - 1);
    if (before == text.npos && base > 0) {
      size_t size = static_cast<size_t>(std::min<uint64_t>(base, block_size));
      base -= size;
      text.insert(0, read_at(fd, base, size, path));
      continue;
    }
    size_t begin = before == text.npos ? 0 : before + 1;
    // The very last record counts as well: a line without an end, such as a prompt.
    bool newest = found.offset == end;
    bool ends = newest || ends_a_line(std::string_view(text).substr(begin, last - begin));
    // One line too many: what follows it is what was asked for.
    if (ends && found.lines == lines) return found;
    if (ends) ++found.lines;
    found.offset = base + begin;
    text.resize(begin);
    if (base == 0 && begin == 0) break;
  }
  return found;
}

LogReader::LogReader(std::string path, LogFilter filter)
    : path_(std::move(path)), filter_(std::move(filter)) {
  choose_start();
}

void LogReader::choose_start() {
  std::vector<Source> sources;  // newest first
  sources.push_back({open_log(path_), path_});
  for (int i = 1;; ++i) {
    std::string path = cat(path_, ".", std::to_string(i));
    UniqueFd fd = open_log(path);
    if (!fd) break;
    sources.push_back({std::move(fd), std::move(path)});
  }
  if (filter_.tail) {
    uint64_t missing = *filter_.tail;
    size_t used = 0;
    for (; used < sources.size(); ++used) {
      if (!sources[used].fd) continue;
      TailStart start = find_tail(sources[used].fd, missing, sources[used].path);
      sources[used].start = start.offset;
      missing -= start.lines;
      if (missing == 0) break;
    }
    sources.resize(std::min(used + 1, sources.size()));
  }
  older_ = std::move(sources);
  next_source();
}

bool LogReader::next_source() {
  if (older_.empty()) return false;
  current_ = std::move(older_.back());
  older_.pop_back();
  if (current_.fd) seek(current_.fd, current_.start, current_.path);
  return true;
}

bool LogReader::rotated() const {
  auto named = sys::stat(path_);
  if (!named) return false;
  struct stat open = sys::fstat(current_.fd);
  return named->st_ino != open.st_ino || named->st_dev != open.st_dev;
}

bool LogReader::fill() {
  buffer_.erase(0, used_);
  used_ = 0;
  size_t kept = buffer_.size();
  buffer_.resize(kept + block_size);
  size_t got = current_.fd ? sys::read(current_.fd, buffer_.data() + kept, block_size, path_) : 0;
  buffer_.resize(kept + got);
  return got > 0;
}

std::optional<LogRecord> LogReader::next_record() {
  while (true) {
    size_t end = buffer_.find('\n', used_);
    if (end != buffer_.npos) {
      std::string_view line(buffer_.data() + used_, end - used_);
      used_ = end + 1;
      if (auto record = parse_record(line)) return record;
      continue;
    }
    if (!current_.fd) current_.fd = open_log(path_);
    if (fill()) continue;
    if (next_source()) continue;
    if (!current_.fd || !rotated()) return std::nullopt;
    // Rotated while we were at its end. What was written between our read and the renaming is
    // still behind the old descriptor: it is read to its end before the new file is opened.
    if (fill()) continue;
    current_ = {open_log(path_), path_, 0};
  }
}

bool LogReader::wanted(const LogLine& line) const {
  if (!filter_.since.empty() && line.time < filter_.since) return false;
  return filter_.until.empty() || line.time <= filter_.until;
}

std::optional<LogLine> LogReader::next() {
  while (auto record = next_record()) {
    auto line = joiner_.add(*record);
    if (line && wanted(*line)) return line;
  }
  return std::nullopt;
}

}  // namespace estiba::orchestrator
