#include "orchestrator/server/server.hpp"

#include <malloc.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/fs.hpp"
#include "base/log.hpp"
#include "base/sys.hpp"
#include "orchestrator/peer.hpp"
#include "orchestrator/server/api.hpp"
#include "orchestrator/server/request.hpp"
#include "orchestrator/server/step_site.hpp"

namespace estiba::orchestrator {
namespace {

constexpr int backlog = 128;
constexpr std::chrono::milliseconds accept_again{100};

UniqueFd listen_on(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw Error(
        cat("the path ", path, " is too long for a socket; choose a shorter ESTIBA_RUNDIR"));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  // The keeper's lock says that no other server runs: what is there is a dead one's.
  if (fs::exists(path)) sys::unlink(path);
  UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) throw Error{"socket", path, Errno{errno}};
  mode_t before = ::umask(0177);
  int bound = ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  int code = errno;
  ::umask(before);
  if (bound != 0) throw Error{"bind", path, Errno{code}};
  if (::listen(socket.get(), backlog) != 0) throw Error{"listen", path, Errno{errno}};
  return socket;
}

class Server {
 public:
  explicit Server(const Paths& paths)
      : core_(paths), supervisor_(core_), api_(core_, supervisor_) {}

  int run() {
    // Somebody wants something that runs: most likely in a network. A failure is told when one is
    // made.
    core_.networks.prepare_host();
    supervisor_.take_over();
    remove_leftover_steps(core_);
    keeper_ = std::make_unique<asio::posix::stream_descriptor>(
        core_.io, sys::dup(core_.containers.fd()).release());
    spawn(core_.io, follow_keeper(), "following the keeper");
    core_.io.poll();
    listener_ = std::make_unique<asio::posix::stream_descriptor>(
        core_.io, listen_on(core_.paths.socket()).release());
    spawn(core_.io, accept(), "accepting clients");
    core_.io.run();
    core_.pool.join();
    return 0;
  }

 private:
  Task<> follow_keeper();
  Task<> accept();
  Task<> serve(ConnectionPtr client);
  Task<> converse(ConnectionPtr client);
  Task<Json> answer(ConnectionPtr client, std::string request);
  void end_if_idle();

  Core core_;
  Supervisor supervisor_;
  Api api_;
  std::unique_ptr<asio::posix::stream_descriptor> keeper_, listener_;
  int connections_ = 0;
};

Task<> Server::follow_keeper() {
  while (true) {
    auto [error] = co_await keeper_->async_wait(asio::posix::descriptor_base::wait_read,
                                                asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    try {
      core_.containers.dispatch();
    } catch (const std::exception& failure) {
      // What follows in the queue must still be heard.
      log::error(cat("a message of the keeper: ", failure.what()));
    }
  }
}

Task<> Server::accept() {
  while (true) {
    auto [error] = co_await listener_->async_wait(asio::posix::descriptor_base::wait_read,
                                                  asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    UniqueFd socket{
        ::accept4(listener_->native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!socket) {
      // Out of descriptors, most likely: the client waits in the queue until some are given back.
      asio::steady_timer pause(core_.io, accept_again);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    // The socket's mode keeps others out; this does where somebody has changed that.
    if (!is_roots(socket)) continue;
    ++connections_;
    spawn(core_.io, serve(std::make_shared<Connection>(core_.io, std::move(socket))),
          "serving a client");
  }
}

// The method's result, or its error, as the client gets it.
Task<Json> Server::answer(ConnectionPtr client, std::string request) {
  Json message;
  try {
    Request call = parse_request(request);
    request = std::string();  // a large one need not stay for as long as it is worked on
    refuse_descriptors(call, client->fd_count());
    message["result"] = co_await api_.call(client, call.method, std::move(call.params));
  } catch (const std::exception& thrown) {
    Error error = as_error(thrown);
    message["error"] = {{"message", error.message()}, {"exit_code", error.exit_code()}};
  }
  co_return message;
}

Task<> Server::converse(ConnectionPtr client) {
  std::string request = co_await client->read_request();
  if (request.empty()) co_return;
  client->watch();
  Json message = co_await answer(client, std::move(request));
  bool idle = core_.instances.empty() && connections_ == 1;
  for (const char* kind : {"result", "error"})
    if (message.contains(kind)) message[kind]["idle"] = idle;
  client->send(message);
  co_await client->drained();
}

// However the conversation ends, the client is counted no more.
Task<> Server::serve(ConnectionPtr client) {
  try {
    co_await converse(client);
  } catch (const std::exception& error) {
    log::error(cat("a client was left without an answer: ", error.what()));
  }
  client->close();
  --connections_;
  end_if_idle();
}

// Nothing runs when nothing is up: server, keeper and anchor end with the last container.
void Server::end_if_idle() {
  if (connections_ > 0) return;
  if (!core_.instances.empty()) {
    // What a large request took goes back to the system: nothing may come for days.
    ::malloc_trim(0);
    return;
  }
  sys::unlink(core_.paths.socket());
  core_.networks.release_host();
  core_.containers.shut_down();
  core_.io.stop();
}

}  // namespace

int run_server(const Paths& paths) {
  fs::make_spread_dir(cat(paths.root, "/containers"));
  fs::make_dirs(paths.run_dir);
  Server server(paths);
  return server.run();
}

}  // namespace estiba::orchestrator
