#include "runtime/keeper/keeper.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "runtime/keeper/children.hpp"
#include "runtime/launch/packet.hpp"
#include "runtime/launch/unix_socket.hpp"
#include "runtime/launch/wire.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

void say(std::string_view sentence) {
  std::string line = cat("estiba keeper: ", sentence, "\n");
  (void)!::write(2, line.data(), line.size());
}

class Keeper {
 public:
  explicit Keeper(const KeeperConfig& config)
      : config_(config),
        server_(loop_, config_),
        children_(loop_, config.layout,
                  [this](const KeeperMessage& message, const std::vector<int>& fds) {
                    send(message, fds);
                  }) {}

  int run() {
    children_.adopt();
    listener_ = listen_at(config_.layout.keeper_socket());
    loop_.watch(listener_, [this] { accept(); });
    watch_children();
    server_.ensure();
    loop_.run([this] {
      shut_down_when_idle();
      return shutting_down_ && !connection_ && !server_.running();
    });
    return 0;
  }

 private:
  void watch_children() {
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &mask, nullptr);
    signals_ = UniqueFd{::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!signals_) throw Error{"signalfd", "", Errno{errno}};
    loop_.watch(signals_, [this] { reap(); });
  }

  // 0: there is none. It stays to be waited for.
  static pid_t ended_child() {
    siginfo_t ended{};
    return ::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 ? ended.si_pid : 0;
  }

  void reap() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) > 0) {
    }
    while (pid_t pid = ended_child()) {
      // What it said comes before its end, and who it is may be part of that: it is looked up while
      // there still is somebody of that pid.
      children_.hear_all();
      int status = 0;
      if (::waitpid(pid, &status, WNOHANG) != pid) return;
      if (!server_.on_exit(pid, status)) children_.on_exit(pid, status);
    }
  }

  // The newest server wins: an older connection can only be one of a server that hangs or dies.
  void accept() {
    UniqueFd connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!connection || peer_uid(connection) != 0) return;
    drop_connection();
    connection_ = std::move(connection);
    loop_.watch(connection_, [this] { handle_all(); });
    server_.connected();
  }

  void drop_connection() {
    if (!connection_) return;
    loop_.unwatch(connection_);
    connection_.reset();
    queue_.clear();
    wants_write_ = false;
  }

  void send(const KeeperMessage& message, const std::vector<int>& fds) {
    if (!connection_) return;
    std::vector<UniqueFd> copies;
    for (int fd : fds) copies.push_back(sys::dup(FdRef(fd)));
    if (!queue_.send(connection_, wire::encode(message), std::move(copies))) return;
    update_interest();
  }

  void update_interest() {
    if (wants_write_ == !queue_.empty()) return;
    wants_write_ = !queue_.empty();
    loop_.want_writable(connection_, wants_write_);
  }

  // With one who sends what is no message there is no going on.
  Received receive() {
    try {
      return receive_packet(connection_, Wait::no);
    } catch (const Error& error) {
      say(error.message());
      return {.packet = {}, .closed = true};
    }
  }

  void handle_all() {
    if (wants_write_ && queue_.flush(connection_)) update_interest();
    while (connection_) {
      Received received = receive();
      if (received.closed) {
        drop_connection();
        if (!shutting_down_) shutdown_wanted_ = false;
        server_.connection_lost();
        return;
      }
      if (!received.packet) return;
      handle(std::move(*received.packet));
    }
  }

  void handle(Packet packet) {
    try {
      auto message = wire::decode<ServerMessage>(packet.bytes);
      std::visit([&](auto& held) { on(held, std::move(packet.fds)); }, message);
    } catch (const std::exception& error) {
      say(error.what());
    }
  }

  void on(Greeting&, std::vector<UniqueFd>) {
    children_.send_held();
    for (const auto& [name, fd] : stored_) send(StoredFd{name}, {fd.get()});
    send(Ready{}, {});
  }
  void on(Launch& message, std::vector<UniqueFd>) { children_.launch(message); }
  void on(Exec& message, std::vector<UniqueFd> fds) { children_.exec(message, std::move(fds)); }
  void on(Forget& message, std::vector<UniqueFd>) { children_.forget(message.id); }
  void on(CloseStdin& message, std::vector<UniqueFd>) { children_.close_stdin(message.id); }
  void on(StoreFd& message, std::vector<UniqueFd> fds) {
    if (!fds.empty()) stored_[message.name] = std::move(fds.front());
  }
  void on(DropFd& message, std::vector<UniqueFd>) { stored_.erase(message.name); }
  void on(ReturnTerminal& message, std::vector<UniqueFd> fds) {
    if (!fds.empty()) children_.return_terminal(message.id, std::move(fds.front()));
  }
  void on(Shutdown&, std::vector<UniqueFd>) {
    shutdown_wanted_ = true;
    shut_down_when_idle();
  }

  // An end may be on its way that the server has seen before us. With containers that go on
  // running this server is wrong, and once it has gone the next one will be right.
  void shut_down_when_idle() {
    if (!shutdown_wanted_ || shutting_down_ || children_.any_running()) return;
    shutting_down_ = true;
    server_.stop();
    // Gone before the end, so that a new anchor can tell an ending keeper from a running one.
    ::unlink(config_.layout.keeper_socket().c_str());
  }

  KeeperConfig config_;
  Loop loop_;
  ServerProcess server_;
  PacketQueue queue_;
  UniqueFd listener_, connection_, signals_;
  std::map<std::string, UniqueFd> stored_;
  bool shutdown_wanted_ = false, shutting_down_ = false, wants_write_ = false;
  Children children_;
};

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int run_keeper(const KeeperConfig& config) {
  ::prctl(PR_SET_NAME, "estiba-keeper");
  sys::prctl(PR_SET_CHILD_SUBREAPER, 1, "PR_SET_CHILD_SUBREAPER");
  // No container process may look into the copies of the keeper that become containers.
  sys::prctl(PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE");
  raise_descriptor_limit();
  return Keeper(config).run();
}

}  // namespace estiba::runtime
