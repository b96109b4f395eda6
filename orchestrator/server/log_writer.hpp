// A container's output to its log file: records of the CRI logging format, `TIME STREAM F|P
// TEXT\n`. What was read is written in the same step, so that a killed server loses nothing that it
// had taken.
#pragma once
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"
#include "orchestrator/server/async.hpp"

namespace estiba::orchestrator {

/// Appends records for one read of a stream: whole lines as F; what is left over as P (the line
/// goes on). `continued` says whether the last record of this stream was P, and is brought up to
/// date.
void format_records(std::string_view chunk, std::string_view time, std::string_view stream,
                    bool& continued, std::string& out);

class LogWriter : public std::enable_shared_from_this<LogWriter> {
 public:
  struct Options {
    std::string path;       ///< empty: everything is read and dropped (driver none)
    uint64_t max_size = 0;  ///< bytes of one file before it is rotated; 0: no bound
    unsigned max_files = 1;
  };
  LogWriter(asio::io_context& io, Options options);

  /// Reads the descriptor until its end. With a terminal there is one stream.
  void follow(UniqueFd reader, const char* stream);
  /// Every stream has come to its end, or stop() was called.
  Task<> finished();
  /// Gives up on streams that somebody outside the container holds open.
  void stop();

 private:
  struct Source {
    Source(asio::io_context& io, UniqueFd fd, const char* name)
        : reader(io, fd.release()), stream(name) {}
    asio::posix::stream_descriptor reader;
    const char* stream;
    bool continued = false;
  };
  void wait_for(std::shared_ptr<Source> source);
  bool take(Source& source);
  void write(std::string_view records);
  void rotate();

  asio::io_context& io_;
  Options options_;
  UniqueFd file_;
  uint64_t size_ = 0;
  std::set<std::shared_ptr<Source>> sources_;
  Notifier ended_;
  std::string records_;
};

}  // namespace estiba::orchestrator
