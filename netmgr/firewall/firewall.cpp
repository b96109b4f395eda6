#include "netmgr/firewall/firewall.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/log.hpp"
#include "netmgr/firewall/elements.hpp"

namespace estiba::net {
namespace {

std::string place(const ForwardChain& chain) {
  return cat(chain.family, " ", chain.table, " ", chain.chain);
}

// Two rules: into a network (our own chain has already decided that) and out of one.
std::string accept_in(const ForwardChain& chain, const std::string& comment) {
  std::string out;
  for (const char* match : {"iifname", "oifname"})
    out += cat("insert rule ", place(chain), " ", match, " \"est-*\" accept comment \"", comment,
               "\"\n");
  return out;
}

}  // namespace

Firewall::Firewall(HostNames names) : names_(std::move(names)) {}

bool Firewall::is_loaded() { return kernel_.has_table(names_.table()); }

std::string Firewall::missing_rules(const HostRules& rules) {
  std::string text = accept_rules();
  return is_loaded() ? text : cat(ruleset(names_.table(), rules), text);
}

void Firewall::prepare(const HostRules& rules) {
  std::string text = missing_rules(rules);
  if (!text.empty()) under_way_ = std::make_unique<RulesUnderWay>(text);
}

void Firewall::finish_under_way() {
  if (!under_way_) return;
  // A second at the same time may have been first: ensure() looks at what came of it.
  try {
    under_way_->wait();
    remember();
  } catch (const Error& error) {
    log::warning(error.message());
  }
  under_way_.reset();
}

void Firewall::ensure(const HostRules& rules) {
  finish_under_way();
  if (!is_loaded()) return replace(rules);
  std::string text = accept_rules();
  if (!text.empty()) apply_rules(text);
  close(rules);
}

void Firewall::replace(const HostRules& rules) {
  finish_under_way();
  apply_rules(cat(ruleset(names_.table(), rules), accept_rules()));
  remember();
}

void Firewall::remember() { made_ = kernel_.shape(names_.table(), {}); }

bool Firewall::is_intact(const HostRules& rules) {
  finish_under_way();
  auto shape = kernel_.shape(names_.table(), set_names());
  return shape && made_ && shape->handle == made_->handle && shape->rules == made_->rules &&
         shape->elements == element_count(rules);
}

void Firewall::close(const HostRules& rules) {
  std::vector<netlink::Message> changes;
  for (Family family : rules.closed)
    changes.push_back(element_message({TableFamily::inet, names_.table()}, closed_element(family),
                                      ElementChange::added, "closing the way for others"));
  try {
    kernel_.socket().run(transaction(std::move(changes)));
  } catch (const Error&) {
    replace(rules);  // a table of an earlier version has no such set
  }
}

void Firewall::open(Family family) {
  finish_under_way();
  auto message = element_message({TableFamily::inet, names_.table()}, closed_element(family),
                                 ElementChange::gone, "opening the way for others");
  message.tolerate(ENOENT);
  std::vector<netlink::Message> changes;
  changes.push_back(std::move(message));
  kernel_.socket().run(transaction(std::move(changes)));
}

// Each base chain at the forward hook has its own verdict, so an accept of ours does not overrule
// another program's drop: the accept has to stand in that program's chain.
std::string Firewall::accept_rules() {
  auto chains = kernel_.forward_chains();
  std::string text;
  for (const auto& chain : chains) {
    bool helped = std::any_of(chains.begin(), chains.end(), [&](const ForwardChain& other) {
      return other.offered && other.family == chain.family && other.table == chain.table;
    });
    if (!chain.offered && !helped) warn_once(chain);
    if (chain.offered && kernel_.rules_with_comment(chain, names_.comment()).empty())
      text += accept_in(chain, names_.comment());
  }
  return text;
}

void Firewall::warn_once(const ForwardChain& chain) {
  std::string where = place(chain);
  if (std::find(warned_.begin(), warned_.end(), where) != warned_.end()) return;
  warned_.push_back(where);
  log::warning(cat("the firewall chain ", where,
                   " drops what is forwarded, so containers may not reach the outside: add rules "
                   "there that accept iifname \"est-*\" and oifname \"est-*\""));
}

void Firewall::change(const Change& change) {
  finish_under_way();
  auto batch = element_changes(names_.table(), change.gone, change.added);
  if (batch.empty()) return;
  try {
    return kernel_.socket().run(std::move(batch));
  } catch (const Error& error) {
    // Somebody has flushed the rules, or a crash came between them and our record.
    log::warning(cat("making the firewall table again: ", error.message()));
  }
  replace(change.all());
}

std::string Firewall::removal() {
  std::string text;
  for (const auto& chain : kernel_.forward_chains()) {
    if (!chain.offered) continue;
    for (const auto& rule : kernel_.rules_with_comment(chain, names_.comment()))
      text += cat("delete rule ", place(chain), " handle ", std::to_string(rule.handle), "\n");
  }
  if (is_loaded()) text += cat("delete table inet ", names_.table(), "\n");
  return text;
}

void Firewall::remove() {
  finish_under_way();
  std::string text = removal();
  if (!text.empty()) apply_rules(text);
}

void Firewall::begin_removal() {
  finish_under_way();
  std::string text = removal();
  if (!text.empty()) under_way_ = std::make_unique<RulesUnderWay>(text);
}

}  // namespace estiba::net
