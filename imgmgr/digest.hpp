// Digests as the OCI image specification writes them. What others have written becomes one by
// parsing alone, so that none can hold what is no digest: a path, say. The store speaks sha256
// only.
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.hpp"

namespace estiba::img {

/// "sha256:" and 64 lower-case hexadecimal digits.
class Digest {
 public:
  /// Nothing if it is anything else.
  static std::optional<Digest> parse(std::string_view text);
  /// As parse(), but an Error quotes what it is instead.
  static Digest required(std::string_view text);
  static Digest of(std::string_view content);
  /// Of all that it was fed; it is spent then.
  static Digest of(Sha256& hash);

  const std::string& text() const { return text_; }
  /// The 64 digits.
  std::string hex() const { return text_.substr(text_.size() - 64); }
  /// The first 12 of them: as images and layers are called in tables and messages.
  std::string shown() const { return text_.substr(text_.size() - 64, 12); }
  /// For cat().
  explicit operator std::string_view() const { return text_; }
  auto operator<=>(const Digest&) const = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Hexadecimal digits of either case, at least one.
bool is_hex(std::string_view text);
/// What the grammar of references takes for a digest: a sha256 one, or "sha512:" and 128 lower-case
/// digits, which can be said but not fetched.
bool is_digest(std::string_view text);

}  // namespace estiba::img
