#include "imgmgr/registry/url.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::img {
namespace {

constexpr uint64_t max_port = 65535;

std::string_view scheme_of(std::string_view url) {
  size_t end = url.find("://");
  return end == url.npos ? "" : url.substr(0, end);
}

size_t path_start(std::string_view url) {
  size_t authority = scheme_of(url).empty() ? 0 : scheme_of(url).size() + 3;
  return std::min(url.find_first_of("/?#", authority), url.size());
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

bool is_plain(char c) { return c > ' ' && c < 0x7f && c != '\\'; }

// A name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view host) {
  bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (bracketed)
    return host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdef:.") == host.npos;
  // No name begins with a dot, and one that did would be another folder to whom it is a file.
  return !host.empty() && !host.starts_with('.') && !host.starts_with('-') &&
         host.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz.-_") == host.npos;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  std::string scheme = text::lower(scheme_of(text));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_plain)) return std::nullopt;
  size_t start = scheme.size() + 3;
  Address out;
  out.text_ = text;
  out.authority_ = text.substr(start, path_start(text) - start);
  out.secure_ = scheme == "https";
  std::string lower = text::lower(out.authority_);
  size_t colon = lower.find(':', lower.starts_with('[') ? lower.find(']') : 0);
  out.host_ = lower.substr(0, colon);
  if (!is_host(out.host_)) return std::nullopt;
  std::optional<uint64_t> port = out.secure_ ? 443 : 80;
  if (colon != lower.npos) port = text::to_uint(lower.substr(colon + 1));
  if (!port || *port == 0 || *port > max_port) return std::nullopt;
  out.origin_ = cat(scheme, "://", out.host_, ":", std::to_string(*port));
  return out;
}

Address follow(const Address& base, std::string_view location, const std::string& who) {
  auto next = Address::parse(resolve_url(base.text(), location));
  if (!next) throw Error(cat(who, " leads to what is no address; that is refused"));
  if (base.secure() && !next->secure())
    throw Error(cat(who, " leads to ", next->origin(), ", which is not secure; that is refused"));
  return *next;
}

std::string resolve_url(std::string_view base, std::string_view reference) {
  std::string_view head = reference.substr(0, reference.find_first_of("/?#"));
  if (head.ends_with(':') && reference.substr(head.size()).starts_with("//"))
    return std::string(reference);
  if (reference.starts_with("//")) return cat(scheme_of(base), ":", reference);
  std::string_view root = base.substr(0, path_start(base));
  if (reference.starts_with('/')) return cat(root, reference);
  std::string_view path = base.substr(root.size());
  path = path.substr(0, path.find_first_of("?#"));
  if (reference.starts_with('?')) return cat(root, path, reference);
  size_t slash = path.rfind('/');
  return cat(root, slash == path.npos ? "/" : path.substr(0, slash + 1), reference);
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += cat("%", text::hex({&byte, 1}));
    }
  }
  return out;
}

std::string with_query(std::string url, std::string_view name, std::string_view value) {
  url += url.find('?') == url.npos ? '?' : '&';
  return cat(url, name, "=", url_encoded(value));
}

}  // namespace estiba::img
