#include "orchestrator/cli/attached.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t chunk = size_t{64} << 10;

void make_nonblocking(FdRef fd) {
  int flags = ::fcntl(fd.get(), F_GETFL);
  ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK);
}

}  // namespace

struct RawTerminal::Saved {
  termios settings;
};

RawTerminal::RawTerminal(FdRef fd) : fd_(fd) {
  termios settings{};
  if (::tcgetattr(fd.get(), &settings) != 0) return;
  saved_ = std::make_unique<Saved>(Saved{settings});
  ::cfmakeraw(&settings);
  ::tcsetattr(fd.get(), TCSANOW, &settings);
}

RawTerminal::~RawTerminal() {
  if (saved_) ::tcsetattr(fd_.get(), TCSADRAIN, &saved_->settings);
}

bool have_terminal() {
  return ui::is_terminal(FdRef(STDIN_FILENO)) && ui::is_terminal(FdRef(STDOUT_FILENO));
}

Attached::Attached(Client& client, ProcessStreams streams)
    : client_(client), streams_(std::move(streams)) {
  // The process may close its input while we write to it: that is no reason to die.
  ::signal(SIGPIPE, SIG_IGN);
  interrupts::install();
  for (UniqueFd* fd : {&streams_.input, &streams_.output, &streams_.errors, &streams_.terminal})
    if (*fd) make_nonblocking(*fd);
  if (!streams_.terminal) return;
  interrupts::watch_window();
  resize();
}

void Attached::ignore_input() {
  input_open_ = false;
  streams_.input.reset();
}

void Attached::resize() {
  winsize size{};
  if (streams_.terminal && ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
    ::ioctl(streams_.terminal.get(), TIOCSWINSZ, &size);
}

void Attached::pump_input() {
  char bytes[chunk];
  ssize_t got = sys::eintr([&] { return ::read(STDIN_FILENO, bytes, sizeof bytes); });
  if (got > 0) {
    pending_input_.assign(bytes, static_cast<size_t>(got));
    push_input();
    return;
  }
  input_open_ = false;
  // The end of our input is the end of the process's; a terminal has no such end.
  streams_.input.reset();
}

void Attached::push_input() {
  const UniqueFd& sink = streams_.terminal ? streams_.terminal : streams_.input;
  ssize_t written =
      sys::eintr([&] { return ::write(sink.get(), pending_input_.data(), pending_input_.size()); });
  if (written >= 0) {
    pending_input_.erase(0, static_cast<size_t>(written));
  } else if (errno != EAGAIN) {
    pending_input_.clear();
    input_open_ = false;
    streams_.input.reset();
  }
}

/// False when nothing waits there for now, or ever again.
bool Attached::pump_output(UniqueFd& from, int to) {
  char bytes[chunk];
  ssize_t got = sys::eintr([&] { return ::read(from.get(), bytes, sizeof bytes); });
  if (got > 0) {
    sys::write_all(FdRef(to), {bytes, static_cast<size_t>(got)}, "standard output");
    return true;
  }
  // A pty master says EIO once the last process with the terminal has gone.
  if (got == 0 || errno != EAGAIN) from.reset();
  return false;
}

void Attached::handle_signals() {
  if (interrupts::window_changed()) resize();
  int seen = interrupts::take();
  if (seen <= interrupts_handled_) return;
  interrupts_handled_ = seen;
  if (seen > 1 || !on_interrupt) throw Error("", 130);
  on_interrupt(interrupts::last_signal());
}

void Attached::step(int timeout_ms) {
  bool has_sink = streams_.terminal || streams_.input;
  bool read_input = input_open_ && has_sink && pending_input_.empty();
  short terminal_wants = static_cast<short>(POLLIN | (pending_input_.empty() ? 0 : POLLOUT));
  pollfd all[] = {
      {client_.fd().get(), POLLIN, 0},
      {interrupts::fd().get(), POLLIN, 0},
      {read_input ? STDIN_FILENO : -1, POLLIN, 0},
      // With nothing to write it is polled for its error alone: the process has closed its input.
      {streams_.input.get(), static_cast<short>(pending_input_.empty() ? 0 : POLLOUT), 0},
      {streams_.output.get(), POLLIN, 0},
      {streams_.errors.get(), POLLIN, 0},
      {streams_.terminal.get(), terminal_wants, 0},
  };
  // A message that came along with another one makes nothing readable.
  if (client_.has_message()) timeout_ms = 0;
  if (::poll(all, std::size(all), timeout_ms) < 0 && errno != EINTR)
    throw Error("poll", "standard streams", Errno{errno});
  if (all[1].revents) handle_signals();
  if (all[4].revents) pump_output(streams_.output, STDOUT_FILENO);
  if (all[5].revents) pump_output(streams_.errors, STDERR_FILENO);
  if (all[6].revents & ~POLLOUT) pump_output(streams_.terminal, STDOUT_FILENO);
  if (all[3].revents & POLLERR) {
    pending_input_.clear();
    input_open_ = false;
    streams_.input.reset();
  }
  if (!pending_input_.empty() && ((all[3].revents | all[6].revents) & POLLOUT)) push_input();
  if (all[2].revents && has_sink) pump_input();
  if (all[0].revents || client_.has_message()) {
    auto message = client_.receive();
    if (!message) throw Error("the server ended before the process did");
    result_ = client_.result_in(*message);
    if (!result_ && on_event && message->contains("event")) on_event(message->at("event"));
  }
}

Json Attached::wait() {
  while (!result_) step(-1);
  // All that the process wrote is in the pipes by now. A child that it left behind may keep them
  // open: nobody waits for that.
  while (streams_.output && pump_output(streams_.output, STDOUT_FILENO)) {
  }
  while (streams_.errors && pump_output(streams_.errors, STDERR_FILENO)) {
  }
  while (streams_.terminal && pump_output(streams_.terminal, STDOUT_FILENO)) {
  }
  return *result_;
}

}  // namespace estiba::orchestrator
