// Walks a plan: says which nodes may run now, hears how they ended. No I/O and no threads: the
// caller runs the actions. After a failure nothing that depends on the failed node becomes ready;
// only a WaitFor that is not required passes all the same.
#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "scheduler/plan.hpp"

namespace estiba::scheduler {

class Execution {
 public:
  /// `limit`: actions running at once (0: no bound). WaitFor does not count.
  explicit Execution(const Plan& plan, size_t limit = 0);

  /// Nodes that may start now, each returned once, in the order of the plan.
  std::vector<NodeId> take_ready();
  void succeeded(NodeId node);
  void failed(NodeId node, std::string why);
  /// Nothing runs and nothing more can become ready.
  bool done() const { return running_ == 0 && ready_.empty(); }
  /// Reasons of the nodes that failed, in the order they did; not of waits that were not required.
  const std::vector<std::string>& failures() const { return failures_; }
  /// Nodes never started because something they depend on failed.
  std::vector<NodeId> skipped() const;

 private:
  enum class State { waiting, ready, running, succeeded, failed, skipped };
  struct Entry {
    size_t missing = 0;  ///< dependencies that have not ended well yet
    std::vector<NodeId> dependents;
    State state = State::waiting;
    bool counts = true;     ///< towards the limit
    bool tolerant = false;  ///< dependents go on whatever becomes of it
  };
  void finish(NodeId node, State state);
  /// Tells the dependents, and the dependents of those that can now never run.
  void spread(NodeId node);
  void release(NodeId node);
  Entry& at(NodeId node) { return entries_[static_cast<size_t>(node)]; }

  std::vector<Entry> entries_;
  std::set<NodeId> ready_;
  std::vector<std::string> failures_;
  size_t limit_ = 0, running_ = 0, counted_ = 0;
};

}  // namespace estiba::scheduler
