#include "runtime/keeper/loop.hpp"

#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace estiba::runtime {
namespace {

void control(FdRef epoll, int operation, FdRef fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd.get();
  if (::epoll_ctl(epoll.get(), operation, fd.get(), &event) != 0)
    throw Error{"epoll_ctl", "", Errno{errno}};
}

}  // namespace

Milliseconds monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return Milliseconds{int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000};
}

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw Error{"epoll_create1", "", Errno{errno}};
}

void Loop::watch(FdRef fd, Handler handler) {
  control(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN);
  handlers_[fd.get()] = std::make_shared<Handler>(std::move(handler));
}

void Loop::want_writable(FdRef fd, bool wanted) {
  control(epoll_, EPOLL_CTL_MOD, fd, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void Loop::unwatch(FdRef fd) {
  if (handlers_.erase(fd.get()) != 0) control(epoll_, EPOLL_CTL_DEL, fd, 0);
}

void Loop::after(Milliseconds delay, Handler handler) {
  timers_.emplace(monotonic_now() + delay, std::move(handler));
}

int Loop::next_timeout() const {
  if (timers_.empty()) return -1;
  auto left = timers_.begin()->first - monotonic_now();
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

void Loop::run_timers() {
  while (!timers_.empty() && timers_.begin()->first <= monotonic_now()) {
    Handler handler = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    handler();
  }
}

void Loop::run(const std::function<bool()>& done) {
  std::array<epoll_event, 64> events{};
  while (!done()) {
    int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), next_timeout());
    for (int i = 0; i < count; ++i) {
      // A handler may unwatch another one whose event is in this batch.
      auto found = handlers_.find(events[static_cast<size_t>(i)].data.fd);
      if (found == handlers_.end()) continue;
      std::shared_ptr<Handler> handler = found->second;
      (*handler)();
    }
    run_timers();
  }
}

}  // namespace estiba::runtime
