#include "netmgr/names.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace estiba::net {
namespace {

constexpr size_t port_digits = 12;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

HostNames HostNames::of(const std::string& run_dir) {
  std::string path = fs::clean_path(run_dir);
  if (path == "/run/estiba") return {};
  return {Sha256::of(path).substr(0, 4)};
}

std::string HostNames::table() const { return tag.empty() ? "estiba" : cat("estiba_", tag); }

std::string HostNames::uplink(unsigned index) const {
  return cat(uplink_prefix, tag, tag.empty() ? "" : "-", std::to_string(index));
}

bool HostNames::owns_uplink(const std::string& name) const {
  std::string head = cat(uplink_prefix, tag, tag.empty() ? "" : "-");
  return name.starts_with(head) && text::to_uint(name.substr(head.size())).has_value();
}

std::string HostNames::comment() const { return table(); }

unsigned HostNames::offset(unsigned range) const {
  if (tag.empty()) return 0;
  return static_cast<unsigned>(text::to_uint(tag, 16).value_or(0) % range);
}

std::string port_name(const std::string& container_id) {
  std::string head = container_id.substr(0, port_digits);
  bool plain = head.size() == port_digits && std::all_of(head.begin(), head.end(), is_hex);
  return cat("p-", plain ? head : Sha256::of(container_id).substr(0, port_digits));
}

bool is_plain_name(const std::string& name) {
  auto plain = [](char c) { return c > ' ' && c != '/' && c != 127; };
  return !name.empty() && name.size() <= 200 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), plain);
}

}  // namespace estiba::net
