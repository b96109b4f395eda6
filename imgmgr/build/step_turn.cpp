#include "imgmgr/build/step_turn.hpp"

#include <fcntl.h>

#include <thread>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba::img::build {
namespace {

constexpr std::chrono::milliseconds between_tries{10};
constexpr size_t offset_digits = 15;

}  // namespace

// One file for all keys, of which each locks the byte that its first digits say: nothing is left
// to be tidied up. The lock is the open file's (fcntl(2), F_OFD_SETLK), not the process's: threads
// exclude one another, and it goes with whoever dies.
StepTurn::StepTurn(const Engine& engine, const std::string& key)
    : fd_(sys::open(fs::join(engine.store().path(), "steps.lock"), O_RDWR | O_CREAT, 0600)) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(text::to_uint(key.substr(0, offset_digits), 16).value_or(0));
  lock.l_len = 1;
  while (::fcntl(fd_.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES) throw Error{"fcntl", "steps.lock", Errno{errno}};
    engine.check_stopped();
    std::this_thread::sleep_for(between_tries);
  }
}

}  // namespace estiba::img::build
