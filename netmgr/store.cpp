#include "netmgr/store.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"

namespace estiba::net {
namespace {

std::string text_at(const Json& object, const char* key) {
  return json::string_at(object, key).value_or("");
}

int int_at(const Json& object, const char* key) {
  return static_cast<int>(json::int_at(object, key).value_or(0));
}

std::map<std::string, std::string> texts_at(const Json& object, const char* key) {
  std::map<std::string, std::string> out;
  auto found = object.find(key);
  if (found == object.end()) return out;
  for (const auto& [name, value] : found->items()) out[name] = value.get<std::string>();
  return out;
}

/// f(element) for each of an array that may be missing.
template <typename F>
void each_of(const Json& object, const char* key, F f) {
  auto found = object.find(key);
  if (found == object.end()) return;
  for (const auto& element : *found) f(element);
}

Json to_value(const std::map<std::string, std::string>& texts) {
  Json out = Json::object();
  for (const auto& [name, value] : texts) out[name] = value;
  return out;
}

Json to_value(const IpamPool& pool) {
  return {{"subnet", pool.subnet},
          {"ip_range", pool.ip_range},
          {"gateway", pool.gateway},
          {"aux_addresses", to_value(pool.aux_addresses)}};
}

IpamPool pool_from(const Json& value) {
  return {text_at(value, "subnet"), text_at(value, "ip_range"), text_at(value, "gateway"),
          texts_at(value, "aux_addresses")};
}

Json to_value(const NetworkSpec& spec) {
  Json pools = Json::array();
  for (const auto& pool : spec.ipam) pools.push_back(to_value(pool));
  return {{"name", spec.name},
          {"driver", spec.driver},
          {"ipam", pools},
          {"internal", spec.internal},
          {"ipv6", spec.ipv6},
          {"driver_opts", to_value(spec.driver_opts)},
          {"labels", to_value(spec.labels)}};
}

NetworkSpec spec_from(const Json& value) {
  NetworkSpec spec;
  spec.name = json::required_string(value, "name");
  spec.driver = json::required_string(value, "driver");
  each_of(value, "ipam", [&](const Json& pool) { spec.ipam.push_back(pool_from(pool)); });
  spec.internal = json::bool_at(value, "internal").value_or(false);
  spec.ipv6 = json::bool_at(value, "ipv6").value_or(false);
  spec.driver_opts = texts_at(value, "driver_opts");
  spec.labels = texts_at(value, "labels");
  return spec;
}

Json to_value(const EndpointRequest& request) {
  return {{"network", request.network},
          {"ipv4_address", request.ipv4_address},
          {"ipv6_address", request.ipv6_address},
          {"mac_address", request.mac_address},
          {"interface_name", request.interface_name},
          {"gw_priority", request.gw_priority},
          {"names", request.names},
          {"canonical_name", request.canonical_name}};
}

EndpointRequest request_from(const Json& value) {
  EndpointRequest request;
  request.network = text_at(value, "network");
  request.ipv4_address = text_at(value, "ipv4_address");
  request.ipv6_address = text_at(value, "ipv6_address");
  request.mac_address = text_at(value, "mac_address");
  request.interface_name = text_at(value, "interface_name");
  request.gw_priority = json::int_at(value, "gw_priority").value_or(0);
  request.names = json::strings_at(value, "names");
  request.canonical_name = text_at(value, "canonical_name");
  return request;
}

Json to_value(const Lease& lease) {
  return {{"network", lease.network},
          {"ifname", lease.ifname},
          {"mac", lease.mac},
          {"address", lease.address},
          {"prefix_length", lease.prefix_length},
          {"address6", lease.address6},
          {"prefix_length6", lease.prefix_length6},
          {"gateway", lease.gateway},
          {"gateway6", lease.gateway6},
          {"request", to_value(lease.request)}};
}

Lease lease_from(const Json& value) {
  Lease lease;
  lease.network = json::required_string(value, "network");
  lease.ifname = json::required_string(value, "ifname");
  lease.mac = text_at(value, "mac");
  lease.address = json::required_string(value, "address");
  lease.prefix_length = int_at(value, "prefix_length");
  lease.address6 = text_at(value, "address6");
  lease.prefix_length6 = int_at(value, "prefix_length6");
  lease.gateway = text_at(value, "gateway");
  lease.gateway6 = text_at(value, "gateway6");
  lease.request = request_from(value.at("request"));
  return lease;
}

Json to_value(const std::vector<PortMapping>& ports) {
  Json out = Json::array();
  for (const auto& port : ports)
    out.push_back({{"host_ip", port.host_ip},
                   {"host_port", port.host_port},
                   {"container_port", port.container_port},
                   {"protocol", port.protocol}});
  return out;
}

std::vector<PortMapping> ports_at(const Json& object, const char* key) {
  std::vector<PortMapping> ports;
  each_of(object, key, [&](const Json& value) {
    ports.push_back({text_at(value, "host_ip"), static_cast<uint16_t>(int_at(value, "host_port")),
                     static_cast<uint16_t>(int_at(value, "container_port")),
                     text_at(value, "protocol")});
  });
  return ports;
}

/// nlohmann's own exceptions (a wrong type deep inside) become ours.
template <typename F>
auto parsed(const std::string& text, const std::string& what, F f) {
  try {
    return f(parse_json(text, what));
  } catch (const nlohmann::json::exception&) {
    throw Error(cat(what, " has an unexpected form"));
  }
}

}  // namespace

std::string to_json(const StoredNetwork& network) {
  const NetworkRecord& record = network.record;
  Json out{{"spec", to_value(record.spec)},
           {"id", record.id},
           {"subnet", record.subnet},
           {"gateway", record.gateway},
           {"subnet6", record.subnet6},
           {"gateway6", record.gateway6},
           {"uplink_host", record.uplink_host},
           {"created", record.created},
           {"uplink_index", network.uplink_index},
           {"reserved", network.reserved}};
  return out.dump(1);
}

StoredNetwork network_from_json(const std::string& text, const std::string& what) {
  return parsed(text, what, [](const Json& value) {
    StoredNetwork network;
    network.record = {spec_from(value.at("spec")),
                      json::required_string(value, "id"),
                      json::required_string(value, "subnet"),
                      json::required_string(value, "gateway"),
                      text_at(value, "subnet6"),
                      text_at(value, "gateway6"),
                      text_at(value, "uplink_host"),
                      text_at(value, "created")};
    network.uplink_index = static_cast<unsigned>(int_at(value, "uplink_index"));
    network.reserved = json::strings_at(value, "reserved");
    return network;
  });
}

std::string to_json(const StoredSandbox& stored) {
  Json leases = Json::array();
  for (const auto& lease : stored.sandbox.leases) leases.push_back(to_value(lease));
  Json out{{"container_id", stored.sandbox.container_id},
           {"netns_path", stored.sandbox.netns_path},
           {"leases", leases},
           {"ports", to_value(stored.sandbox.ports)},
           {"active", stored.active},
           {"last_ports", to_value(stored.last_ports)}};
  return out.dump(1);
}

StoredSandbox sandbox_from_json(const std::string& text, const std::string& what) {
  return parsed(text, what, [](const Json& value) {
    StoredSandbox stored;
    stored.sandbox.container_id = json::required_string(value, "container_id");
    stored.sandbox.netns_path = json::required_string(value, "netns_path");
    each_of(value, "leases",
            [&](const Json& lease) { stored.sandbox.leases.push_back(lease_from(lease)); });
    stored.sandbox.ports = ports_at(value, "ports");
    stored.active = json::bool_at(value, "active").value_or(true);
    stored.last_ports = ports_at(value, "last_ports");
    return stored;
  });
}

}  // namespace estiba::net
