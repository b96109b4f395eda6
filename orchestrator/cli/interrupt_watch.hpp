// Beside long work of this process: an interrupt stops it, and progress timers go on.
#pragma once
#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

#include "base/unique_fd.hpp"

namespace estiba::orchestrator {

class InterruptWatch {
 public:
  /// `tick` is called ten times a second, from another thread.
  explicit InterruptWatch(std::function<void()> tick);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  std::stop_token stop_token() const { return stop_.get_token(); }
  void stop() { stop_.request_stop(); }
  bool interrupted() const { return interrupted_; }

 private:
  void watch(int signals_before);

  std::function<void()> tick_;
  std::stop_source stop_;
  std::atomic<bool> interrupted_ = false;
  UniqueFd over_;
  std::jthread thread_;
};

}  // namespace estiba::orchestrator
