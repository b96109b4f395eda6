// Who is called what: the names of all networks' containers, and what an asker may hear of them.
// Pure.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "netmgr/address.hpp"
#include "netmgr/dns/codec.hpp"

namespace estiba::net::dns {

/// One container on one network.
struct Host {
  std::string network;
  std::string container;  ///< id
  Address address;
  std::optional<Address> address6;
  std::vector<std::string> names;
  std::string canonical_name;
  bool active = true;     ///< others hear of it
  bool internal = false;  ///< the network has no way out
  /// Whoever asks there may use another's address: questions that arrive on an internal network
  /// like that stay inside.
  bool forgeable = false;
};

/// Who asks.
struct Asker {
  std::string network;  ///< where the question arrived
  Address address;
};

enum class Verdict { answered, forward, unknown };
struct Lookup {
  Verdict verdict = Verdict::unknown;
  Answer answer;
};

class Zone {
 public:
  Zone() = default;
  explicit Zone(const std::vector<Host>& hosts);

  /// `rotation` says which of several addresses comes first.
  Lookup look_up(const Asker& asker, const Query& query, size_t rotation) const;

 private:
  struct Entry {
    Address address;
    std::optional<Address> address6;
  };
  struct Network {
    std::string lower_name;
    bool sealed = false;  ///< nothing that is asked there is forwarded
    std::map<std::string, std::vector<Entry>> names;
    std::map<Address, std::string> canonical;  ///< for PTR
  };
  struct Member {
    std::vector<std::string> networks;
    bool may_forward = false;
  };

  void add(const Host& host);
  Member member(const Asker& asker) const;
  const std::vector<Entry>* find(const Member& member, const std::string& name) const;
  Lookup reverse(const Member& member, const Address& address) const;

  std::map<std::string, Network> networks_;
  std::map<std::pair<std::string, Address>, std::string> containers_;
  std::map<std::string, Member> members_;
};

}  // namespace estiba::net::dns
