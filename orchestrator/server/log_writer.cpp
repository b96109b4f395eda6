#include "orchestrator/server/log_writer.hpp"

#include <fcntl.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/sys.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t read_size = 65536;
// Reads of one stream before the others get their turn.
constexpr int reads_a_turn = 16;

}  // namespace

void format_records(std::string_view chunk, std::string_view time, std::string_view stream,
                    bool& continued, std::string& out) {
  while (!chunk.empty()) {
    size_t end = chunk.find('\n');
    bool whole = end != std::string_view::npos;
    std::string_view line = chunk.substr(0, end);
    chunk.remove_prefix(whole ? end + 1 : chunk.size());
    out.append(time)
        .append(" ")
        .append(stream)
        .append(whole ? " F " : " P ")
        .append(line)
        .append("\n");
    continued = !whole;
  }
}

LogWriter::LogWriter(asio::io_context& io, Options options)
    : io_(io), options_(std::move(options)), ended_(io) {
  if (options_.path.empty()) return;
  file_ = sys::open(options_.path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  size_ = static_cast<uint64_t>(sys::fstat(file_).st_size);
}

void LogWriter::follow(UniqueFd reader, const char* stream) {
  auto source = std::make_shared<Source>(io_, std::move(reader), stream);
  source->reader.native_non_blocking(true);
  sources_.insert(source);
  wait_for(source);
}

void LogWriter::wait_for(std::shared_ptr<Source> source) {
  source->reader.async_wait(asio::posix::descriptor_base::wait_read,
                            [self = shared_from_this(), source](auto error) {
                              if (!error && self->take(*source)) return self->wait_for(source);
                              self->sources_.erase(source);
                              self->ended_.notify();
                            });
}

// False at the end of the stream. A terminal whose last user has gone reads as EIO.
bool LogWriter::take(Source& source) {
  std::array<char, read_size> buffer;
  for (int turn = 0; turn < reads_a_turn; ++turn) {
    ssize_t got = sys::eintr(
        [&] { return ::read(source.reader.native_handle(), buffer.data(), buffer.size()); });
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    if (!file_) continue;
    records_.clear();
    format_records({buffer.data(), static_cast<size_t>(got)}, format_rfc3339(wall_now()),
                   source.stream, source.continued, records_);
    write(records_);
  }
  return true;
}

// A full disk must not stop the container: what cannot be written is dropped, and said once.
void LogWriter::write(std::string_view records) {
  try {
    sys::write_all(file_, records, options_.path);
    size_ += records.size();
    if (options_.max_size > 0 && size_ >= options_.max_size) rotate();
  } catch (const Error& error) {
    log::warning(cat("log lines are lost: ", error.message()));
  }
}

// log → log.1 → log.2 ...; the oldest goes.
void LogWriter::rotate() {
  auto name = [&](unsigned number) {
    return number == 0 ? options_.path : cat(options_.path, ".", std::to_string(number));
  };
  for (unsigned number = options_.max_files - 1; number > 0; --number)
    if (fs::exists(name(number - 1))) sys::rename(name(number - 1), name(number));
  if (options_.max_files == 1) sys::unlink(options_.path);
  file_ = sys::open(options_.path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  size_ = 0;
}

void LogWriter::stop() {
  for (const auto& source : sources_) source->reader.cancel();
}

Task<> LogWriter::finished() {
  while (!sources_.empty()) co_await ended_.wait();
}

}  // namespace estiba::orchestrator
