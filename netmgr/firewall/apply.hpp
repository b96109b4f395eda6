// Hands rules to nft(8), and asks the kernel (nfnetlink) what is there: a look costs microseconds,
// an nft process milliseconds.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "netmgr/netlink/socket.hpp"

namespace estiba::net {

/// `nft -f -` at work on a text. An Error carries what nft said.
class RulesUnderWay {
 public:
  explicit RulesUnderWay(const std::string& text);
  RulesUnderWay(const RulesUnderWay&) = delete;
  RulesUnderWay& operator=(const RulesUnderWay&) = delete;
  ~RulesUnderWay();
  /// To be called once.
  void wait();

 private:
  UniqueFd messages_;
  pid_t pid_ = 0;
};

/// Runs `nft -f -` on the text to its end.
void apply_rules(const std::string& text);

/// A chain of another program that decides about forwarded packets.
struct ForwardChain {
  std::string family;  ///< ip, ip6, inet
  std::string table, chain;
  /// False: a base chain at the forward hook whose policy is drop. True: one that its owner offers
  /// for others' rules (DOCKER-USER, ufw's before rules).
  bool offered = false;
};

/// A rule of ours in another program's chain.
struct ForeignRule {
  ForwardChain chain;
  uint64_t handle = 0;
};

/// By which a table that was changed is told from what we made.
struct TableShape {
  uint64_t handle = 0;  ///< each table has its own, also one of the same name
  size_t rules = 0, elements = 0;
};

class Nfnetlink {
 public:
  /// Of the calling thread's network namespace.
  Nfnetlink();
  bool has_table(const std::string& table);
  /// Of a table of the family inet with these sets; nothing if it is not there.
  std::optional<TableShape> shape(const std::string& table, const std::vector<std::string>& sets);
  std::vector<ForwardChain> forward_chains();
  /// Rules with this comment in the chain.
  std::vector<ForeignRule> rules_with_comment(const ForwardChain& chain,
                                              const std::string& comment);
  netlink::Socket& socket() { return socket_; }

 private:
  netlink::Socket socket_;
};

}  // namespace estiba::net
