#include "runtime/launch/packet.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/error.hpp"
#include "base/sys.hpp"

namespace estiba::runtime {
namespace {

constexpr size_t inline_limit = 32768;
constexpr size_t max_fds = 32;
constexpr size_t max_payload = size_t{64} << 20;
constexpr char in_line = 'I', in_memfd = 'M';

SendResult send_raw(FdRef socket, char kind, const std::string& bytes,
                    const std::vector<int>& fds) {
  std::array<iovec, 2> parts{iovec{&kind, 1}, iovec{const_cast<char*>(bytes.data()), bytes.size()}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_fds)> control{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  ssize_t sent = sys::eintr([&] { return ::sendmsg(socket.get(), &message, MSG_NOSIGNAL); });
  if (sent >= 0) return SendResult::sent;
  if (errno == EAGAIN) return SendResult::would_block;
  if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return SendResult::closed;
  throw Error{"sendmsg", "to the keeper's socket", Errno{errno}};
}

std::vector<UniqueFd> fds_of(msghdr& message) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

pid_t sender_of(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) continue;
    ucred credentials{};
    std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
    return credentials.pid;
  }
  return 0;
}

std::string contents_of(FdRef memfd) {
  auto size = static_cast<size_t>(sys::fstat(memfd).st_size);
  if (size > max_payload) throw Error("a message between the server and the keeper is too large");
  std::string bytes(size, '\0');
  size_t filled = 0;
  while (filled < size) {
    ssize_t got = sys::eintr([&] {
      return ::pread(memfd.get(), bytes.data() + filled, size - filled, static_cast<off_t>(filled));
    });
    if (got <= 0) throw Error("a message between the server and the keeper is cut short");
    filled += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace

SendResult send_packet(FdRef socket, const std::string& bytes, const std::vector<int>& fds) {
  if (fds.size() + 1 > max_fds) throw Error("too many descriptors for one message");
  if (bytes.size() <= inline_limit) return send_raw(socket, in_line, bytes, fds);
  UniqueFd memfd = sys::memfd_create("estiba-message", 0);
  sys::write_all(memfd, bytes, "message");
  std::vector<int> with_payload{memfd.get()};
  with_payload.insert(with_payload.end(), fds.begin(), fds.end());
  return send_raw(socket, in_memfd, {}, with_payload);
}

void write_packet(FdRef socket, const std::string& bytes) {
  sys::write_all(socket, in_line + bytes.substr(0, inline_limit), "the status socket");
}

Received receive_packet(FdRef socket, Wait wait, Peer peer) {
  std::string buffer(inline_limit + 1, '\0');
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_fds) + CMSG_SPACE(sizeof(ucred))>
      control{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  int flags = MSG_CMSG_CLOEXEC | (wait == Wait::no ? MSG_DONTWAIT : 0);
  ssize_t got = sys::eintr([&] { return ::recvmsg(socket.get(), &message, flags); });
  if (got < 0 && errno == EAGAIN) return {};
  if (got < 0 && errno == ECONNRESET) return {.packet = {}, .closed = true};
  if (got < 0) throw Error{"recvmsg", "from the keeper's socket", Errno{errno}};
  if (got == 0) return {.packet = {}, .closed = true};
  Packet packet{{}, fds_of(message), sender_of(message)};
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    throw Error("a message between the server and the keeper was truncated");
  buffer.resize(static_cast<size_t>(got));
  if (buffer[0] == in_memfd && peer == Peer::trusted) {
    if (packet.fds.empty()) throw Error("a message lacks its payload");
    packet.bytes = contents_of(packet.fds.front());
    packet.fds.erase(packet.fds.begin());
  } else if (buffer[0] == in_line) {
    packet.bytes = buffer.substr(1);
  } else {
    throw Error("a message between the server and the keeper is malformed");
  }
  return {.packet = std::move(packet), .closed = false};
}

bool PacketQueue::send(FdRef socket, std::string bytes, std::vector<UniqueFd> fds) {
  waiting_.push_back({std::move(bytes), std::move(fds), 0});
  return flush(socket);
}

bool PacketQueue::flush(FdRef socket) {
  while (!waiting_.empty()) {
    std::vector<int> numbers;
    for (const auto& fd : waiting_.front().fds) numbers.push_back(fd.get());
    SendResult result = send_packet(socket, waiting_.front().bytes, numbers);
    if (result == SendResult::would_block) return true;
    if (result == SendResult::closed) return false;
    waiting_.pop_front();
  }
  return true;
}

}  // namespace estiba::runtime
