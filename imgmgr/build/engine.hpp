// One build under way: what all its stages share, and how they wait for one another.
#pragma once
#include <atomic>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "imgmgr/build/builder.hpp"
#include "imgmgr/build/cache_directory.hpp"
#include "imgmgr/build/program.hpp"
#include "imgmgr/build/tree_source.hpp"
#include "imgmgr/build_cache.hpp"
#include "imgmgr/images.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img::build {

/// What a stage has come to: its layers and its configuration.
struct StageState {
  std::vector<Digest> diff_ids;  ///< lowest first
  ImageConfig config;
  std::vector<HistoryEntry> history;
  std::map<std::string, std::string> args;
  CmdOrigin cmd = CmdOrigin::inherited;
  std::string created;
};

class Engine {
 public:
  struct Parts {
    const BuildOptions& options;
    const Program& program;
    const Store& store;
    const Images& images;
    StepRunner& runner;
    IgnoreRules ignore;
  };
  explicit Engine(Parts parts);
  ~Engine();

  /// Runs the stage and what it needs.
  StageState run(size_t stage);

  // For the stages:
  const BuildOptions& options() const { return parts_.options; }
  const Program& program() const { return parts_.program; }
  const Store& store() const { return parts_.store; }
  const BuildCache& cache() const { return cache_; }
  StepRunner& runner() const { return parts_.runner; }
  const IgnoreRules& ignore() const { return parts_.ignore; }
  /// SOURCE_DATE_EPOCH (reproducible-builds.org): nothing of the result is later than this.
  std::optional<std::chrono::seconds> epoch() const { return epoch_; }
  /// The time that a step's result has.
  std::string now() const;
  std::chrono::system_clock::time_point begun() const { return begun_; }
  /// Arguments from before the first FROM, and the platform's.
  const std::map<std::string, std::string>& global_args() const { return global_args_; }

  /// Waits for another stage. An Error if that one waits, through others, for this.
  const StageState& need(size_t stage, size_t asking);
  /// The platform of the result.
  const Platform& platform() const { return platform_; }
  /// An image for this platform: of the store, or pulled if it may be.
  StageState image(const std::string& reference, const Platform& platform);
  /// The stage, named context or image that FROM or --from names.
  StageState source_state(const std::string& name, size_t asking);
  /// The directory of a named build context; nothing if there is no such context, or it is an
  /// image.
  std::optional<std::string> context_directory(const std::string& name) const;

  /// The layer directories, topmost first; never empty.
  std::vector<std::string> lower(const StageState& state) const;
  /// A new directory of this build.
  std::string scratch_dir(const std::string& name);

  /// An Error once the build has failed elsewhere or was given up.
  void check_stopped() const;
  std::stop_token stop_token() const { return stop_.get_token(); }
  void emit(const BuildEvent& event);
  int next_step() { return ++steps_; }
  void used_arg(const std::string& name);
  void warn_of_unused_args();
  /// Reads what cache_from names.
  void open_caches();
  /// What a directory of cache_from knows of the step; its layer is in the store then.
  std::optional<CacheRecord> brought(const std::string& key);
  /// That the build has come to this, from wherever.
  void note_step(const std::string& key, const CacheRecord& record);
  /// Writes all of the build's steps to where cache_to says.
  void keep_caches() const;

 private:
  struct Slot {
    std::thread thread;
    std::optional<StageState> result;
    std::exception_ptr failure;
    bool ended = false;
  };

  void set_global_args();
  ImageRecord base_image(const std::string& reference, const Platform& platform);
  void start(size_t stage);
  void run_slot(size_t stage);
  bool would_wait_forever(size_t stage, size_t asking) const;

  Parts parts_;
  std::chrono::system_clock::time_point begun_ = wall_now();
  std::optional<std::chrono::seconds> epoch_;
  Platform platform_;
  BuildCache cache_;
  fs::FileLock layers_held_;
  WorkDir work_;
  std::map<std::string, std::string> global_args_;
  mutable std::mutex mutex_;
  std::mutex pull_mutex_, event_mutex_;
  std::map<std::string, std::string> pulled_;  ///< name and platform → id, under pull_mutex_
  std::condition_variable changed_;
  std::map<size_t, Slot> slots_;
  std::map<size_t, size_t> waiting_;  ///< which stage a stage waits for
  std::set<std::string> used_args_;
  CachedSteps steps_done_;
  std::vector<CacheDirectory> caches_;
  std::exception_ptr first_failure_;
  std::stop_source stop_;
  std::optional<std::stop_callback<std::function<void()>>> outer_stop_;
  std::atomic<int> steps_ = 0;
  std::atomic<int> scratch_count_ = 0;
};

/// "linux/amd64".
std::string host_platform();

}  // namespace estiba::img::build
