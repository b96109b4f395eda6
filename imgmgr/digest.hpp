// Digests as the OCI image specification writes them; checked here before any becomes part of a
// path. The store speaks sha256 only.
#pragma once
#include <string>
#include <string_view>

namespace estiba::img {

/// Hexadecimal digits of either case, at least one.
bool is_hex(std::string_view text);
/// "sha256:" and 64 lower-case digits, or "sha512:" and 128.
bool is_digest(std::string_view text);
/// The 64 digits of a sha256 digest; an Error if it is anything else.
std::string sha256_hex(std::string_view digest);

}  // namespace estiba::img
