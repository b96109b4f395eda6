#include "orchestrator/cli/build_queue.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.hpp"

namespace estiba::orchestrator {
namespace {

class Queue {
 public:
  Queue(const std::vector<QueuedBuild>& builds, const std::function<void()>& on_failure)
      : builds_(builds), on_failure_(on_failure), states_(builds.size(), State::waiting) {}

  void run(size_t workers) {
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
    }
    if (failure_) std::rethrow_exception(failure_);
    auto stuck = std::find(states_.begin(), states_.end(), State::waiting);
    if (stuck == states_.end()) return;
    auto index = static_cast<size_t>(stuck - states_.begin());
    throw Error(
        cat("the build of \"", builds_[index].name, "\" waits, through others, for itself"));
  }

 private:
  enum class State { waiting, running, done };

  void work() {
    std::unique_lock lock(mutex_);
    while (auto index = take(lock)) {
      lock.unlock();
      std::exception_ptr failure;
      try {
        builds_[*index].run();
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      states_[*index] = State::done;
      if (failure && !failure_) {
        failure_ = failure;
        if (on_failure_) on_failure_();
      }
      changed_.notify_all();
    }
  }

  // Waits for one that may begin; nothing if none ever will.
  std::optional<size_t> take(std::unique_lock<std::mutex>& lock) {
    while (!failure_) {
      for (size_t i = 0; i < builds_.size(); ++i) {
        if (states_[i] != State::waiting || !is_ready(builds_[i])) continue;
        states_[i] = State::running;
        return i;
      }
      if (std::find(states_.begin(), states_.end(), State::running) == states_.end()) break;
      changed_.wait(lock);
    }
    return std::nullopt;
  }

  bool is_ready(const QueuedBuild& build) const {
    for (size_t i = 0; i < builds_.size(); ++i) {
      bool needed =
          std::find(build.after.begin(), build.after.end(), builds_[i].name) != build.after.end();
      if (needed && states_[i] != State::done) return false;
    }
    return true;
  }

  const std::vector<QueuedBuild>& builds_;
  const std::function<void()>& on_failure_;
  std::vector<State> states_;
  std::exception_ptr failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace

void run_builds(const std::vector<QueuedBuild>& builds, size_t at_once,
                const std::function<void()>& on_failure) {
  Queue(builds, on_failure).run(std::clamp<size_t>(at_once, 1, std::max<size_t>(builds.size(), 1)));
}

}  // namespace estiba::orchestrator
