// The host's rules as a whole: our table with its elements, and our rules in chains that others
// offer. Fails closed: an uplink is made only behind ensure().
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "netmgr/firewall/apply.hpp"
#include "netmgr/firewall/ruleset.hpp"
#include "netmgr/names.hpp"

namespace estiba::net {

class Firewall {
 public:
  explicit Firewall(HostNames names);

  /// Begins what ensure() will want, if anything, and does not wait for it.
  void prepare(const std::vector<PublishedPort>& ports);
  /// Our table is there (with these ports, if it has to be made) and no other program's forward
  /// chain stands in the way where that can be helped.
  void ensure(const std::vector<PublishedPort>& ports);
  bool is_loaded();
  /// `all` are the ports afterwards, for the case that the table is not as we left it.
  struct Change {
    std::vector<PublishedPort> gone, added, all;
  };
  void change(const Change& change);
  /// Takes away everything of ours.
  void remove();
  /// Begins that and does not wait for it: whatever is asked for next does.
  void begin_removal();

 private:
  /// What is missing of our rules, as text for nft.
  std::string missing_rules(const std::vector<PublishedPort>& ports);
  /// All of our rules that are there, as text for nft that deletes them.
  std::string removal();
  void finish_under_way();
  std::string accept_rules();
  void warn_once(const ForwardChain& chain);

  HostNames names_;
  Nfnetlink kernel_;
  std::vector<std::string> warned_;
  std::unique_ptr<RulesUnderWay> under_way_;
};

}  // namespace estiba::net
