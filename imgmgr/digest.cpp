#include "imgmgr/digest.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace estiba::img {
namespace {

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool has_form(std::string_view text, std::string_view prefix, size_t digits) {
  return text.starts_with(prefix) && text.size() == prefix.size() + digits &&
         is_lower_hex(text.substr(prefix.size()));
}

constexpr std::string_view sha256_prefix = "sha256:";

}  // namespace

bool is_hex(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

bool is_digest(std::string_view text) {
  return has_form(text, sha256_prefix, 64) || has_form(text, "sha512:", 128);
}

std::string sha256_hex(std::string_view digest) {
  if (!has_form(digest, sha256_prefix, 64))
    throw Error(cat("\"", digest, "\" is not a sha256 digest"));
  return std::string(digest.substr(sha256_prefix.size()));
}

}  // namespace estiba::img
