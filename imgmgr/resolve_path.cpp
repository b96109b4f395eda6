#include "imgmgr/resolve_path.hpp"

#include <fcntl.h>
#include <linux/openat2.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "base/error.hpp"
#include "base/node.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba::img {
namespace {

constexpr int max_links = 255;
constexpr size_t max_small_file = size_t{1} << 20;
std::string joined(const std::vector<std::string>& parts) { return text::join(parts, "/"); }

void push_front(std::deque<std::string>& todo, const std::string& path) {
  auto parts = text::split(path, '/');
  todo.insert(todo.begin(), parts.begin(), parts.end());
}

// The target if the path is a symlink. What is missing is none.
std::optional<std::string> link_target(FdRef root, const std::string& path) {
  auto held = find_in_root(root, path);
  if (!held || !S_ISLNK(sys::fstat(*held).st_mode)) return std::nullopt;
  return node::link_text(*held, path);
}

// The last component itself may be a symlink, and is then held as such.
UniqueFd hold_in_root(FdRef root, const std::string& resolved) {
  constexpr unsigned long no_links = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return sys::openat2(root, resolved.empty() ? "." : resolved, O_PATH | O_NOFOLLOW, 0, no_links);
}

}  // namespace

std::string resolve_in_root(FdRef root, const std::string& path) {
  std::deque<std::string> todo;
  push_front(todo, path);
  std::vector<std::string> done;
  int links = 0;
  while (!todo.empty()) {
    std::string part = std::move(todo.front());
    todo.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!done.empty()) done.pop_back();
      continue;
    }
    done.push_back(part);
    auto target = link_target(root, joined(done));
    if (!target) continue;
    if (++links > max_links) throw Error(cat("too many symlinks on the way to ", path));
    done.pop_back();
    if (target->starts_with('/')) done.clear();
    push_front(todo, *target);
  }
  return joined(done);
}

std::optional<UniqueFd> find_in_root(FdRef root, const std::string& resolved) {
  try {
    return hold_in_root(root, resolved);
  } catch (const Error& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return std::nullopt;
    throw;
  }
}

std::optional<struct stat> status_in_root(FdRef root, const std::string& resolved) {
  auto held = find_in_root(root, resolved);
  if (!held) return std::nullopt;
  return sys::fstat(*held);
}

UniqueFd file_in_root(FdRef root, const std::string& resolved) {
  return node::open_file(hold_in_root(root, resolved), node::Use::read, resolved);
}

UniqueFd directory_in_root(FdRef root, const std::string& resolved) {
  return node::open_directory(hold_in_root(root, resolved), cat("/", resolved));
}

std::string read_small_file(FdRef root, const std::string& path) {
  try {
    UniqueFd fd = file_in_root(root, resolve_in_root(root, path));
    struct stat status = sys::fstat(fd);
    if (static_cast<size_t>(status.st_size) > max_small_file) return "";
    std::string out(static_cast<size_t>(status.st_size), '\0');
    size_t filled = 0;
    while (filled < out.size()) {
      size_t got = sys::read(fd, out.data() + filled, out.size() - filled, path);
      if (got == 0) break;
      filled += got;
    }
    out.resize(filled);
    return out;
  } catch (const Error&) {
    return "";
  }
}

}  // namespace estiba::img
