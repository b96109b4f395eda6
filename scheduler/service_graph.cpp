#include "scheduler/service_graph.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/depth_first_search.hpp>
#include <unordered_map>

#include "scheduler/dependencies.hpp"

namespace estiba::scheduler {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
using Index = ServiceGraph::Index;

Graph to_boost(const std::vector<std::vector<Index>>& adjacent) {
  Graph graph(adjacent.size());
  for (Index from = 0; from < adjacent.size(); ++from) {
    for (Index to : adjacent[from]) boost::add_edge(from, to, graph);
  }
  return graph;
}

/// A vertex is finished after all that it leads to, which here is: dependencies first.
struct RecordFinish : boost::default_dfs_visitor {
  explicit RecordFinish(std::vector<Index>& order) : order_(order) {}
  void finish_vertex(Index vertex, const Graph&) { order_.push_back(vertex); }
  std::vector<Index>& order_;
};

/// Keeps the way to the vertex at hand, and copies its end when an edge leads back into it.
struct RecordCycle : boost::default_dfs_visitor {
  RecordCycle(std::vector<Index>& path, std::vector<Index>& cycle) : path_(path), cycle_(cycle) {}
  void discover_vertex(Index vertex, const Graph&) { path_.push_back(vertex); }
  void finish_vertex(Index, const Graph&) { path_.pop_back(); }
  void back_edge(const Graph::edge_descriptor& edge, const Graph& graph) {
    if (!cycle_.empty()) return;
    Index first = boost::target(edge, graph);
    cycle_.assign(std::ranges::find(path_, first), path_.end());
    cycle_.push_back(first);
  }
  std::vector<Index>& path_;
  std::vector<Index>& cycle_;
};

}  // namespace

ServiceGraph::ServiceGraph(const Edges& edges)
    : dependencies_(edges.size()), dependents_(edges.size()) {
  names_.reserve(edges.size());
  for (const auto& [service, needed] : edges) names_.push_back(service);
  Index from = 0;
  for (const auto& [service, needed] : edges) {
    for (const std::string& other : needed) {
      auto to = find(other);
      if (!to) continue;
      dependencies_[from].push_back(*to);
      dependents_[*to].push_back(from);
    }
    ++from;
  }
}

std::optional<Index> ServiceGraph::find(std::string_view name) const {
  auto found = std::ranges::lower_bound(names_, name);
  if (found == names_.end() || *found != name) return std::nullopt;
  return static_cast<Index>(found - names_.begin());
}

std::vector<Index> ServiceGraph::order() const {
  std::vector<Index> order;
  order.reserve(size());
  boost::depth_first_search(to_boost(dependencies_), boost::visitor(RecordFinish{order}));
  return order;
}

std::optional<std::vector<Index>> ServiceGraph::cycle() const {
  std::vector<Index> path, cycle;
  boost::depth_first_search(to_boost(dependencies_), boost::visitor(RecordCycle{path, cycle}));
  if (cycle.empty()) return std::nullopt;
  return cycle;
}

std::vector<bool> ServiceGraph::closure(const std::vector<Index>& roots) const {
  std::vector<boost::default_color_type> colours(size(), boost::white_color);
  Graph graph = to_boost(dependencies_);
  for (Index root : roots) {
    if (colours[root] != boost::white_color) continue;
    boost::depth_first_visit(graph, root, boost::default_dfs_visitor{}, colours.data());
  }
  std::vector<bool> reached(size());
  for (Index service = 0; service < size(); ++service) {
    reached[service] = colours[service] != boost::white_color;
  }
  return reached;
}

ServiceGraph graph_of(const spec::Project& project) {
  ServiceGraph::Edges edges;
  for (const auto& [name, service] : project.services) {
    auto& needed = edges[name];
    for (const auto& [other, dependency] : dependencies_of(service)) needed.insert(other);
  }
  return ServiceGraph{edges};
}

ServiceGraph graph_of(const ObservedState& observed) {
  std::unordered_map<std::string, std::string> service_of;
  for (const auto& container : observed.containers) service_of[container.id] = container.service;
  ServiceGraph::Edges edges;
  for (const auto& container : observed.containers) {
    auto& needed = edges[container.service];
    for (const auto& dependency : container.depends_on) needed.insert(dependency.service);
    for (const auto& id : container.joined_containers) {
      if (auto parent = service_of.find(id); parent != service_of.end()) {
        needed.insert(parent->second);
      }
    }
  }
  return ServiceGraph{edges};
}

}  // namespace estiba::scheduler
