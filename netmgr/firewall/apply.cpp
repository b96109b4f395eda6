#include "netmgr/firewall/apply.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"

namespace estiba::net {
namespace {

using netlink::attributes;
using netlink::find;
using netlink::Message;
using netlink::read_as;
using netlink::text_of;

Message nft_message(int type, int flags, int family) {
  Message message(static_cast<uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type), flags,
                  "reading nftables");
  message.header(nfgenmsg{static_cast<__u8>(family), NFNETLINK_V0, 0});
  return message;
}

std::string family_name(int family) {
  if (family == NFPROTO_IPV4) return "ip";
  return family == NFPROTO_IPV6 ? "ip6" : "inet";
}

int family_number(const std::string& name) {
  if (name == "ip") return NFPROTO_IPV4;
  return name == "ip6" ? NFPROTO_IPV6 : NFPROTO_INET;
}

uint32_t number_of(const std::vector<netlink::Attribute>& list, int type, uint32_t otherwise) {
  auto payload = find(list, type);
  auto value = payload ? read_as<uint32_t>(*payload) : std::nullopt;
  return value ? ntohl(*value) : otherwise;
}

std::vector<netlink::Attribute> attributes_of(const netlink::Reply& reply) {
  if (reply.body.size() < sizeof(nfgenmsg)) return {};
  return attributes(std::string_view(reply.body).substr(sizeof(nfgenmsg)));
}

size_t count_elements(netlink::Socket& socket, const std::string& table, const std::string& set) {
  Message request = nft_message(NFT_MSG_GETSETELEM, NLM_F_DUMP, NFPROTO_INET);
  request.text(NFTA_SET_ELEM_LIST_TABLE, table).text(NFTA_SET_ELEM_LIST_SET, set);
  size_t count = 0;
  try {
    for (const auto& reply : socket.ask(std::move(request)))
      if (auto elements = find(attributes_of(reply), NFTA_SET_ELEM_LIST_ELEMENTS))
        count += attributes(*elements).size();
  } catch (const Error& error) {
    if (error.code() != ENOENT) throw;  // somebody has removed the set
  }
  return count;
}

bool drops_forwarded(const std::vector<netlink::Attribute>& chain) {
  auto hook = find(chain, NFTA_CHAIN_HOOK);
  if (!hook) return false;
  bool forward =
      number_of(attributes(*hook), NFTA_HOOK_HOOKNUM, NF_INET_NUMHOOKS) == NF_INET_FORWARD;
  return forward && number_of(chain, NFTA_CHAIN_POLICY, NF_ACCEPT) == NF_DROP;
}

bool is_offered(const std::string& name) {
  constexpr std::array<std::string_view, 3> known{"DOCKER-USER", "ufw-before-forward",
                                                  "ufw6-before-forward"};
  return std::find(known.begin(), known.end(), name) != known.end();
}

std::optional<ForwardChain> read_chain(const netlink::Reply& reply) {
  auto head = read_as<nfgenmsg>(reply.body);
  if (!head) return std::nullopt;
  bool known = head->nfgen_family == NFPROTO_IPV4 || head->nfgen_family == NFPROTO_IPV6 ||
               head->nfgen_family == NFPROTO_INET;
  auto list = attributes(std::string_view(reply.body).substr(sizeof(nfgenmsg)));
  auto table = find(list, NFTA_CHAIN_TABLE);
  auto name = find(list, NFTA_CHAIN_NAME);
  if (!known || !table || !name) return std::nullopt;
  ForwardChain chain{family_name(head->nfgen_family), text_of(*table), text_of(*name),
                     is_offered(text_of(*name))};
  if (!chain.offered && !drops_forwarded(list)) return std::nullopt;
  return chain;
}

/// What nft wrote to standard error, on one line.
std::string first_line(const std::string& text) {
  return std::string(text::trim(text.substr(0, text.find('\n'))));
}

struct FileActions {
  posix_spawn_file_actions_t value;
  FileActions() { ::posix_spawn_file_actions_init(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&value); }
};

pid_t spawn_nft(FdRef input, FdRef output) {
  FileActions actions;
  ::posix_spawn_file_actions_adddup2(&actions.value, input.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_addopen(&actions.value, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions.value, output.get(), STDERR_FILENO);
  std::array<const char*, 4> arguments{"nft", "-f", "-", nullptr};
  std::array<const char*, 2> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", nullptr};
  // The search for the program goes by our own PATH, which may lack the sbin directories.
  for (const char* path : {"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft"}) {
    pid_t pid = 0;
    int code =
        ::posix_spawn(&pid, path, &actions.value, nullptr, const_cast<char**>(arguments.data()),
                      const_cast<char**>(environment.data()));
    if (code == 0) return pid;
    if (code != ENOENT) throw Error{"posix_spawn", path, Errno{code}};
  }
  throw Error(
      "the program nft is not installed, and networks need it to be isolated from each other: "
      "install the package nftables");
}

}  // namespace

RulesUnderWay::RulesUnderWay(const std::string& text)
    : messages_(sys::memfd_create("messages", 0)) {
  // The text lies in memory as a file: no pipe that both sides might wait on.
  UniqueFd input = sys::memfd_create("rules", 0);
  sys::write_all(input, text, "rules");
  ::lseek(input.get(), 0, SEEK_SET);
  pid_ = spawn_nft(input, messages_);
}

RulesUnderWay::~RulesUnderWay() {
  if (pid_ != 0) sys::eintr([&] { return ::waitpid(pid_, nullptr, 0); });
}

void RulesUnderWay::wait() {
  int status = 0;
  sys::eintr([&] { return ::waitpid(pid_, &status, 0); });
  pid_ = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::string said(4096, '\0');
  ::lseek(messages_.get(), 0, SEEK_SET);
  said.resize(sys::read(messages_, said.data(), said.size(), "messages"));
  throw Error(cat("nft refused the firewall rules: ", first_line(said)));
}

void apply_rules(const std::string& text) { RulesUnderWay(text).wait(); }

Nfnetlink::Nfnetlink() : socket_(NETLINK_NETFILTER) {}

bool Nfnetlink::has_table(const std::string& table) {
  Message request = nft_message(NFT_MSG_GETTABLE, 0, NFPROTO_INET);
  request.text(NFTA_TABLE_NAME, table);
  return socket_.ask_one(std::move(request)).has_value();
}

std::optional<TableShape> Nfnetlink::shape(const std::string& table,
                                           const std::vector<std::string>& sets) {
  Message request = nft_message(NFT_MSG_GETTABLE, 0, NFPROTO_INET);
  request.text(NFTA_TABLE_NAME, table);
  auto found = socket_.ask_one(std::move(request));
  if (!found) return std::nullopt;
  TableShape shape;
  if (auto handle = find(attributes_of(*found), NFTA_TABLE_HANDLE))
    shape.handle = be64toh(read_as<uint64_t>(*handle).value_or(0));
  Message rules = nft_message(NFT_MSG_GETRULE, NLM_F_DUMP, NFPROTO_INET);
  rules.text(NFTA_RULE_TABLE, table);
  for (const auto& reply : socket_.ask(std::move(rules)))
    if (find(attributes_of(reply), NFTA_RULE_HANDLE)) ++shape.rules;
  for (const auto& set : sets) shape.elements += count_elements(socket_, table, set);
  return shape;
}

std::vector<ForwardChain> Nfnetlink::forward_chains() {
  std::vector<ForwardChain> chains;
  for (const auto& reply : socket_.ask(nft_message(NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_UNSPEC)))
    if (auto chain = read_chain(reply)) chains.push_back(*chain);
  return chains;
}

std::vector<ForeignRule> Nfnetlink::rules_with_comment(const ForwardChain& chain,
                                                       const std::string& comment) {
  Message request = nft_message(NFT_MSG_GETRULE, NLM_F_DUMP, family_number(chain.family));
  request.text(NFTA_RULE_TABLE, chain.table).text(NFTA_RULE_CHAIN, chain.chain);
  // Userdata is type, length, text with NUL; NFTNL_UDATA_RULE_COMMENT is type 0.
  std::string wanted =
      cat(std::string(1, '\0'), std::string(1, static_cast<char>(comment.size() + 1)), comment,
          std::string(1, '\0'));
  std::vector<ForeignRule> rules;
  for (const auto& reply : socket_.ask(std::move(request))) {
    if (reply.body.size() < sizeof(nfgenmsg)) continue;
    auto list = attributes(std::string_view(reply.body).substr(sizeof(nfgenmsg)));
    auto data = find(list, NFTA_RULE_USERDATA);
    auto handle = find(list, NFTA_RULE_HANDLE);
    if (!data || !handle || *data != wanted) continue;
    rules.push_back({chain, be64toh(read_as<uint64_t>(*handle).value_or(0))});
  }
  return rules;
}

}  // namespace estiba::net
