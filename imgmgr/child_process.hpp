// A program run for its output: its standard output and error arrive as descriptors. It has a mount
// namespace of its own, and is ended and reaped with its owner.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace estiba::img {

class ChildProcess {
 public:
  /// Found on PATH; nothing if there is no such program. `env` is added to ours.
  static std::optional<ChildProcess> start(const std::vector<std::string>& argv,
                                           const std::vector<std::string>& env);
  /// As above, with a standard input.
  static std::optional<ChildProcess> start(const std::vector<std::string>& argv,
                                           const std::vector<std::string>& env, FdRef input);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  FdRef output() const { return output_; }
  FdRef errors() const { return errors_; }
  /// Waits for its end: the exit status, or 128 + the signal.
  int wait();
  bool running() const { return pid_ >= 0; }
  /// SIGTERM, and waits; harmless when it has ended.
  void stop();

 private:
  ChildProcess(pid_t pid, UniqueFd output, UniqueFd errors)
      : pid_(pid), output_(std::move(output)), errors_(std::move(errors)) {}

  pid_t pid_ = -1;
  UniqueFd output_, errors_;
};

}  // namespace estiba::img
