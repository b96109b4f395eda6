// The keeper's epoll loop: readable descriptors and timers, one thread, no more.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/unique_fd.hpp"

namespace estiba::runtime {

using Milliseconds = std::chrono::milliseconds;
/// Time since boot.
Milliseconds monotonic_now();

class Loop {
 public:
  using Handler = std::function<void()>;
  Loop();

  void watch(FdRef fd, Handler handler);
  /// Also when it becomes writable.
  void want_writable(FdRef fd, bool wanted);
  void unwatch(FdRef fd);
  void after(Milliseconds delay, Handler handler);
  /// Until `done` says so.
  void run(const std::function<bool()>& done);

 private:
  int next_timeout() const;
  void run_timers();

  UniqueFd epoll_;
  std::map<int, std::shared_ptr<Handler>> handlers_;
  std::multimap<Milliseconds, Handler> timers_;
};

}  // namespace estiba::runtime
