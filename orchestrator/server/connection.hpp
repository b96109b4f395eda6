// One client of the API: a request, then JSON lines back, with descriptors beside them. Never
// blocks: a client that does not read gets its own bounded queue, and is dropped when that is full.
#pragma once
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/unique_fd.hpp"
#include "orchestrator/server/async.hpp"

namespace estiba::orchestrator {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& io, UniqueFd socket);

  /// The request's text (one line), its descriptors kept in take_fds; empty if the client left, or
  /// sends nothing for too long.
  Task<std::string> read_request();
  std::vector<UniqueFd> take_fds() { return std::move(fds_); }
  size_t fd_count() const { return fds_.size(); }

  void send(const Json& message);
  void send(const Json& message, std::vector<UniqueFd> fds);
  void progress(const std::string& id, const std::string& status, const std::string& state,
                const std::string& text = "");
  void warn(const std::string& text);

  /// The client has gone; `changed` is notified then.
  bool closed() const { return closed_; }
  /// Notices when the client goes. Call once, after the request was read.
  void watch();
  /// Everything queued has been handed to the kernel, or the client is gone.
  Task<> drained();
  void close();

  /// Whatever a handler of this connection waits for may notify it.
  Notifier changed;

 private:
  struct Outgoing {
    std::string data;
    size_t sent = 0;
    std::vector<UniqueFd> fds;
  };
  /// False at the end, or if more descriptors come than any request has.
  bool receive_some(std::string& into, std::vector<UniqueFd>& fds);
  void flush();
  bool flush_one(Outgoing& first);

  asio::posix::stream_descriptor socket_;
  std::vector<UniqueFd> fds_;
  std::deque<Outgoing> queue_;
  size_t queued_bytes_ = 0;
  bool flushing_ = false, closed_ = false;
};

}  // namespace estiba::orchestrator
