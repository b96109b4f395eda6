// What a container needs before its process can be started: network sandbox and leases, volumes,
// /etc/hosts and friends, published ports; looked up and made here, lowered by lower().
#pragma once
#include <map>
#include <string>

#include "orchestrator/server/core.hpp"

namespace estiba::orchestrator {

/// Makes the sandbox and attaches it where it is not yet, and says which namespaces to use.
runtime::Namespaces join_namespaces(Core& core, const Instance& instance);

/// Writes hosts, hostname and resolv.conf into the container's directory.
void write_network_files(Core& core, const Instance& instance);

/// Publishes the service's ports; nothing for what shares another's network.
void publish_ports(Core& core, const Instance& instance);

/// Target → host directory of every volume of the container; creates what is missing.
std::map<std::string, std::string> volume_directories(Core& core, const Instance& instance,
                                                      const img::ImageRecord& image);

/// Target → layers of the images that are mounted into the container.
std::map<std::string, std::vector<std::string>> image_layers(const Core& core,
                                                             const Instance& instance);

/// What volumes_from names, the others' volumes, binds and images.
std::vector<runtime::Mount> borrowed_mounts(Core& core, const Instance& instance);

/// The published host ports that a port of the model stands for, lowest first; {0}: any free one.
std::vector<uint16_t> host_port_candidates(const spec::Port& port);

/// The image that a volume of type image names, or an Error that says what to do.
img::ImageRecord volume_image(const Core& core, const std::string& reference);

/// The image of a container, or an Error that says which is gone.
img::ImageRecord image_of(const Core& core, const Instance& instance);

}  // namespace estiba::orchestrator
