// registries.conf in the words of containers-registries.conf(5), version 2: which places a name
// stands for, in which order they are asked, and which of them may be believed without TLS.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "imgmgr/images.hpp"

namespace estiba::img {

struct RegistryLocation {
  std::string location;  ///< "host[:port][/path]"
  bool insecure = false;
  bool digests_only = false;  ///< pull-from-mirror = "digest-only"
  bool tags_only = false;     ///< pull-from-mirror = "tag-only"
};

struct RegistryRule {
  std::string prefix;  ///< "host[:port][/path]", or "*.example.com"
  RegistryLocation main;
  bool blocked = false;
  std::vector<RegistryLocation> mirrors;
};

using RegistriesConf = std::vector<RegistryRule>;

/// An Error names `path`, line and what is wrong.
RegistriesConf parse_registries_conf(std::string_view text, const std::string& path);
/// $ESTIBA_REGISTRIES_CONF, or /etc/estiba/registries.conf; no rules if there is no file.
RegistriesConf load_registries_conf();

/// A place to ask for one repository.
struct Endpoint {
  std::string host;        ///< "registry-1.docker.io", "127.0.0.1:5000"
  std::string repository;  ///< "library/nginx"
  std::string login;       ///< what its credentials are kept under: "docker.io"
  bool insecure = false;   ///< TLS is not verified, and plain HTTP will do
  bool operator==(const Endpoint&) const = default;
};

/// Mirrors first, the registry itself last. An Error if it is blocked.
std::vector<Endpoint> endpoints(const RegistriesConf& conf, const Reference& reference);
/// Where a reference is pushed to: never a mirror.
Endpoint main_endpoint(const RegistriesConf& conf, const Reference& reference);

}  // namespace estiba::img
