// RUN --mount: from flags to what the step runner mounts, and what of it counts for the cache.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/overlay.hpp"
#include "imgmgr/build/engine.hpp"
#include "imgmgr/build/instruction.hpp"
#include "imgmgr/build/step_runner.hpp"

namespace estiba::img::build {

struct MountContext {
  Engine& engine;
  size_t stage;
  std::string working_dir;
};

/// A part of the step's cache key: contents of binds, names of caches and secrets.
std::string mounts_key(const MountContext& context, const std::vector<MountFlag>& flags);

/// Keeps overlays attached and caches locked while it lives.
struct PreparedMounts {
  std::vector<StepMount> mounts;
  std::vector<std::string> env;
  std::vector<AttachedOverlay> overlays;
  std::vector<fs::FileLock> locks;
};
PreparedMounts prepare_mounts(const MountContext& context, const std::vector<MountFlag>& flags);

/// Where each is mounted.
std::vector<std::string> mount_targets(const std::vector<StepMount>& mounts);

/// The mount points that a container's start leaves in a layer where the image had nothing: found
/// before the step, removed after it as far as they are still empty.
class MountStubs {
 public:
  MountStubs(const std::vector<std::string>& lower, const std::vector<std::string>& targets);
  void remove_from(const std::string& upper) const;

 private:
  std::vector<std::string> missing_;  ///< deepest first
};

}  // namespace estiba::img::build
