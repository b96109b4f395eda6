#include "imgmgr/digest.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "imgmgr/foreign_text.hpp"

namespace estiba::img {
namespace {

constexpr std::string_view sha256_prefix = "sha256:";

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool has_form(std::string_view text, std::string_view prefix, size_t digits) {
  return text.starts_with(prefix) && text.size() == prefix.size() + digits &&
         is_lower_hex(text.substr(prefix.size()));
}

}  // namespace

std::optional<Digest> Digest::parse(std::string_view text) {
  if (!has_form(text, sha256_prefix, 64)) return std::nullopt;
  return Digest(std::string(text));
}

Digest Digest::required(std::string_view text) {
  auto out = parse(text);
  if (!out) throw Error(cat("\"", one_line(text), "\" is not a sha256 digest"));
  return *out;
}

Digest Digest::of(std::string_view content) {
  return Digest(cat(sha256_prefix, Sha256::of(content)));
}

Digest Digest::of(Sha256& hash) { return Digest(cat(sha256_prefix, hash.finish())); }

bool is_hex(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

bool is_digest(std::string_view text) {
  return Digest::parse(text) || has_form(text, "sha512:", 128);
}

}  // namespace estiba::img
