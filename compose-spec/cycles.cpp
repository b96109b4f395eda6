// Services that depend on each other in a circle.
#include <map>
#include <set>

#include "base/error.hpp"
#include "compose-spec/consistency.hpp"

namespace estiba::spec {
namespace {

// Depth-first search along depends_on; the stack is the circle when a service is met again on it.
class CycleFinder {
 public:
  CycleFinder(const Mapping& services, Report& report) : report_(report) {
    for (const Entry& entry : services) services_.emplace(entry.key, &entry.value);
  }

  void find() {
    for (const auto& [name, node] : services_) visit(name);
  }

 private:
  struct Frame {
    std::string name;
    size_t next = 0;
  };

  // Without recursion: a chain of 100,000 services is legal.
  void visit(const std::string& start) {
    if (!done_.contains(start)) push(start);
    while (!stack_.empty()) {
      Frame& frame = stack_.back();
      const Mapping* dependencies = dependencies_of(frame.name);
      if (!dependencies || frame.next >= dependencies->size()) {
        done_.insert(frame.name);
        on_stack_.erase(frame.name);
        stack_.pop_back();
        continue;
      }
      const Entry& dependency = (*dependencies)[frame.next++];
      if (on_stack_.contains(dependency.key)) {
        report_cycle(dependency);
      } else if (!done_.contains(dependency.key) && services_.contains(dependency.key)) {
        push(dependency.key);
      }
    }
  }

  void push(const std::string& name) {
    on_stack_.insert(name);
    stack_.push_back({name, 0});
  }

  const Mapping* dependencies_of(const std::string& name) const {
    const Node* found = services_.at(name)->find("depends_on");
    return found ? found->mapping() : nullptr;
  }

  void report_cycle(const Entry& dependency) {
    std::string circle;
    bool inside = false;
    for (const Frame& frame : stack_) {
      inside = inside || frame.name == dependency.key;
      if (inside) circle += cat(frame.name, " -> ");
    }
    report_.error(dependency.key_span, Path("services"),
                  cat("services depend on each other in a circle: ", circle, dependency.key),
                  "remove one of these dependencies");
  }

  Report& report_;
  std::map<std::string, const Node*> services_;
  std::set<std::string> done_, on_stack_;
  std::vector<Frame> stack_;
};

}  // namespace

void check_cycles(const Node& model, Report& report) {
  const Node* services = model.find("services");
  if (services && services->is_mapping()) CycleFinder(*services->mapping(), report).find();
}

}  // namespace estiba::spec
