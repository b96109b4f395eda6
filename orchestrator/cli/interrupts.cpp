#include "orchestrator/cli/interrupts.hpp"

#include <fcntl.h>
#include <signal.h>

#include <cerrno>

#include "base/sys.hpp"

namespace estiba::orchestrator::interrupts {
namespace {

// What a signal handler may touch has to be global.
int reading_end = -1;
int writing_end = -1;
volatile sig_atomic_t signals_seen = 0;
volatile sig_atomic_t last_seen = 0;
volatile sig_atomic_t window_seen = 0;

void on_signal(int number) {
  int saved = errno;
  if (number == SIGWINCH) {
    window_seen = 1;
  } else {
    signals_seen = signals_seen + 1;
    last_seen = number;
  }
  [[maybe_unused]] ssize_t written = ::write(writing_end, "", 1);
  errno = saved;
}

void handle(int number) {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

void install() {
  if (reading_end >= 0) return;
  sys::Pipe pipe = sys::pipe2(O_NONBLOCK);
  reading_end = pipe.reader.release();
  writing_end = pipe.writer.release();
  handle(SIGINT);
  handle(SIGTERM);
}

FdRef fd() { return FdRef(reading_end); }

int take() {
  char drained[64];
  while (reading_end >= 0 && ::read(reading_end, drained, sizeof drained) > 0) {
  }
  return signals_seen;
}

int last_signal() { return last_seen; }

void watch_window() {
  install();
  handle(SIGWINCH);
}

bool window_changed() {
  bool changed = window_seen != 0;
  window_seen = 0;
  return changed;
}

}  // namespace estiba::orchestrator::interrupts
