// A service and its image, lowered to what the runtime understands. Pure: whatever must be looked
// up (volume directories, file contents, namespaces, leases) is looked up before and passed in.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "compose-spec/project.hpp"
#include "imgmgr/images.hpp"
#include "runtime/container_spec.hpp"
#include "scheduler/health_tracker.hpp"

namespace estiba::orchestrator {

struct LowerInput {
  const spec::Project& model;
  const spec::Service& service;
  const img::ImageRecord& image;
  std::string id;
  /// Holds upper, work, hosts, hostname and resolv.conf.
  std::string directory;
  /// Target in the container → host directory, for volumes of both kinds.
  std::map<std::string, std::string> volume_directories;
  /// "configs/NAME", "secrets/NAME", seccomp_content → content.
  std::map<std::string, std::string> contents;
  runtime::Namespaces namespaces;
  /// What volumes_from brings along; the service's own mounts win over it.
  std::vector<runtime::Mount> borrowed;
  /// Target → layers, topmost first, of the images that are mounted there.
  std::map<std::string, std::vector<std::string>> image_layers = {};
  /// "configs/NAME", "secrets/NAME" → path without links of a file that is to be bound.
  std::map<std::string, std::string> bound_files = {};
};

/// The seccomp profile among the contents.
inline constexpr const char* seccomp_content = "seccomp";

/// The volumes and binds of a container, without what others lend it.
std::vector<runtime::Mount> volume_mounts(const LowerInput& input);

runtime::ContainerSpec lower(const LowerInput& input);

/// The process of an exec or a hook: the container's own, with another command.
runtime::Process exec_process(const runtime::ContainerSpec& container,
                              std::vector<std::string> args);

/// Targets that need an anonymous volume: volumes without a source, and the image's VOLUMEs that
/// nothing else is mounted on.
std::vector<std::string> anonymous_targets(const spec::Service& service,
                                           const img::ImageConfig& image);

/// What a service's file and its image make of the two together.
struct MergedCommand {
  std::vector<std::string> entrypoint, command;
};
MergedCommand merged_command(const spec::Service& service, const img::ImageConfig& image);
/// Entrypoint and command as one list, the service's over the image's.
std::vector<std::string> full_command(const spec::Service& service, const img::ImageConfig& image);

struct Health {
  std::vector<std::string> args;  ///< empty: no health check
  scheduler::HealthPolicy policy;
};
Health health_of(const spec::Service& service, const img::ImageConfig& image);

/// stop_signal of the service or the image, SIGTERM otherwise.
int stop_signal_of(const spec::Service& service, const img::ImageConfig& image);

/// The content of /etc/hosts; an Error for what is not one word.
struct HostsEntry {
  std::string address;
  std::vector<std::string> names;
};
std::string hosts_text(const std::vector<HostsEntry>& entries);

}  // namespace estiba::orchestrator
