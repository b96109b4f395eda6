#include "netmgr/netlink/socket.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include "base/error.hpp"
#include "base/sys.hpp"

namespace estiba::net::netlink {
namespace {

// Room for the largest answer the kernel makes in one datagram of a dump.
constexpr size_t buffer_size = 64 * 1024;

/// Calls f(header, payload) for each message of a datagram.
template <typename F>
void for_each_message(std::string_view datagram, F f) {
  while (auto head = read_as<nlmsghdr>(datagram)) {
    if (head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > datagram.size()) return;
    f(*head, datagram.substr(sizeof(nlmsghdr), head->nlmsg_len - sizeof(nlmsghdr)));
    datagram.remove_prefix(std::min<size_t>(NLMSG_ALIGN(head->nlmsg_len), datagram.size()));
  }
}

int error_of(std::string_view payload) {
  auto error = read_as<nlmsgerr>(payload);
  return error ? -error->error : EBADMSG;
}

/// NLMSGERR_ATTR_MSG of an extended acknowledgement; NETLINK_CAP_ACK leaves out the request.
std::string explanation(const nlmsghdr& head, std::string_view payload) {
  if (!(head.nlmsg_flags & NLM_F_ACK_TLVS) || payload.size() < sizeof(nlmsgerr)) return {};
  auto text = find(attributes(payload.substr(sizeof(nlmsgerr))), NLMSGERR_ATTR_MSG);
  return text ? cat(" (", text_of(*text), ")") : std::string{};
}

Error failure(const Message& request, const nlmsghdr& head, std::string_view payload) {
  return Error{"netlink", cat(request.subject(), explanation(head, payload)),
               Errno{error_of(payload)}};
}

}  // namespace

Socket::Socket(int protocol) {
  fd_ = UniqueFd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)};
  if (!fd_) throw Error{"socket", "AF_NETLINK", Errno{errno}};
  // The kernel answers before send(2) returns; should it ever not, an error is better than a hang.
  timeval patience{5, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  int on = 1;
  // Both only make errors shorter and clearer; a kernel without them (before 4.12) still works.
  ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
}

void Socket::run(Message message) {
  std::vector<Message> batch;
  batch.push_back(std::move(message));
  run(std::move(batch));
}

void Socket::run(std::vector<Message> batch) {
  if (batch.empty()) return;
  std::string bytes;
  uint32_t first = sequence_ + 1;
  size_t awaited = 0;
  for (auto& message : batch) {
    message.set_sequence(++sequence_);
    bytes += message.bytes();
    if (message.wants_acknowledgement()) ++awaited;
  }
  send(bytes);
  std::optional<Error> failed;
  while (awaited > 0) {
    for_each_message(receive(), [&](const nlmsghdr& head, std::string_view payload) {
      uint32_t index = head.nlmsg_seq - first;
      if (head.nlmsg_type != NLMSG_ERROR || index >= batch.size()) return;
      const Message& request = batch[index];
      int code = error_of(payload);
      if (code != 0 && !failed && !request.tolerates(code))
        failed = failure(request, head, payload);
      // An error of a transaction's own mark is the only answer to all of it.
      awaited = request.wants_acknowledgement() ? awaited - 1 : 0;
    });
  }
  if (failed) throw *failed;
}

std::vector<Reply> Socket::ask(Message request) {
  request.set_sequence(++sequence_);
  send(request.bytes());
  std::vector<Reply> replies;
  std::optional<Error> failed;
  for (bool done = false; !done;) {
    for_each_message(receive(), [&](const nlmsghdr& head, std::string_view payload) {
      if (head.nlmsg_seq != sequence_) return;
      bool ends = head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR;
      if (head.nlmsg_type == NLMSG_ERROR && error_of(payload) != 0)
        failed = failure(request, head, payload);
      if (!ends) replies.push_back({head.nlmsg_type, std::string(payload)});
      done = done || ends || !(head.nlmsg_flags & NLM_F_MULTI);
    });
  }
  if (failed) throw *failed;
  return replies;
}

std::optional<Reply> Socket::ask_one(Message request) {
  try {
    auto replies = ask(std::move(request));
    if (replies.empty()) return std::nullopt;
    return std::move(replies.front());
  } catch (const Error& error) {
    bool absent = error.code() == ENODEV || error.code() == ENOENT;
    if (!absent) throw;
    return std::nullopt;
  }
}

void Socket::join(int group) {
  // A socket without a name is passed over.
  sockaddr_nl any{};
  any.nl_family = AF_NETLINK;
  if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) != 0)
    throw Error{"bind", "netlink", Errno{errno}};
  if (::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    throw Error{"setsockopt", "netlink group", Errno{errno}};
}

std::optional<std::vector<Reply>> Socket::waiting() {
  std::vector<Reply> replies;
  std::vector<char> buffer(buffer_size);
  bool lost = false;
  while (true) {
    ssize_t got =
        sys::eintr([&] { return ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT); });
    if (got < 0 && errno == ENOBUFS)
      lost = true;
    else if (got < 0)
      break;
    else
      for_each_message({buffer.data(), static_cast<size_t>(got)},
                       [&](const nlmsghdr& head, std::string_view payload) {
                         replies.push_back({head.nlmsg_type, std::string(payload)});
                       });
  }
  if (lost) return std::nullopt;
  return replies;
}

void Socket::send(const std::string& bytes) {
  ssize_t sent = sys::eintr([&] { return ::send(fd_.get(), bytes.data(), bytes.size(), 0); });
  if (sent < 0) throw Error{"send", "netlink", Errno{errno}};
}

std::string_view Socket::receive() {
  // One buffer a thread: sockets come and go with every call into a namespace.
  thread_local std::vector<char> buffer(buffer_size);
  ssize_t got = sys::eintr([&] { return ::recv(fd_.get(), buffer.data(), buffer.size(), 0); });
  if (got < 0) throw Error{"recv", "netlink", Errno{errno}};
  return {buffer.data(), static_cast<size_t>(got)};
}

}  // namespace estiba::net::netlink
