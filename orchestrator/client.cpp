#include "orchestrator/client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/peer.hpp"
#include "runtime/containers.hpp"

namespace estiba::orchestrator {
namespace {

constexpr int start_timeout_ms = 10'000;
constexpr int anchor_again_ms = 500;
constexpr int end_timeout_ms = 5'000;
constexpr size_t most_descriptors = 8;

void pause_ms(int milliseconds) { ::poll(nullptr, 0, milliseconds); }

// Whether nobody holds the lock, or it is gone. It is not made here: its directory may be on its
// way out. Nor waited for: another command may start the next anchor, which keeps it.
bool is_free(const std::string& lock) {
  UniqueFd file{::open(lock.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return errno == ENOENT;
  return ::flock(file.get(), LOCK_SH | LOCK_NB) == 0;
}

/// Nothing if nobody listens there.
UniqueFd try_connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw Error(cat("$ESTIBA_RUNDIR is too long for a socket's path: ", path));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw Error("socket", "AF_UNIX", Errno{errno});
  int failed = sys::eintr([&] {
    return ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  });
  if (failed == 0 && !is_roots(socket))
    throw Error(cat("whoever listens at ", path,
                    " is not root: somebody else has made it; remove "
                    "it, or choose an ESTIBA_RUNDIR that only root can write to"));
  if (failed == 0) return socket;
  if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN) return {};
  throw Error("connect", path, Errno{errno});
}

// Whoever may write there decides what the server reads and whom commands talk to.
void refuse_foreign(const std::string& directory, const char* variable) {
  auto status = sys::stat(directory);
  if (!status) return;
  bool others = status->st_uid != 0 || (status->st_mode & S_IWOTH) != 0 ||
                ((status->st_mode & S_IWGRP) != 0 && status->st_gid != 0);
  if (others)
    throw Error(cat(directory,
                    " can be written by others than root; take that from them, or choose "
                    "another $",
                    variable));
}

void start_anchor(const Paths& paths) {
  refuse_foreign(paths.run_dir, "ESTIBA_RUNDIR");
  refuse_foreign(paths.root, "ESTIBA_ROOT");
  runtime::start_anchor(sys::readlink("/proc/self/exe"), {paths.run_dir, paths.root});
}

UniqueFd connect_or_start(const Paths& paths) {
  if (UniqueFd socket = try_connect(paths.socket())) return socket;
  int waited = 0;
  for (int step = 1; waited < start_timeout_ms; waited += step) {
    // Asked again now and then: an anchor that was just ending may have sent the first one away.
    if (waited % anchor_again_ms == 0) start_anchor(paths);
    pause_ms(step);
    if (UniqueFd socket = try_connect(paths.socket())) return socket;
    if (waited == 100) step = 10;
  }
  throw Error(
      cat("the server did not start within 10 seconds; ", paths.run_dir, "/estiba.log says why"));
}

Json parse_message(const std::string& line) { return parse_json(line, "the server's answer"); }

}  // namespace

Client Client::connect(const Paths& paths) { return Client(paths, connect_or_start(paths)); }

std::optional<Client> Client::connect_if_running(const Paths& paths) {
  UniqueFd socket = try_connect(paths.socket());
  if (!socket) return std::nullopt;
  return Client(paths, std::move(socket));
}

void Client::send(const std::string& method, const Json& params, const std::vector<FdRef>& fds) {
  std::string text = json::dump({{"method", method}, {"params", params}}) + "\n";
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_descriptors)] = {};
  iovec data{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    for (size_t i = 0; i < fds.size(); ++i) {
      int fd = fds[i].get();
      std::memcpy(CMSG_DATA(header) + i * sizeof fd, &fd, sizeof fd);
    }
  }
  while (data.iov_len > 0) {
    ssize_t sent = sys::eintr([&] { return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL); });
    // The peer's end is found by the read that follows, where it can be told from a real failure.
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
    if (sent < 0) throw Error("sendmsg", paths_.socket(), Errno{errno});
    data.iov_base = static_cast<char*>(data.iov_base) + sent;
    data.iov_len -= static_cast<size_t>(sent);
    message.msg_control = nullptr;
    message.msg_controllen = 0;
  }
}

bool Client::read_more() {
  char bytes[65536];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_descriptors)];
  iovec data{bytes, sizeof bytes};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = sys::eintr([&] { return ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC); });
  if (got < 0 && errno == ECONNRESET) return false;
  if (got < 0) throw Error("recvmsg", paths_.socket(), Errno{errno});
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      received_.emplace_back(fd);
    }
  }
  buffer_.append(bytes, static_cast<size_t>(got));
  return got > 0;
}

std::optional<Json> Client::receive() {
  size_t searched = 0;
  while (true) {
    size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return parse_message(line);
    }
    searched = buffer_.size();
    if (!read_more()) return std::nullopt;
  }
}

std::optional<Json> Client::result_in(const Json& message) {
  if (auto found = message.find("error"); found != message.end()) {
    wait_for_the_end(*found);
    auto code = json::int_at(*found, "exit_code").value_or(1);
    throw Error(json::required_string(*found, "message"), static_cast<int>(code));
  }
  auto found = message.find("result");
  if (found == message.end()) return std::nullopt;
  wait_for_the_end(*found);
  return *found;
}

void Client::wait_readable(int signals, const std::function<void()>& on_tick) const {
  while (true) {
    pollfd waiting[] = {{socket_.get(), POLLIN, 0}, {interrupts::fd().get(), POLLIN, 0}};
    int ready = ::poll(waiting, 2, on_tick ? 100 : -1);
    if (ready < 0 && errno != EINTR) throw Error("poll", paths_.socket(), Errno{errno});
    if (interrupts::take() > signals) throw Error("canceled", 130);
    if (on_tick) on_tick();
    if (waiting[0].revents != 0 && ready > 0) return;
  }
}

Json Client::call(const std::string& method, const Json& params, const OnEvent& on_event,
                  const std::function<void()>& on_tick) {
  bool answered = false;
  int signals = interrupts::take();
  for (int attempt = 1;; ++attempt) {
    send(method, params);
    while (true) {
      if (!has_message()) wait_readable(signals, on_tick);
      auto message = receive();
      if (!message) break;
      answered = true;
      if (auto result = result_in(*message)) return *result;
      if (on_event && message->contains("event")) on_event(message->at("event"));
    }
    if (answered || attempt == attempts_at_an_ending_server)
      throw Error(
          cat("the server ended before it answered; ", paths_.run_dir, "/estiba.log says why"));
    // It was ending while we came: the next one answers.
    *this = connect(paths_);
  }
}

void Client::wait_for_the_end(const Json& answer) {
  if (!json::bool_at(answer, "idle").value_or(false)) return;
  socket_.reset();
  std::string lock = cat(paths_.run_dir, "/anchor.lock");
  for (int waited = 0; waited < end_timeout_ms; ++waited) {
    if (is_free(lock)) return;
    bool asks = waited > 0 && waited % 100 == 0;
    if (asks && try_connect(paths_.socket())) return;
    pause_ms(1);
  }
}

}  // namespace estiba::orchestrator
