#include "scheduler/executor.hpp"

#include <utility>

namespace estiba::scheduler {

Execution::Execution(const Plan& plan, size_t limit) : entries_(plan.nodes.size()), limit_(limit) {
  for (const PlanNode& node : plan.nodes) {
    Entry& entry = at(node.id);
    const auto* wait = std::get_if<WaitFor>(&node.action);
    entry.counts = wait == nullptr;
    entry.tolerant = wait != nullptr && !wait->required;
    entry.missing = node.deps.size();
    for (NodeId dep : node.deps) at(dep).dependents.push_back(node.id);
    if (entry.missing == 0) release(node.id);
  }
}

void Execution::release(NodeId node) {
  at(node).state = State::ready;
  ready_.insert(node);
}

std::vector<NodeId> Execution::take_ready() {
  std::vector<NodeId> taken;
  for (auto it = ready_.begin(); it != ready_.end();) {
    Entry& entry = at(*it);
    if (entry.counts && limit_ != 0 && counted_ >= limit_) {
      ++it;
      continue;
    }
    entry.state = State::running;
    ++running_;
    if (entry.counts) ++counted_;
    taken.push_back(*it);
    it = ready_.erase(it);
  }
  return taken;
}

void Execution::succeeded(NodeId node) { finish(node, State::succeeded); }

void Execution::failed(NodeId node, std::string why) {
  if (!at(node).tolerant) failures_.push_back(std::move(why));
  finish(node, State::failed);
}

void Execution::finish(NodeId node, State state) {
  Entry& entry = at(node);
  entry.state = state;
  --running_;
  if (entry.counts) --counted_;
  spread(node);
}

void Execution::spread(NodeId first) {
  std::vector<NodeId> ended{first};
  while (!ended.empty()) {
    const Entry& entry = at(ended.back());
    ended.pop_back();
    bool well = entry.state == State::succeeded || entry.tolerant;
    for (NodeId id : entry.dependents) {
      Entry& dependent = at(id);
      if (dependent.state != State::waiting) continue;
      if (!well) {
        dependent.state = State::skipped;
        ended.push_back(id);
      } else if (--dependent.missing == 0) {
        release(id);
      }
    }
  }
}

std::vector<NodeId> Execution::skipped() const {
  std::vector<NodeId> ids;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].state == State::skipped) ids.push_back(static_cast<NodeId>(i));
  }
  return ids;
}

}  // namespace estiba::scheduler
