// Runs a plan: each action of it against the rooms, as its dependencies allow, with progress to the
// client. What a failed first `up` made, and nothing ever ran of, is taken back.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "orchestrator/server/supervisor.hpp"
#include "scheduler/plan.hpp"

namespace estiba::orchestrator {

struct RunContext {
  std::string project_name;
  /// The model as it came, and bound; empty and nothing for commands without a file.
  Json model;
  std::optional<spec::Project> project;
  std::map<std::string, std::string> image_ids;  ///< by service
  /// Labels that every container gets (working_dir, config_files ...).
  std::map<std::string, std::string> common_labels;
  /// Contents from the environment: "secrets/NAME" → value.
  std::map<std::string, std::string> contents;
  std::optional<std::chrono::seconds> stop_timeout;
  bool renew_anonymous_volumes = false;
  bool remove_anonymous_volumes = false;
  Deadline wait_deadline = no_deadline;
};

/// The model with one service and only what that service refers to.
Json model_of_service(const Json& model, const spec::Service& service);

class PlanRunner {
 public:
  PlanRunner(Core& core, Supervisor& supervisor, std::shared_ptr<Connection> client,
             RunContext context);

  /// Throws the first failure, with the others beneath it.
  Task<> run(const scheduler::Plan& plan);
  /// Takes back what this run created and never started.
  Task<> roll_back();
  size_t removed() const { return removed_; }
  /// A container of a service, from the run's model: as CreateContainer does.
  Task<InstancePtr> create(const spec::Service& service, ContainerRecord record);

 private:
  /// The fixed addresses of all services, so that no other container is given one of them.
  void reserve_addresses(const spec::Network& network);
  Task<> run_node(const scheduler::PlanNode& node);
  Task<> perform(scheduler::CreateNetwork action);
  Task<> perform(scheduler::RemoveNetwork action);
  Task<> perform(scheduler::CreateVolume action);
  Task<> perform(scheduler::RemoveVolume action);
  Task<> perform(scheduler::CreateContainer action);
  Task<> perform(scheduler::StartContainer action);
  Task<> perform(scheduler::StopContainer action);
  Task<> perform(scheduler::RemoveContainer action);
  Task<> perform(scheduler::WaitFor action);
  InstancePtr find(const std::string& container) const;
  /// True if the container meets the condition, an Error if it never will.
  bool meets(const Instance& instance, const scheduler::WaitFor& wait) const;
  std::vector<InstancePtr> replicas(const std::string& service) const;
  Task<> wait_for_change(const std::vector<InstancePtr>& instances, Deadline deadline);

  Core& core_;
  Supervisor& supervisor_;
  std::shared_ptr<Connection> client_;
  RunContext context_;
  std::optional<Error> failure_;
  std::vector<InstancePtr> created_;
  std::vector<std::string> created_networks_, created_volumes_;
  std::map<std::string, std::map<std::string, std::string>> kept_volumes_;  ///< by container name
  size_t removed_ = 0;
};

}  // namespace estiba::orchestrator
