#include "imgmgr/turn_lock.hpp"

#include <fcntl.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::img {
namespace {

constexpr size_t offset_digits = 15;

}  // namespace

bool try_lock_turn(FdRef file, std::string_view key) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  std::string digits(key.substr(0, offset_digits));
  lock.l_start = static_cast<off_t>(text::to_uint(digits, 16).value_or(0));
  lock.l_len = 1;
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES || errno == EINTR) return false;
  throw Error{"fcntl", "F_OFD_SETLK", Errno{errno}};
}

}  // namespace estiba::img
