// Walks a plan: says which nodes may run now, hears how they ended. No I/O and no threads: the
// caller runs the actions. After a failure nothing that depends on the failed node becomes ready.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "scheduler/plan.hpp"

namespace estiba::scheduler {

class Execution {
 public:
  /// `limit`: actions running at once (0: no bound). WaitFor does not count.
  explicit Execution(const Plan& plan, size_t limit = 0);

  /// Nodes that may start now, each returned once.
  std::vector<NodeId> take_ready();
  void succeeded(NodeId node);
  void failed(NodeId node, std::string why);
  /// Nothing runs and nothing more can become ready.
  bool done() const;
  /// Reasons of the nodes that failed, in the order they did.
  const std::vector<std::string>& failures() const;
  /// Nodes never started because something they depend on failed.
  std::vector<NodeId> skipped() const;

 private:
  struct Entry {
    size_t missing = 0;  ///< dependencies not yet succeeded
    std::vector<NodeId> dependents;
    enum class State { waiting, ready, running, succeeded, failed } state = State::waiting;
    bool counts = true;
  };
  std::vector<Entry> entries_;
  std::vector<std::string> failures_;
  size_t limit_ = 0, running_ = 0, counted_ = 0;
};

}  // namespace estiba::scheduler
