// A process in a container, and this terminal or these pipes: bytes go both ways until it ends.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/unique_fd.hpp"
#include "orchestrator/client.hpp"

namespace estiba::orchestrator {

/// Our ends. Either `terminal`, or the three others.
struct ProcessStreams {
  UniqueFd input, output, errors;
  UniqueFd terminal;
};

/// Our standard input as raw bytes while a terminal is attached; restored when it goes.
class RawTerminal {
 public:
  explicit RawTerminal(FdRef fd);
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal();

 private:
  struct Saved;
  FdRef fd_;
  std::unique_ptr<Saved> saved_;
};

class Attached {
 public:
  /// `client` has sent its request; its result says how the process ended.
  Attached(Client& client, ProcessStreams streams);
  /// Standard input is not read: `run` without -i.
  void ignore_input();
  /// Called with SIGINT or SIGTERM when one comes; the second time the wait ends with 130.
  std::function<void(int signal)> on_interrupt;
  std::function<void(const Json& event)> on_event;
  /// The result; what the process wrote until then has been written out.
  Json wait();

 private:
  void step(int timeout_ms);
  void pump_input();
  void push_input();
  bool pump_output(UniqueFd& from, int to);
  void handle_signals();
  void resize();

  Client& client_;
  ProcessStreams streams_;
  bool input_open_ = true;
  std::string pending_input_;
  std::optional<Json> result_;
  int interrupts_handled_ = 0;
};

/// Whether a terminal can be attached at all: both our input and our output are one.
bool have_terminal();

}  // namespace estiba::orchestrator
