#include "imgmgr/registry/layer_turn.hpp"

#include <fcntl.h>

#include <chrono>
#include <thread>

#include "base/fs.hpp"
#include "base/sys.hpp"
#include "imgmgr/turn_lock.hpp"

namespace estiba::img {
namespace {

constexpr std::chrono::milliseconds pace{20};
constexpr std::chrono::minutes patience{15};

}  // namespace

LayerTurn::LayerTurn(const Store& store, const Digest& diff_id, const std::stop_token& stop)
    : file_(sys::open(fs::join(store.path(), "turns.lock"), O_RDWR | O_CREAT, 0600)) {
  std::string key = diff_id.hex();
  auto end = std::chrono::steady_clock::now() + patience;
  while (!try_lock_turn(file_, key)) {
    if (stop.stop_requested() || std::chrono::steady_clock::now() > end) return;
    std::this_thread::sleep_for(pace);
  }
}

}  // namespace estiba::img
