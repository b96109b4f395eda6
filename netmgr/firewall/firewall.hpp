// The host's rules as a whole: our table with its elements, and our rules in chains that others
// offer. Fails closed: an uplink is made only behind ensure().
#pragma once
#include <functional>
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
  void prepare(const HostRules& rules);
  /// Our table is there (with these ports, if it has to be made), the families are closed to
  /// others, and no other program's forward chain stands in the way where that can be helped.
  void ensure(const HostRules& rules);
  /// The family is no longer forwarded for our sake: what is forwarded is others' again.
  void open(Family family);
  bool is_loaded();
  /// Whether the table is the one we made last, whole and with what these rules say.
  bool is_intact(const HostRules& rules);
  /// Makes the table anew, whatever it is.
  void replace(const HostRules& rules);
  /// `all` tells the rules afterwards, for the case that the table is not as we left it.
  struct Change {
    std::vector<PublishedPort> gone, added;
    std::function<HostRules()> all;
  };
  void change(const Change& change);
  /// Takes away everything of ours.
  void remove();
  /// Begins that and does not wait for it: whatever is asked for next does.
  void begin_removal();

 private:
  /// What is missing of our rules, as text for nft.
  std::string missing_rules(const HostRules& rules);
  void close(const HostRules& rules);
  /// All of our rules that are there, as text for nft that deletes them.
  std::string removal();
  void finish_under_way();
  void remember();
  std::string accept_rules();
  void warn_once(const ForwardChain& chain);

  HostNames names_;
  Nfnetlink kernel_;
  std::vector<std::string> warned_;
  std::optional<TableShape> made_;
  std::unique_ptr<RulesUnderWay> under_way_;
};

}  // namespace estiba::net
