#include "orchestrator/server/connection.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/error.hpp>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "orchestrator/server/request.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t queue_limit = size_t{64} << 20;
// A client that has connected and says nothing keeps the server from ending; it is waited for this
// long after each piece of its request.
constexpr std::chrono::seconds patience{30};
constexpr size_t max_fds = 8;

void take_rights(const msghdr& message, std::vector<UniqueFd>& into) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header;
       header = CMSG_NXTHDR(const_cast<msghdr*>(&message), header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      into.emplace_back(fd);
    }
  }
}

}  // namespace

Connection::Connection(asio::io_context& io, UniqueFd socket)
    : changed(io), socket_(io, socket.release()) {
  socket_.native_non_blocking(true);
}

bool Connection::receive_some(std::string& into, std::vector<UniqueFd>& fds) {
  std::array<char, 65536> buffer;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_fds)> control{};
  iovec piece{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = ::recvmsg(socket_.native_handle(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  take_rights(message, fds);
  if ((message.msg_flags & MSG_CTRUNC) != 0 || fds.size() > max_fds) return false;
  into.append(buffer.data(), static_cast<size_t>(got));
  return got > 0;
}

Task<std::string> Connection::read_request() {
  std::string request;
  asio::steady_timer silence(socket_.get_executor());
  while (!request.ends_with('\n')) {
    silence.expires_after(patience);
    silence.async_wait([this](auto canceled) {
      if (!canceled) socket_.cancel();
    });
    auto [error] = co_await socket_.async_wait(asio::posix::descriptor_base::wait_read,
                                               asio::as_tuple(asio::use_awaitable));
    if (error || !receive_some(request, fds_) || request.size() > longest_request) {
      closed_ = true;
      co_return std::string{};
    }
  }
  request.pop_back();
  co_return request;
}

void Connection::watch() {
  socket_.async_wait(asio::posix::descriptor_base::wait_read,
                     [self = shared_from_this()](auto error) {
                       // What comes behind a request is nothing, its descriptors too.
                       std::string ignored;
                       std::vector<UniqueFd> closed;
                       if (!error && self->receive_some(ignored, closed)) return self->watch();
                       self->closed_ = true;
                       self->changed.notify();
                     });
}

void Connection::send(const Json& message) { send(message, {}); }

void Connection::send(const Json& message, std::vector<UniqueFd> fds) {
  if (closed_) return;
  std::string line = json::dump(message) + "\n";
  queued_bytes_ += line.size();
  queue_.push_back({std::move(line), 0, std::move(fds)});
  if (queued_bytes_ > queue_limit) return close();
  if (!flushing_) flush();
}

void Connection::progress(const std::string& id, const std::string& status,
                          const std::string& state, const std::string& text) {
  send({{"event",
         {{"progress", {{"id", id}, {"status", status}, {"state", state}, {"text", text}}}}}});
}

void Connection::warn(const std::string& text) { send({{"event", {{"warning", text}}}}); }

bool Connection::flush_one(Outgoing& first) {
  iovec piece{first.data.data() + first.sent, first.data.size() - first.sent};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_fds)> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!first.fds.empty()) {
    size_t bytes = first.fds.size() * sizeof(int);
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    for (size_t i = 0; i < first.fds.size(); ++i) {
      int fd = first.fds[i].get();
      std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof fd);
    }
  }
  ssize_t put = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return false;
  }
  first.fds.clear();
  first.sent += static_cast<size_t>(put);
  queued_bytes_ -= static_cast<size_t>(put);
  return true;
}

void Connection::flush() {
  while (!queue_.empty() && !closed_) {
    if (!flush_one(queue_.front())) break;
    if (queue_.front().sent == queue_.front().data.size()) queue_.pop_front();
  }
  if (queue_.empty() || closed_) return changed.notify();
  flushing_ = true;
  socket_.async_wait(asio::posix::descriptor_base::wait_write,
                     [self = shared_from_this()](auto error) {
                       self->flushing_ = false;
                       if (!error) self->flush();
                     });
}

Task<> Connection::drained() {
  while (!queue_.empty() && !closed_) co_await changed.wait();
}

void Connection::close() {
  closed_ = true;
  socket_.cancel();
  ::shutdown(socket_.native_handle(), SHUT_RDWR);
  changed.notify();
}

}  // namespace estiba::orchestrator
