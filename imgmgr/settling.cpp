#include "imgmgr/settling.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <optional>
#include <vector>

#include "base/boot_id.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"

namespace estiba::img {
namespace {

// A symbolic link to nowhere: name and content reach the disk together, or neither does.
constexpr const char* mark_name = "unsettled";

// The start of the machine that the mark names; nothing: there is no mark.
std::optional<std::string> mark_of(const std::string& layer) {
  std::array<char, 128> target{};
  ssize_t size = ::readlink(cat(layer, "/", mark_name).c_str(), target.data(), target.size());
  if (size < 0 && errno == ENOENT) return std::nullopt;
  return std::string(target.data(), size < 0 ? 0 : static_cast<size_t>(size));
}

std::vector<std::string> marks_beneath(const std::string& layers) {
  std::vector<std::string> out;
  for (const auto& name : fs::list_dir(layers))
    if (mark_of(fs::join(layers, name)) == boot_id()) out.push_back(cat(name, "/", mark_name));
  return out;
}

// Between fork and here other threads may have held any lock: system calls alone. All descriptors
// but the directory's go at once, because locks and pipes of the caller live in them.
[[noreturn]] void settle(int layers, const std::vector<std::string>& marks) {
  ::setsid();
  if (::dup2(layers, 0) == 0 && ::close_range(1, UINT_MAX, 0) == 0 && ::chdir("/") == 0 &&
      ::syncfs(0) == 0)
    for (const auto& mark : marks) ::unlinkat(0, mark.c_str(), 0);
  ::_exit(0);
}

}  // namespace

void mark_unsettled(const std::string& layer) {
  std::string path = cat(layer, "/", mark_name);
  if (::symlink(boot_id().c_str(), path.c_str()) != 0) throw Error{"symlink", path, Errno{errno}};
}

bool is_whole(const std::string& layer) {
  auto mark = mark_of(layer);
  return mark ? *mark == boot_id() : fs::exists(layer);
}

void settle_later(const std::string& layers) {
  auto marks = marks_beneath(layers);
  if (marks.empty()) return;
  UniqueFd dir = sys::open(layers, O_RDONLY | O_DIRECTORY);
  pid_t child = ::fork();
  if (child < 0) return;  // they stay marked, and the next writer tries again
  if (child == 0) {
    // A grandchild: it is nobody's to wait for.
    if (::fork() == 0) settle(dir.get(), marks);
    ::_exit(0);
  }
  sys::eintr([&] { return ::waitpid(child, nullptr, 0); });
}

}  // namespace estiba::img
