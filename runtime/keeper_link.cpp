#include "runtime/keeper_link.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "runtime/launch/unix_socket.hpp"
#include "runtime/launch/wire.hpp"

namespace estiba::runtime {
namespace {

constexpr long retry_interval = 10'000'000;  // ns

void watch(FdRef epoll, FdRef fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd.get();
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0)
    throw Error{"epoll_ctl", "", Errno{errno}};
}

KeeperLink::Message decoded(Packet packet) {
  return {wire::decode<KeeperMessage>(packet.bytes), std::move(packet.fds)};
}

}  // namespace

KeeperLink::KeeperLink(Layout layout)
    : layout_(std::move(layout)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!epoll_ || !timer_) throw Error{"epoll_create1", "", Errno{errno}};
  watch(epoll_, timer_);
}

std::vector<KeeperLink::Message> KeeperLink::connect() {
  socket_ = connect_to(layout_.keeper_socket());
  send_packet(socket_, wire::encode(ServerMessage{Greeting{}}), {});
  std::vector<Message> held;
  while (true) {
    Received received = receive_packet(socket_, Wait::yes);
    if (received.closed) {
      socket_.reset();
      throw Error("the keeper ended the connection");
    }
    Message message = decoded(std::move(*received.packet));
    if (const auto* ready = std::get_if<Ready>(&message.content)) {
      if (ready->version != protocol_version)
        throw Error("the running keeper is of another version: `estiba down` every project once");
      break;
    }
    held.push_back(std::move(message));
  }
  watch(epoll_, socket_);
  return held;
}

bool KeeperLink::try_send(const ServerMessage& message, const std::vector<int>& fds) {
  return socket_ && send_packet(socket_, wire::encode(message), fds) != SendResult::closed;
}

void KeeperLink::send(const ServerMessage& message, const std::vector<int>& fds) {
  if (!try_send(message, fds))
    throw Error("the keeper has died and is being started again; try again");
}

std::optional<KeeperLink::Message> KeeperLink::receive() {
  if (!socket_) return std::nullopt;
  Received received = receive_packet(socket_, Wait::no);
  if (received.closed) drop();
  if (!received.packet) return std::nullopt;
  return decoded(std::move(*received.packet));
}

void KeeperLink::drop() {
  socket_.reset();
  retry_soon();
}

bool KeeperLink::needs_anchor() {
  constexpr int most_failures = 1'000'000'000 / retry_interval;
  if (failures_ < most_failures) return false;
  failures_ = 0;
  return true;
}

void KeeperLink::retry_soon() {
  itimerspec time{};
  time.it_value.tv_nsec = retry_interval;
  ::timerfd_settime(timer_.get(), 0, &time, nullptr);
}

bool KeeperLink::try_reconnect(std::vector<Message>& held) {
  uint64_t expirations = 0;
  if (::read(timer_.get(), &expirations, sizeof expirations) < 0) return false;
  try {
    held = connect();
    failures_ = 0;
    return true;
  } catch (const Error&) {
    ++failures_;
    socket_.reset();
    retry_soon();
    return false;
  }
}

}  // namespace estiba::runtime
