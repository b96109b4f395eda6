// From a Compose file's build: to what the builder is asked, and in which order. Pure.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "compose-spec/project.hpp"
#include "imgmgr/build/builder.hpp"

namespace estiba::orchestrator {

/// The name of the image that a service runs: `image`, or PROJECT-SERVICE where it is built.
std::string image_name(const spec::Project& project, const spec::Service& service);

/// The wanted services that are built, and those whose images they build upon
/// (additional_contexts: service:NAME), each after what it needs.
std::vector<std::string> build_order(const spec::Project& project,
                                     const std::vector<std::string>& wanted);

/// The services whose images this one's build takes from.
std::vector<std::string> built_upon(const spec::Service& service);

/// `environment` has what the file takes from variables: arguments without a value, secrets.
img::BuildOptions build_options(const spec::Project& project, const spec::Service& service,
                                const std::map<std::string, std::string>& environment);

/// "id=NAME,src=FILE" or "id=NAME,env=VARIABLE" of --secret.
void add_secret(img::BuildOptions& options, const std::string& written,
                const std::map<std::string, std::string>& environment);
/// "NAME=VALUE", or "NAME" with its value from the environment (left out if it has none).
void add_argument(std::map<std::string, std::string>& arguments, const std::string& written,
                  const std::map<std::string, std::string>& environment);
/// SOURCE_DATE_EPOCH of the environment is an argument of every build, unless it is given.
void add_epoch(img::BuildOptions& options, const std::map<std::string, std::string>& environment);
/// "default", or "ID=SOCKET".
void add_agent(img::BuildOptions& options, const std::string& written,
               const std::map<std::string, std::string>& environment);
/// "NAME=ADDRESS" or "NAME:ADDRESS", as "NAME:ADDRESS".
std::string host_entry(const std::string& written);
/// "network.host" and "security.insecure".
void allow(img::BuildOptions& options, const std::string& entitlement);
/// cache_from and cache_to: "type=local,src=DIRECTORY" and "type=local,dest=DIRECTORY" (relative to
/// `folder`) are in effect; of every other type a notice says that it is not.
struct CacheEntries {
  std::vector<std::string> from, to;
  std::string folder;
};
void set_caches(img::BuildOptions& options, const CacheEntries& entries);
/// "nofile=SOFT[:HARD]" of --ulimit.
void add_limit(img::BuildOptions& options, const std::string& written);
void set_memory(img::BuildOptions& options, const std::string& size);
/// "", "default", "none" or "host".
void set_network(img::BuildOptions& options, const std::string& mode);

}  // namespace estiba::orchestrator
