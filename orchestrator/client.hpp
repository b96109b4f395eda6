// The command line's end of the server's API (docs/api.md): one request a connection, answered by
// JSON lines: any number of {"event":{...}}, then one {"result":{...}} or {"error":{...}}.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/unique_fd.hpp"
#include "orchestrator/paths.hpp"

namespace estiba::orchestrator {

class Client {
 public:
  /// Connects; starts the anchor (and with it keeper and server) if nobody listens.
  static Client connect(const Paths& paths);
  /// Nothing if no server runs.
  static std::optional<Client> connect_if_running(const Paths& paths);

  using OnEvent = std::function<void(const Json& event)>;
  /// Sends the request (with descriptors), hands out events as they come, returns the result.
  /// An error answer is thrown as Error with its exit code. Interrupted by SIGINT/SIGTERM through
  /// `interrupted`, which is asked after each EINTR.
  Json call(const std::string& method, const Json& params, const OnEvent& on_event = {},
            const std::vector<FdRef>& fds = {});

  /// The same in steps, for a caller with a poll loop of its own: send, then read what came.
  void send(const std::string& method, const Json& params, const std::vector<FdRef>& fds = {});
  FdRef fd() const { return socket_; }
  /// One message without blocking longer than for its rest; nothing at the end of the stream.
  std::optional<Json> receive();
  /// Descriptors that came with messages so far (the terminal of an exec), in order.
  std::vector<UniqueFd> take_fds();

 private:
  explicit Client(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
  std::string buffer_;
  std::vector<UniqueFd> received_;
};

}  // namespace estiba::orchestrator
