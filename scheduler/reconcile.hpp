// Project + ObservedState → Plan: pure decisions, no I/O. reconcile(observed := after the plan) is
// empty.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compose-spec/project.hpp"
#include "scheduler/observed_state.hpp"
#include "scheduler/plan.hpp"

namespace estiba::scheduler {

enum class Recreate { diverged, force, never };
enum class Start { yes, no };
enum class Wait { no, running_or_healthy };

struct UpOptions {
  /// Services named on the command line; empty: all. Their dependencies come along unless no_deps.
  std::vector<std::string> targets = {};
  bool no_deps = false;
  Recreate recreate = Recreate::diverged;
  /// --always-recreate-deps: force also for dependencies.
  bool recreate_dependencies = false;
  bool remove_orphans = false;
  std::map<std::string, int> scale = {};
  Start start = Start::yes;
  Wait wait = Wait::no;
};

struct Desired {
  spec::Project project;
  /// Service → id of the image it is to run ("sha256:...").
  std::map<std::string, std::string> image_ids;
};

/// A cycle of depends_on as the whole path, "a -> b -> a"; nothing if there is none.
std::optional<std::string> find_cycle(const spec::Project& project);

/// The targets and (unless no_deps) all they depend on, transitively, dependencies first.
std::vector<std::string> select_services(const spec::Project& project,
                                         const std::vector<std::string>& targets, bool no_deps);

/// An external network or volume that a selected service needs and that does not exist.
struct MissingExternal {
  enum class Kind { network, volume } kind = Kind::network;
  std::string key, name;
  bool operator==(const MissingExternal&) const = default;
};
/// To be asked before plan_up, which takes external resources as given.
std::vector<MissingExternal> missing_externals(const Desired& desired,
                                               const ObservedState& observed,
                                               const UpOptions& options);

/// Throws an Error for a target that is no service, and for a scale that container_name forbids.
Plan plan_up(const Desired& desired, const ObservedState& observed, const UpOptions& options);

/// What must be there for a one-off container of the service: networks, volumes, and unless no_deps
/// its dependencies with their conditions. The service's own containers are left alone.
Plan plan_run(const Desired& desired, ObservedState observed, const std::string& service,
              bool no_deps);

struct DownOptions {
  std::vector<std::string> targets = {};  ///< empty: the whole project
  bool remove_volumes = false;
  bool remove_orphans = false;
  /// The project's model where a file is at hand: decides orphans and external resources.
  std::optional<spec::Project> project = {};
};
/// Order comes from ObservedContainer::depends_on, so it needs no file.
Plan plan_down(const ObservedState& observed, const DownOptions& options);

/// stop: dependents before what they depend on. start: dependencies first, with their conditions.
Plan plan_stop(const ObservedState& observed, const std::vector<std::string>& targets);
Plan plan_start(const ObservedState& observed, const std::vector<std::string>& targets,
                Wait wait = Wait::no);

/// Whether services that depend on a restarted one with `restart: true` are restarted as well.
enum class Dependents { restart, leave };
/// restart: all stops, dependents first, then all starts with the conditions between them. What
/// the targets themselves depend on is left alone. A container that does not run is started.
Plan plan_restart(const ObservedState& observed, const std::vector<std::string>& targets,
                  Dependents dependents = Dependents::restart);

/// Names of services that have containers but are not in the project (enabled or disabled).
std::vector<std::string> orphans(const spec::Project& project, const ObservedState& observed);

}  // namespace estiba::scheduler
