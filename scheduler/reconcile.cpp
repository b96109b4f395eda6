#include "scheduler/reconcile.hpp"

#include "base/error.hpp"
#include "scheduler/decision.hpp"
#include "scheduler/dependencies.hpp"
#include "scheduler/up_plan.hpp"

namespace estiba::scheduler {
namespace {

using Index = ServiceGraph::Index;

std::vector<Index> resolve(const ServiceGraph& graph, const std::vector<std::string>& names) {
  std::vector<Index> found;
  for (const std::string& name : names) {
    auto index = graph.find(name);
    if (!index) throw Error{cat("no such service: ", name)};
    found.push_back(*index);
  }
  return found;
}

std::vector<bool> marked(const ServiceGraph& graph, const std::vector<Index>& services) {
  std::vector<bool> marks(graph.size(), services.empty());
  for (Index service : services) marks[service] = true;
  return marks;
}

std::vector<Index> filtered(const std::vector<Index>& order, const std::vector<bool>& wanted) {
  std::vector<Index> kept;
  for (Index service : order) {
    if (wanted[service]) kept.push_back(service);
  }
  return kept;
}

/// The graph numbers services in the order of the project's map.
void index_services(UpContext& context) {
  const ServiceGraph& graph = context.graph;
  context.needs.resize(graph.size());
  context.containers.resize(graph.size());
  for (const auto& [name, service] : context.project().services) {
    auto& needs = context.needs[context.services.size()];
    context.services.push_back(&service);
    for (const auto& [other, how] : dependencies_of(service)) {
      if (auto needed = graph.find(other)) needs.push_back({*needed, how});
    }
  }
  for (const ObservedContainer& container : context.observed.containers) {
    auto service = graph.find(container.service);
    if (service && !container.one_off) context.containers[*service].push_back(&container);
  }
}

}  // namespace

std::optional<std::string> find_cycle(const spec::Project& project) {
  ServiceGraph graph = graph_of(project);
  auto cycle = graph.cycle();
  if (!cycle) return std::nullopt;
  std::string path;
  for (Index service : *cycle) path += cat(path.empty() ? "" : " -> ", graph.name(service));
  return path;
}

std::vector<std::string> select_services(const spec::Project& project,
                                         const std::vector<std::string>& targets, bool no_deps) {
  ServiceGraph graph = graph_of(project);
  auto wanted = resolve(graph, targets);
  auto marks = no_deps || wanted.empty() ? marked(graph, wanted) : graph.closure(wanted);
  std::vector<std::string> names;
  for (Index service : filtered(graph.order(), marks)) names.push_back(graph.name(service));
  return names;
}

UpContext up_context(const Desired& desired, const ObservedState& observed,
                     const UpOptions& options) {
  ServiceGraph graph = graph_of(desired.project);
  auto targets = resolve(graph, options.targets);
  auto is_target = marked(graph, targets);
  auto is_selected = options.no_deps || targets.empty() ? is_target : graph.closure(targets);
  auto selected = filtered(graph.order(), is_selected);
  UpContext context{desired,
                    observed,
                    options,
                    std::move(graph),
                    std::move(selected),
                    std::move(is_selected),
                    std::move(is_target)};
  index_services(context);
  return context;
}

Plan plan_up(const Desired& desired, const ObservedState& observed, const UpOptions& options) {
  UpContext context = up_context(desired, observed, options);
  NetworkDecisions networks = decide_networks(context);
  VolumeDecisions volumes = decide_volumes(context);
  auto services = decide_services(context, networks);
  return UpPlan{context, networks, volumes, services}.build();
}

}  // namespace estiba::scheduler
