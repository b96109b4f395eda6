// Small projects for the scheduler's tests, and a fake runner that applies a plan to a state.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "scheduler/dependencies.hpp"
#include "scheduler/reconcile.hpp"

namespace estiba::scheduler::testing {

/// A project "p" of services on network "default" whose hashes are "h1" and image ids "sha256:1".
struct Model {
  Model() {
    desired.project.name = "p";
    network("default");
  }
  spec::Service& service(const std::string& name,
                         const std::map<std::string, spec::Dependency>& depends_on = {}) {
    spec::Service& service = desired.project.services[name];
    service.name = name;
    service.config_hash = "h1";
    service.depends_on = depends_on;
    service.networks = {{"default", {}}};
    desired.image_ids[name] = "sha256:1";
    return service;
  }
  spec::Service& operator[](const std::string& name) { return desired.project.services.at(name); }
  spec::Network& network(const std::string& key) {
    spec::Network& network = desired.project.networks[key];
    network.key = key;
    network.name = "p_" + key;
    network.config_hash = "n1";
    return network;
  }
  spec::Volume& volume(const std::string& key) {
    spec::Volume& volume = desired.project.volumes[key];
    volume.key = key;
    volume.name = "p_" + key;
    volume.config_hash = "v1";
    return volume;
  }

  Desired desired;
};

inline spec::ServiceVolume mount(const std::string& key) {
  spec::ServiceVolume volume;
  volume.type = "volume";
  volume.source = key;
  volume.target = "/" + key;
  return volume;
}

inline spec::Dependency started() { return {}; }
inline spec::Dependency healthy() { return {spec::DependsOnCondition::service_healthy}; }
inline spec::Dependency completed() {
  return {spec::DependsOnCondition::service_completed_successfully};
}
inline spec::Dependency restarting() {
  return {spec::DependsOnCondition::service_started, true, true};
}
inline spec::Dependency not_required(spec::DependsOnCondition condition) {
  return {condition, false, false};
}

/// Applies actions as a runner would, and fails the test where one cannot be done.
class FakeRunner {
 public:
  FakeRunner(const Desired& desired, ObservedState& state) : desired_(desired), state_(state) {}

  void operator()(const CreateNetwork& a) {
    auto found = desired_.project.networks.find(a.key);
    bool declared = found != desired_.project.networks.end();
    state_.networks.push_back(
        {a.key, network_name(desired_.project, a.key), declared ? found->second.config_hash : ""});
  }
  void operator()(const RemoveNetwork& a) {
    for (const auto& c : state_.containers) {
      EXPECT_EQ(std::ranges::count(c.networks, a.name), 0)
          << a.name << " is removed while " << c.name << " is on it";
    }
    std::erase_if(state_.networks, [&](const auto& n) { return n.name == a.name; });
  }
  void operator()(const CreateVolume& a) {
    state_.volumes.push_back({a.key, volume_name(desired_.project, a.key),
                              desired_.project.volumes.at(a.key).config_hash});
  }
  void operator()(const RemoveVolume& a) {
    std::erase_if(state_.volumes, [&](const auto& v) { return v.name == a.name; });
  }
  void operator()(const CreateContainer& a) {
    const spec::Service& service = desired_.project.services.at(a.service);
    if (!a.replaces.empty()) replaced_.insert(a.replaces);
    ObservedContainer c;
    static int created = 0;  // an id is never used again
    c.id = cat("id", std::to_string(++created));
    c.name = a.name;
    c.service = a.service;
    c.number = a.number;
    c.config_hash = service.config_hash;
    auto image = desired_.image_ids.find(a.service);
    if (image != desired_.image_ids.end()) c.image_id = image->second;
    for (const auto& key : networks_of(service)) {
      c.networks.push_back(network_name(desired_.project, key));
    }
    for (const auto& key : volumes_of(service)) {
      c.volumes.push_back(volume_name(desired_.project, key));
    }
    for (const auto& name : c.networks) {
      EXPECT_EQ(std::ranges::count(state_.networks, name, &ObservedNetwork::name), 1)
          << a.name << " is created before " << name;
    }
    for (const auto& parent : namespace_parents(service)) {
      auto join = a.joins.find(parent);
      if (join == a.joins.end()) continue;
      const ObservedContainer* joined = resolve(join->second);
      ASSERT_NE(joined, nullptr) << a.name << " is created before " << join->second;
      c.joined_containers.push_back(joined->id);
    }
    c.depends_on = parse_depends_on_label(depends_on_label(service));
    EXPECT_EQ(find_named(c.name), nullptr) << c.name << " is created twice";
    state_.containers.push_back(std::move(c));
  }
  void operator()(const StartContainer& a) {
    ObservedContainer* c = resolve(a.container);
    ASSERT_NE(c, nullptr) << "no container " << a.container;
    EXPECT_NE(c->state, ContainerState::running) << c->name << " is started twice";
    for (const auto& id : c->joined_containers) {
      const ObservedContainer* joined = find(id);
      bool is_up = joined != nullptr && joined->state == ContainerState::running;
      EXPECT_TRUE(is_up || parents_may_be_down) << c->name << " is started before " << id;
    }
    c->state = ContainerState::running;
    c->health = HealthState::healthy;
  }
  void operator()(const StopContainer& a) {
    ObservedContainer* c = find(a.container);
    ASSERT_NE(c, nullptr) << "no container " << a.container;
    c->state = ContainerState::exited;
  }
  void operator()(const RemoveContainer& a) {
    ObservedContainer* c = find(a.container);
    ASSERT_NE(c, nullptr) << "no container " << a.container;
    EXPECT_NE(c->state, ContainerState::running) << c->name << " is removed while it runs";
    std::erase_if(state_.containers, [&](const auto& other) { return other.id == a.container; });
  }
  void operator()(const WaitFor&) {}

  /// As --no-deps has it.
  bool parents_may_be_down = false;

 private:
  ObservedContainer* resolve(const std::string& container) {
    return container.starts_with('=') ? find_named(container.substr(1)) : find(container);
  }
  ObservedContainer* find(const std::string& id) {
    auto found = std::ranges::find(state_.containers, id, &ObservedContainer::id);
    return found == state_.containers.end() ? nullptr : &*found;
  }
  ObservedContainer* find_named(const std::string& name) {
    auto found = std::ranges::find_if(state_.containers, [&](const auto& c) {
      return c.name == name && !replaced_.contains(c.id);
    });
    return found == state_.containers.end() ? nullptr : &*found;
  }

  const Desired& desired_;
  ObservedState& state_;
  std::set<std::string> replaced_;
};

/// What is there after the plan has run well: what was started runs and is healthy.
inline ObservedState after(const Plan& plan, const Desired& desired, ObservedState state) {
  FakeRunner runner{desired, state};
  for (const PlanNode& node : plan.nodes) std::visit(runner, node.action);
  return state;
}

inline ObservedState up(const Model& model, const UpOptions& options = {}) {
  return after(plan_up(model.desired, {}, options), model.desired, {});
}

inline ObservedContainer& named(ObservedState& state, const std::string& name) {
  auto found = std::ranges::find(state.containers, name, &ObservedContainer::name);
  if (found == state.containers.end()) throw Error{cat("no container ", name)};
  return *found;
}

inline std::string up_text(const Model& model, const ObservedState& state,
                           const UpOptions& options = {}) {
  return to_text(plan_up(model.desired, state, options));
}

}  // namespace estiba::scheduler::testing
