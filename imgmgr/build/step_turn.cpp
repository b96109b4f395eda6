#include "imgmgr/build/step_turn.hpp"

#include <fcntl.h>

#include <thread>

#include "base/sys.hpp"
#include "imgmgr/turn_lock.hpp"

namespace estiba::img::build {
namespace {

constexpr std::chrono::milliseconds between_tries{10};

}  // namespace

StepTurn::StepTurn(const Engine& engine, const std::string& key)
    : fd_(sys::open(fs::join(engine.store().path(), "steps.lock"), O_RDWR | O_CREAT, 0600)) {
  while (!try_lock_turn(fd_, key)) {
    engine.check_stopped();
    std::this_thread::sleep_for(between_tries);
  }
}

}  // namespace estiba::img::build
