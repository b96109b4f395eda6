// The command line's end of the server's API (docs/api.md): one request a connection, answered by
// JSON lines: any number of {"event":{...}}, then one {"result":{...}} or {"error":{...}}.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/unique_fd.hpp"
#include "orchestrator/paths.hpp"

namespace estiba::orchestrator {

/// As many servers in a row may end just as a command comes, where many come and go.
inline constexpr int attempts_at_an_ending_server = 50;

class Client {
 public:
  /// Connects; starts the anchor (and with it keeper and server) if nobody listens.
  static Client connect(const Paths& paths);
  /// Nothing if no server runs.
  static std::optional<Client> connect_if_running(const Paths& paths);

  using OnEvent = std::function<void(const Json& event)>;
  /// Sends the request (with descriptors), hands out events as they come, returns the result.
  /// An error answer is thrown as Error with its exit code; so is an interrupt (exit code 130),
  /// once interrupts::install() was called. `on_tick` is called every 100 ms of waiting.
  Json call(const std::string& method, const Json& params, const OnEvent& on_event = {},
            const std::function<void()>& on_tick = {});

  /// The same in steps, for a caller with a poll loop of its own: send, then read what came.
  void send(const std::string& method, const Json& params, const std::vector<FdRef>& fds = {});
  FdRef fd() const { return socket_; }
  /// Whether a whole message waits already, so that fd() need not become readable for it.
  bool has_message() const { return buffer_.find('\n') != std::string::npos; }
  /// One message, waiting for the rest of it; nothing at the end of the stream.
  std::optional<Json> receive();
  /// Descriptors that came with messages so far (the terminal of an exec), in order.
  std::vector<UniqueFd> take_fds() { return std::exchange(received_, {}); }
  /// The result in a message; throws what an error message holds. Nothing if it is an event. If
  /// nothing is left for the server to do, this returns when server and anchor have ended.
  std::optional<Json> result_in(const Json& message);

 private:
  Client(Paths paths, UniqueFd socket) : paths_(std::move(paths)), socket_(std::move(socket)) {}
  /// Reads once into the buffer; false at the end of the stream.
  bool read_more();
  void wait_for_the_end(const Json& answer);
  /// Throws if more than `signals` have come.
  void wait_readable(int signals, const std::function<void()>& on_tick) const;

  Paths paths_;
  UniqueFd socket_;
  std::string buffer_;
  std::vector<UniqueFd> received_;
};

}  // namespace estiba::orchestrator
