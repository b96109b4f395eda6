// cgroup v1 hierarchies, with the v2 tree beside them where it is mounted (hybrid): then kill,
// freeze and devices are v2's, and fewer v1 directories have to be joined.
#pragma once
#include "runtime/cgroup/tree.hpp"

namespace estiba::runtime::cgroup {

class V1Driver : public Driver {
 public:
  /// `controllers` are names of directories beneath `root`.
  V1Driver(std::string root, std::vector<std::string> controllers,
           std::optional<UnifiedTree> unified, bool device_programs);
  CgroupSetup create(const std::string& name, const Resources& resources) override;
  CgroupSetup setup(const std::string& name) const override;
  std::vector<MountOp> mounts(const std::string& name, bool readonly) const override;
  void kill_all(const std::string& name) override;
  void set_frozen(const std::string& name, State state) override;
  State state(const std::string& name) const override;
  Stats stats(const std::string& name) const override;
  void remove(const std::string& name) override;
  void release() override;

 private:
  bool has(const std::string& controller) const;
  std::string directory(const std::string& controller, const std::string& name) const;
  bool needed(const std::string& controller, const Resources& resources) const;
  void make(const std::string& controller, const std::string& name) const;

  std::string root_;
  std::vector<std::string> controllers_;
  std::optional<UnifiedTree> unified_;
  bool device_programs_;
};

}  // namespace estiba::runtime::cgroup
