#include "imgmgr/registry/layer_turn.hpp"

#include <fcntl.h>

#include <chrono>
#include <thread>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "imgmgr/digest.hpp"

namespace estiba::img {
namespace {

constexpr std::chrono::milliseconds pace{20};
constexpr std::chrono::minutes patience{15};

// One byte of the file stands for a layer: no file a layer is left behind, as with flock(2).
off_t byte_of(const std::string& diff_id) {
  return static_cast<off_t>(text::to_uint(sha256_hex(diff_id).substr(0, 15), 16).value_or(0));
}

// A lock of the open file description (F_OFD_SETLK): it keeps threads apart as well, and ends with
// its holder.
bool take(FdRef file, off_t byte) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES || errno == EINTR) return false;
  throw Error{"fcntl(F_OFD_SETLK)", "turns.lock", Errno{errno}};
}

}  // namespace

LayerTurn::LayerTurn(const Store& store, const std::string& diff_id, const std::stop_token& stop)
    : file_(sys::open(fs::join(store.path(), "turns.lock"), O_RDWR | O_CREAT, 0600)) {
  auto end = std::chrono::steady_clock::now() + patience;
  while (!take(file_, byte_of(diff_id))) {
    if (stop.stop_requested() || std::chrono::steady_clock::now() > end) return;
    std::this_thread::sleep_for(pace);
  }
}

}  // namespace estiba::img
