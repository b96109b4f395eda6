#include "runtime/launch/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

constexpr int backlog = 16;

sockaddr_un address_in(FdRef dir, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string path = cat(sys::fd_path(dir), "/", name);
  if (path.size() >= sizeof address.sun_path) throw Error(cat("socket name too long: ", name));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

UniqueFd new_socket(int flags) {
  UniqueFd socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0)};
  if (!socket) throw Error{"socket", "AF_UNIX", Errno{errno}};
  return socket;
}

UniqueFd directory_of(const std::string& path) {
  return sys::open(fs::parent_path(path), O_PATH | O_DIRECTORY);
}

}  // namespace

UniqueFd listen_at(const std::string& path) {
  UniqueFd dir = directory_of(path);
  sockaddr_un address = address_in(dir, fs::base_name(path));
  ::unlink(address.sun_path);
  UniqueFd socket = new_socket(SOCK_NONBLOCK);
  mode_t mask = ::umask(0177);
  int bound = ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  int code = errno;
  ::umask(mask);
  if (bound != 0) throw Error{"bind", path, Errno{code}};
  if (::listen(socket.get(), backlog) != 0) throw Error{"listen", path, Errno{errno}};
  return socket;
}

UniqueFd connect_to(const std::string& path) {
  UniqueFd dir = directory_of(path);
  sockaddr_un address = address_in(dir, fs::base_name(path));
  UniqueFd socket = new_socket(0);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw Error{"connect", path, Errno{errno}};
  return socket;
}

uid_t peer_uid(FdRef connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    throw Error{"getsockopt", "SO_PEERCRED", Errno{errno}};
  return peer.uid;
}

}  // namespace estiba::runtime
