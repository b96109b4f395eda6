#include "orchestrator/cli/interrupt_watch.hpp"

#include <poll.h>

#include "base/sys.hpp"
#include "orchestrator/cli/interrupts.hpp"

namespace estiba::orchestrator {
namespace {

constexpr int tick_ms = 100;

}  // namespace

InterruptWatch::InterruptWatch(std::function<void()> tick)
    : tick_(std::move(tick)),
      over_(sys::eventfd()),
      thread_([this, before = interrupts::take()] { watch(before); }) {}

InterruptWatch::~InterruptWatch() {
  uint64_t one = 1;
  sys::write_all(over_, {reinterpret_cast<const char*>(&one), sizeof one}, "eventfd");
}

void InterruptWatch::watch(int signals_before) {
  while (true) {
    pollfd waiting[] = {{interrupts::fd().get(), POLLIN, 0}, {over_.get(), POLLIN, 0}};
    ::poll(waiting, 2, tick_ms);
    if (waiting[1].revents != 0) return;
    if (interrupts::take() > signals_before) {
      interrupted_ = true;
      stop_.request_stop();
    }
    tick_();
  }
}

}  // namespace estiba::orchestrator
