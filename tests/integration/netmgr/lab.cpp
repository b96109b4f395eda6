#include "lab.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "netmgr/address.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net::lab {
namespace {

constexpr int short_while_ms = 700;

struct Target {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Target target_of(const std::string& text, uint16_t port) {
  Target out;
  auto* in4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (::inet_pton(AF_INET, text.c_str(), &in4->sin_addr) == 1) {
    in4->sin_family = AF_INET;
    in4->sin_port = htons(port);
    out.size = sizeof *in4;
  } else {
    ::inet_pton(AF_INET6, text.c_str(), &in6->sin6_addr);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    out.size = sizeof *in6;
  }
  return out;
}

std::string text_of(const Target& from) {
  std::array<char, 64> out{};
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&from.storage);
  const auto* in4 = reinterpret_cast<const sockaddr_in*>(&from.storage);
  if (from.storage.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &in4->sin_addr, out.data(), out.size());
  } else {
    ::inet_ntop(AF_INET6, &in6->sin6_addr, out.data(), out.size());
  }
  std::string text = out.data();
  return text.starts_with("::ffff:") ? text.substr(7) : text;
}

bool wait_for(int fd, short events) {
  pollfd one{fd, events, 0};
  return ::poll(&one, 1, short_while_ms) == 1;
}

UniqueFd make_server(FdRef netns, int type, uint16_t port) {
  ScopedNetns there(netns);
  UniqueFd fd{::socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  Target any = target_of("::", port);
  if (::bind(fd.get(), any.get(), any.size) != 0) throw Error{"bind", "", Errno{errno}};
  if (type == SOCK_STREAM) ::listen(fd.get(), 16);
  return fd;
}

}  // namespace

std::string shell(const std::string& command) {
  std::FILE* pipe = ::popen(cat(command, " 2>&1").c_str(), "re");
  std::string out;
  std::array<char, 4096> buffer{};
  while (size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), got);
  EXPECT_EQ(::pclose(pipe), 0) << command << "\n" << out;
  return out;
}

UniqueFd open_netns(const std::string& path) { return sys::open(path, O_RDONLY); }

UniqueFd listen_tcp(FdRef netns, uint16_t port) { return make_server(netns, SOCK_STREAM, port); }
UniqueFd bind_udp(FdRef netns, uint16_t port) { return make_server(netns, SOCK_DGRAM, port); }

UniqueFd udp_client(FdRef netns) {
  ScopedNetns there(netns);
  return UniqueFd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
}

int try_connect(FdRef netns, const std::string& address, uint16_t port) {
  UniqueFd fd;
  Target target = target_of(address, port);
  {
    ScopedNetns there(netns);
    fd =
        UniqueFd{::socket(target.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  }
  if (::connect(fd.get(), target.get(), target.size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_for(fd.get(), POLLOUT)) return ETIMEDOUT;
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size);
  return code;
}

std::string accept_from(FdRef listener) {
  if (!wait_for(listener.get(), POLLIN)) return {};
  Target from;
  UniqueFd fd{::accept4(listener.get(), from.get(), &from.size, SOCK_CLOEXEC)};
  return fd ? text_of(from) : std::string{};
}

std::string udp_reaches(FdRef client, const std::string& address, uint16_t port, FdRef server) {
  Target target = target_of(address, port);
  if (::sendto(client.get(), "ping", 4, 0, target.get(), target.size) != 4) return {};
  if (!wait_for(server.get(), POLLIN)) return {};
  std::array<char, 64> buffer{};
  Target from;
  ssize_t got = ::recvfrom(server.get(), buffer.data(), buffer.size(), 0, from.get(), &from.size);
  if (got <= 0) return {};
  return cat(std::string(buffer.data(), static_cast<size_t>(got)), " from ", text_of(from));
}

void KeptFds::put(const std::string& name, FdRef fd) { kept[name] = sys::dup(fd); }

void Lab::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root (CAP_SYS_ADMIN, CAP_NET_ADMIN)";
  ASSERT_EQ(::unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
  ASSERT_EQ(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  std::string pattern = "/tmp/estiba-net-XXXXXX";
  dir_ = ::mkdtemp(pattern.data());
  host_ = current_netns();
  {
    ScopedNetns inside;
    neighbour_ = current_netns();
    shell("ip link set lo up");
  }
  // A new namespace has its IPv4 settings from the machine, and that may forward.
  write_sysctl("ipv4/ip_forward", "0");
  shell("ip link set lo up");
  shell(cat("ip link add out0 type veth peer name out1 netns /proc/", std::to_string(::getpid()),
            "/fd/", std::to_string(neighbour_.get())));
  shell(cat("ip addr add ", host_address, "/24 dev out0;",
            // No link-local address that would come a second later and spoil comparisons.
            "echo 1 > /proc/sys/net/ipv6/conf/out0/disable_ipv6; ip link set out0 up"));
  ScopedNetns there(neighbour_);
  shell(cat("ip addr add ", neighbour_address, "/24 dev out1; ip link set out1 up"));
}

void Lab::TearDown() {
  if (dir_.empty()) return;
  TearDownRunDir();
  fs::remove_tree(dir_);
}

void Lab::TearDownRunDir() {
  for (const char* sub : {"/run/netns", "/run/sandboxes"})
    for (const auto& name : fs::list_dir(dir_ + sub))
      ::umount2(cat(dir_, sub, "/", name).c_str(), MNT_DETACH);
  fs::remove_tree(dir_ + "/run");
}

Sandbox Lab::container(Networks& networks, const std::string& name,
                       const std::vector<std::string>& on) {
  networks.create_sandbox(name);
  for (const auto& network : on) {
    EndpointRequest request;
    request.network = network;
    request.names = {name};
    request.canonical_name = name;
    networks.attach(name, request);
  }
  return *networks.sandbox(name);
}

UniqueFd Lab::netns_of(Networks& networks, const std::string& container) {
  return open_netns(networks.sandbox(container)->netns_path);
}

std::string Lab::host_state() const {
  return shell(
      cat("ip -o link | sed 's/<.*//'; ip -o addr; ip route show table all | sed 's/ linkdown//'; "
          "ip rule; cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding; "
          "nft list ruleset; grep ",
          dir_, " /proc/self/mountinfo || true"));
}

void Lab::expect_host_state(const std::string& before) const {
  std::string now;
  for (int i = 0; i < 100; ++i) {
    now = host_state();
    if (now == before) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(now, before);
}

}  // namespace estiba::net::lab
