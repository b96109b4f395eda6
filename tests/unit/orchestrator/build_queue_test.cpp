#include "orchestrator/cli/build_queue.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "base/error.hpp"

namespace estiba::orchestrator {
namespace {

/// Notes what has run, and lets builds wait for one another.
struct Log {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> done;

  std::function<void()> entry(const std::string& name) {
    return [this, name] {
      std::lock_guard lock(mutex);
      done.push_back(name);
      changed.notify_all();
    };
  }
};

TEST(BuildQueue, BuildsAnImageAfterThoseItIsBuiltUpon) {
  Log log;
  run_builds({{"app", {"base"}, log.entry("app")}, {"base", {}, log.entry("base")}}, 4, {});
  EXPECT_EQ(log.done, (std::vector<std::string>{"base", "app"}));
}

TEST(BuildQueue, RunsBuildsThatDoNotNeedOneAnotherAtTheSameTime) {
  std::mutex mutex;
  std::condition_variable changed;
  int here = 0;
  auto meet = [&] {
    std::unique_lock lock(mutex);
    ++here;
    changed.notify_all();
    changed.wait(lock, [&] { return here == 2; });
  };
  run_builds({{"a", {}, meet}, {"b", {}, meet}}, 2, {});
  EXPECT_EQ(here, 2);
}

TEST(BuildQueue, BeginsNothingAfterAFailureAndTellsTheFirst) {
  Log log;
  bool stopped = false;
  auto fail = [] { throw Error("no luck"); };
  EXPECT_THROW(run_builds({{"a", {}, fail}, {"b", {}, log.entry("b")}}, 1, [&] { stopped = true; }),
               Error);
  EXPECT_TRUE(stopped);
  EXPECT_TRUE(log.done.empty());
}

TEST(BuildQueue, RefusesBuildsThatWaitForOneAnother) {
  auto nothing = [] {};
  EXPECT_THROW(run_builds({{"a", {"b"}, nothing}, {"b", {"a"}, nothing}}, 2, {}), Error);
}

}  // namespace
}  // namespace estiba::orchestrator
