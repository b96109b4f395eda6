#include "imgmgr/registry/url.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::img {
namespace {

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

}  // namespace

std::string authority_of(std::string_view url) {
  size_t start = scheme_of(url).empty() ? 0 : scheme_of(url).size() + 3;
  std::string_view authority = url.substr(start, path_start(url) - start);
  size_t at = authority.rfind('@');
  return std::string(at == authority.npos ? authority : authority.substr(at + 1));
}

std::string origin_of(std::string_view url) {
  std::string scheme = text::lower(scheme_of(url));
  std::string authority = text::lower(authority_of(url));
  bool has_port = authority.rfind(':') != authority.npos && !authority.ends_with(']');
  if (!has_port) authority += scheme == "https" ? ":443" : ":80";
  return cat(scheme, "://", authority);
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
