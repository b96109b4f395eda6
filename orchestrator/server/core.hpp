// Everything the server owns, in the order it is built up; the rooms' facades and the containers.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "imgmgr/images.hpp"
#include "netmgr/firewall_watch.hpp"
#include "netmgr/name_server.hpp"
#include "netmgr/network.hpp"
#include "netmgr/port_proxy.hpp"
#include "orchestrator/paths.hpp"
#include "orchestrator/server/async.hpp"
#include "orchestrator/server/connection.hpp"
#include "orchestrator/server/instance.hpp"
#include "runtime/containers.hpp"
#include "volmgr/volumes.hpp"

namespace estiba::orchestrator {

/// Published ports' sockets outlive the server in the keeper.
class KeeperFds : public net::FdStore {
 public:
  explicit KeeperFds(runtime::Containers& containers) : containers_(containers) {}
  void put(const std::string& name, FdRef fd) override { containers_.store_fd(name, fd); }
  void drop(const std::string& name) override { containers_.drop_fd(name); }

 private:
  runtime::Containers& containers_;
};

struct Core {
  explicit Core(Paths p)
      : paths(std::move(p)),
        containers({paths.run_dir, paths.root}),
        adopted(containers.take_over()),
        keeper_fds(containers),
        networks({paths.run_dir, paths.root}, &keeper_fds, containers.stored_fds()),
        names(io, networks),
        proxy(io, networks),
        firewall(io, networks),
        volumes(paths.root),
        images(paths.root) {}

  Paths paths;
  asio::io_context io{1};
  asio::thread_pool pool{2};
  runtime::Containers containers;
  std::vector<runtime::Adopted> adopted;
  KeeperFds keeper_fds;
  net::Networks networks;
  net::NameServer names;
  net::PortProxy proxy;
  net::FirewallWatch firewall;
  vol::Volumes volumes;
  img::Images images;

  std::map<std::string, InstancePtr> instances;  ///< by id
  std::vector<std::weak_ptr<Connection>> subscribers;

  /// The project's containers, sorted by service and number.
  std::vector<InstancePtr> of_project(const std::string& project) const;
  InstancePtr by_name(const std::string& name) const;
  /// Whether the container's names are answered; nothing for what shares another's network.
  void set_names_active(const std::string& id, bool active);
  /// Tells every subscriber of `events`.
  void emit(const std::string& action, const Instance& instance);
};

/// "container-name" as progress shows it: "Container NAME".
std::string progress_id(const Instance& instance);

}  // namespace estiba::orchestrator
