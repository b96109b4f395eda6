// Image references by the grammar of the distribution project (reference/reference.go's comment):
// [domain[:port]/]path[:tag][@digest], with Docker's defaults for what is left out.
#include <algorithm>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "imgmgr/digest.hpp"
#include "imgmgr/images.hpp"

namespace estiba::img {
namespace {

constexpr std::string_view default_registry = "docker.io";
constexpr std::string_view official_prefix = "library/";
constexpr size_t max_name_length = 255;
constexpr size_t max_tag_length = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_name_char(char c) { return is_lower(c) || is_digit(c); }
bool is_alphanumeric(char c) { return is_name_char(c) || is_upper(c); }

// Alphanumeric runs joined by one ".", one or two "_", or any number of "-".
bool is_path_component(std::string_view text) {
  size_t i = 0;
  while (true) {
    size_t start = i;
    while (i < text.size() && is_name_char(text[i])) ++i;
    if (i == start) return false;
    if (i == text.size()) return true;
    size_t separator = i;
    while (i < text.size() && !is_name_char(text[i])) ++i;
    std::string_view joint = text.substr(separator, i - separator);
    bool dashes = std::all_of(joint.begin(), joint.end(), [](char c) { return c == '-'; });
    if (!dashes && joint != "." && joint != "_" && joint != "__") return false;
  }
}

bool is_path(std::string_view text) {
  for (const auto& component : text::split(text, '/'))
    if (!is_path_component(component)) return false;
  return true;
}

bool is_domain_component(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_port(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_ipv6_literal(std::string_view text) {
  return text.size() > 2 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
         });
}

bool is_domain(std::string_view text) {
  if (text.starts_with('[')) {
    size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6_literal(text.substr(1, close - 1)))
      return false;
    std::string_view rest = text.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  size_t colon = text.find(':');
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
  for (const auto& component : text::split(text.substr(0, colon), '.'))
    if (!is_domain_component(component)) return false;
  return true;
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > max_tag_length) return false;
  auto word = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return word(text.front()) && std::all_of(text.begin(), text.end(),
                                           [&](char c) { return word(c) || c == '.' || c == '-'; });
}

// The first component names a registry only if it cannot be a user name on Docker Hub.
bool looks_like_domain(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:[") != std::string_view::npos ||
         std::any_of(first.begin(), first.end(), is_upper);
}

struct Name {
  std::string registry, repository;
};

Name split_name(std::string_view name) {
  size_t slash = name.find('/');
  Name out;
  if (slash == std::string_view::npos || !looks_like_domain(name.substr(0, slash))) {
    out = {std::string(default_registry), std::string(name)};
  } else {
    out = {std::string(name.substr(0, slash)), std::string(name.substr(slash + 1))};
  }
  if (out.registry == "index.docker.io") out.registry = default_registry;
  if (out.registry == default_registry && out.repository.find('/') == std::string::npos)
    out.repository = cat(official_prefix, out.repository);
  return out;
}

// 64 hexadecimal digits mean an image id, never a name.
bool is_bare_id(std::string_view text) { return text.size() == 64 && is_hex(text); }

}  // namespace

std::optional<Reference> Reference::parse(const std::string& text) {
  std::string_view rest = text;
  Reference out;
  if (size_t at = rest.find('@'); at != std::string_view::npos) {
    out.digest = rest.substr(at + 1);
    if (!is_digest(out.digest)) return std::nullopt;
    rest = rest.substr(0, at);
  }
  if (size_t colon = rest.rfind(':');
      colon != std::string_view::npos && rest.find('/', colon) == std::string_view::npos) {
    out.tag = rest.substr(colon + 1);
    if (!is_tag(out.tag)) return std::nullopt;
    rest = rest.substr(0, colon);
  }
  if (is_bare_id(rest)) return std::nullopt;
  auto [registry, repository] = split_name(rest);
  if (!is_domain(registry) || !is_path(repository)) return std::nullopt;
  if (registry.size() + 1 + repository.size() > max_name_length) return std::nullopt;
  out.registry = registry;
  out.repository = repository;
  if (out.tag.empty() && out.digest.empty()) out.tag = "latest";
  return out;
}

namespace {
std::string with_version(std::string name, const Reference& reference) {
  if (!reference.tag.empty()) name += cat(":", reference.tag);
  if (!reference.digest.empty()) name += cat("@", reference.digest);
  return name;
}
}  // namespace

std::string Reference::full() const { return with_version(cat(registry, "/", repository), *this); }

std::string Reference::key() const {
  if (digest.empty()) return full();
  return cat(registry, "/", repository, "@", digest);
}

std::string Reference::familiar() const {
  if (registry != default_registry) return full();
  std::string_view name = repository;
  std::string_view short_name = name;
  if (name.starts_with(official_prefix)) short_name.remove_prefix(official_prefix.size());
  // "library/a/b" must not become "a/b", which would read as another repository.
  if (short_name.find('/') != std::string_view::npos) short_name = name;
  return with_version(std::string(short_name), *this);
}

}  // namespace estiba::img
