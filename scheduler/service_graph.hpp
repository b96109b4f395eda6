// Who depends on whom, by index: services are numbered in the order of their names, so that every
// walk is deterministic. Boost.Graph stays behind this header. Internal to the room.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compose-spec/project.hpp"
#include "scheduler/observed_state.hpp"

namespace estiba::scheduler {

class ServiceGraph {
 public:
  using Index = size_t;
  /// Service → the services it depends on; dependencies that are no key themselves are dropped.
  using Edges = std::map<std::string, std::set<std::string>, std::less<>>;
  explicit ServiceGraph(const Edges& edges);

  size_t size() const { return names_.size(); }
  const std::string& name(Index service) const { return names_[service]; }
  std::optional<Index> find(std::string_view name) const;
  const std::vector<Index>& dependencies(Index service) const { return dependencies_[service]; }
  const std::vector<Index>& dependents(Index service) const { return dependents_[service]; }

  /// All services, dependencies first. In a cycle the edge that closes it is ignored: labels of
  /// containers made from different files may form one, and `down` must work even so.
  std::vector<Index> order() const;
  /// A cycle with its first service repeated at the end.
  std::optional<std::vector<Index>> cycle() const;
  /// For each service whether it is a root or something a root depends on, however indirectly.
  std::vector<bool> closure(const std::vector<Index>& roots) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<Index>> dependencies_, dependents_;
};

ServiceGraph graph_of(const spec::Project& project);
/// From the labels and shared namespaces of the containers that exist.
ServiceGraph graph_of(const ObservedState& observed);

}  // namespace estiba::scheduler
