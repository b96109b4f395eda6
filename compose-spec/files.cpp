#include "compose-spec/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/sys.hpp"

namespace estiba::spec {
namespace {

constexpr size_t largest_file = size_t{64} << 20;

std::string read_bounded(FdRef fd, const std::string& subject) {
  std::string text;
  size_t filled = 0;
  while (true) {
    text.resize(filled + std::max<size_t>(filled, 16384));
    size_t got = sys::read(fd, text.data() + filled, text.size() - filled, subject);
    filled += got;
    if (got == 0) break;
    if (filled > largest_file) throw Error(cat(subject, " is larger than 64 MiB"));
  }
  text.resize(filled);
  return text;
}

}  // namespace

std::optional<std::string> read_text_file(const std::string& path) {
  auto status = sys::stat(path);
  if (!status) return std::nullopt;
  if (S_ISDIR(status->st_mode)) throw Error(cat(path, " is a directory, not a file"));
  // /dev/null is how people write "no file"; any other device could be read for ever.
  bool null_device = path == "/dev/null";
  bool readable = S_ISREG(status->st_mode) || S_ISFIFO(status->st_mode) || null_device;
  if (!readable) throw Error(cat(path, " is a device or a socket, not a file"));
  UniqueFd fd = sys::open(path, O_RDONLY);
  return read_bounded(fd, path);
}

std::string read_standard_input() { return read_bounded(FdRef(STDIN_FILENO), "standard input"); }

}  // namespace estiba::spec
