// Finds out which process has a port: /proc/net/{tcp,udp} tell the socket's inode, /proc/PID/fd who
// has it open (proc(5)). Slow, and only for an error's text.
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "netmgr/port_socket.hpp"

namespace estiba::net {
namespace {

/// Columns of a line of /proc/net/tcp: "0: 0100007F:1F90 00000000:0000 0A ... inode".
std::optional<std::string> inode_if_port(const std::string& line, const std::string& protocol,
                                         uint16_t port) {
  std::vector<std::string> columns;
  for (auto& column : text::split(line, ' '))
    if (!column.empty()) columns.push_back(std::move(column));
  if (columns.size() < 10) return std::nullopt;
  auto colon = columns[1].rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  bool mine = text::to_uint(columns[1].substr(colon + 1), 16) == port;
  bool holds = protocol == "udp" || columns[3] == "0A";  // TCP_LISTEN
  if (!mine || !holds || columns[9] == "0") return std::nullopt;
  return columns[9];
}

std::vector<std::string> socket_links(const std::string& protocol, uint16_t port) {
  std::vector<std::string> links;
  for (std::string_view suffix : {"", "6"}) {
    auto table = fs::read_if_exists(cat("/proc/self/net/", protocol, suffix));
    for (const auto& line : text::split(table.value_or(""), '\n'))
      if (auto inode = inode_if_port(line, protocol, port))
        links.push_back(cat("socket:[", *inode, "]"));
  }
  return links;
}

bool has_open(const std::string& pid, const std::vector<std::string>& links) {
  std::string dir = cat("/proc/", pid, "/fd");
  for (const auto& fd : fs::list_dir(dir)) {
    std::string target = sys::readlink(fs::join(dir, fd));
    for (const auto& link : links)
      if (target == link) return true;
  }
  return false;
}

}  // namespace

std::string holder_of_port(const std::string& protocol, uint16_t port) {
  auto links = socket_links(protocol, port);
  if (links.empty()) return {};
  for (const auto& pid : fs::list_dir("/proc")) {
    if (!text::to_uint(pid)) continue;
    try {
      if (!has_open(pid, links)) continue;
      std::string name = fs::read_all(cat("/proc/", pid, "/comm"));
      return cat(text::trim(name), " (pid ", pid, ")");
    } catch (const Error&) {
      continue;  // it ended, or it is not ours to look into
    }
  }
  return {};
}

}  // namespace estiba::net
