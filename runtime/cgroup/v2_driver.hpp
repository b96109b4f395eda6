// See v2_driver.cpp.
#pragma once
#include "runtime/cgroup/tree.hpp"

namespace estiba::runtime::cgroup {

class V2Driver : public Driver {
 public:
  explicit V2Driver(const std::string& root) : root_(root), tree_(root) {}
  CgroupSetup create(const std::string& name, const Resources& resources) override;
  CgroupSetup setup(const std::string& name) const override;
  std::vector<MountOp> mounts(const std::string& name, bool readonly) const override;
  void kill_all(const std::string& name) override { tree_.kill_all(name); }
  void set_frozen(const std::string& name, State state) override { tree_.set_frozen(name, state); }
  State state(const std::string& name) const override { return tree_.state(name); }
  Stats stats(const std::string& name) const override;
  void remove(const std::string& name) override { tree_.remove(name); }
  void release() override { tree_.release(); }

 private:
  std::string root_;
  UnifiedTree tree_;
};

}  // namespace estiba::runtime::cgroup
