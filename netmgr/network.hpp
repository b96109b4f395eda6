// Networks as namespaces: each holds a bridge, the gateway address and the uplink to the host;
// each container has a network sandbox (a namespace of its own) that outlives its restarts.
// Calls are synchronous (rtnetlink answers in well under a millisecond).
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace estiba::net {

struct IpamPool {
  std::string subnet, ip_range, gateway;  ///< CIDR, CIDR, address; empty: chosen
  std::map<std::string, std::string> aux_addresses;
};

struct NetworkSpec {
  std::string name;  ///< unique on the host: "project_default"
  std::string driver = "bridge";
  std::vector<IpamPool> ipam;  ///< empty: a free subnet is chosen, clear of every host route
  bool internal = false;
  bool ipv6 = false;
  std::map<std::string, std::string> driver_opts;
  std::map<std::string, std::string> labels;  ///< opaque: project, key, config hash
};

/// A network that exists, as stored in ROOT/networks/NAME.json.
struct NetworkRecord {
  NetworkSpec spec;
  std::string id;                 ///< 64 hexadecimal digits
  std::string subnet, gateway;    ///< "10.77.1.0/24", "10.77.1.1"
  std::string subnet6, gateway6;  ///< empty without IPv6
  std::string uplink_host;  ///< host's end of the uplink, what host-gateway means; empty: internal
  std::string created;      ///< RFC 3339
};

struct EndpointRequest {
  std::string network;  ///< NetworkSpec::name
  std::string ipv4_address, ipv6_address, mac_address;
  std::string interface_name;  ///< empty: eth0, eth1 ... in order of attachment
  int64_t gw_priority = 0;     ///< the highest holds the default route
  /// Names by which others on this network reach it: service, container name, aliases, short id.
  std::vector<std::string> names;
  /// What a PTR query answers (container name).
  std::string canonical_name;
};

/// What a container holds of a network; it outlives a restart.
struct Lease {
  std::string network, ifname, mac;
  std::string address;  ///< "10.77.1.2"
  int prefix_length = 0;
  std::string address6;
  int prefix_length6 = 0;
  std::string gateway, gateway6;
  EndpointRequest request;
};

struct PortMapping {
  std::string host_ip;     ///< empty: every address, both families
  uint16_t host_port = 0;  ///< 0: a free one is chosen
  uint16_t container_port = 0;
  std::string protocol = "tcp";  ///< tcp, udp
};

/// A sandbox that exists, as stored in RUN_DIR/sandboxes/CONTAINER_ID.json.
struct Sandbox {
  std::string container_id;
  std::string netns_path;
  std::vector<Lease> leases;
  std::vector<PortMapping> ports;  ///< with the ports that were chosen
};

/// Published ports whose host sockets must outlive the server go to this store (the keeper's).
class FdStore {
 public:
  virtual ~FdStore() = default;
  virtual void put(const std::string& name, FdRef fd) = 0;
  virtual void drop(const std::string& name) = 0;
};

class Networks {
 public:
  struct Config {
    std::string run_dir, state_dir;
  };
  /// Reads what exists. `fds` may be null (tests); `inherited` are the store's descriptors after a
  /// takeover, by name.
  Networks(Config config, FdStore* fds, std::map<std::string, UniqueFd> inherited = {});
  ~Networks();

  /// Errors: an overlapping subnet, no free subnet, an unknown driver. Creating what exists is an
  /// error.
  NetworkRecord create(const NetworkSpec& spec);
  /// An Error that names the containers if any is still attached. Removing what does not exist is
  /// fine.
  void remove(const std::string& name);
  std::optional<NetworkRecord> find(const std::string& name) const;
  std::vector<NetworkRecord> list() const;
  /// After a reboot the records are there and the namespaces are not: makes them again.
  void ensure(const std::string& name);
  /// Addresses of a network that endpoints are going to ask for: no other endpoint is given one of
  /// them. Replaces what was reserved before.
  void reserve(const std::string& network, const std::vector<std::string>& addresses);

  /// A network namespace with loopback up; no interface yet. For `none` and for bridged containers.
  /// Its names are answered until set_active says otherwise. If there is one already, that one.
  Sandbox create_sandbox(const std::string& container_id);
  Lease attach(const std::string& container_id, const EndpointRequest& request);
  void detach(const std::string& container_id, const std::string& network);
  /// Publishes on the host, in place of what was published before; an Error names the address, port
  /// and who holds it. Without a network that has an uplink nothing is published.
  std::vector<PortMapping> publish(const std::string& container_id,
                                   const std::vector<PortMapping>& ports);
  /// An Error that names the holder if a fixed host port is taken, by a program or a container of
  /// ours. Changes nothing.
  void check_available(const PortMapping& port) const;
  /// Closes the published ports (a stopped container publishes nothing); the leases stay.
  void unpublish(const std::string& container_id);
  /// Unpublishes, detaches, removes the namespace.
  void remove_sandbox(const std::string& container_id);
  std::optional<Sandbox> sandbox(const std::string& container_id) const;
  /// Container ids that have a sandbox: to find what is left over.
  std::vector<std::string> sandboxes() const;
  /// Whether names of this container are answered (a stopped container's are not).
  void set_active(const std::string& container_id, bool active);

  /// Begins to load the nft table, which takes longest of all that the first network needs.
  void prepare_host();
  /// The last network, uplink and rule are gone: removes the nft table. Called when nothing is
  /// left.
  void release_host();

  struct Impl;

 private:
  friend class NameServer;
  friend class PortProxy;
  friend class FirewallWatch;
  std::unique_ptr<Impl> impl_;
};

}  // namespace estiba::net
