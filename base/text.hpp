// Small text helpers without a locale.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace estiba::text {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string lower(std::string_view text);
std::string upper(std::string_view text);
/// Words as a POSIX shell splits them: quotes and backslashes, no expansion. Nothing if a quote
/// stays open.
std::optional<std::vector<std::string>> shell_split(std::string_view text);
/// The whole text as a number; nothing if it is not one or does not fit.
std::optional<int64_t> to_int(std::string_view text, int base = 10);
std::optional<uint64_t> to_uint(std::string_view text, int base = 10);
/// Damerau-Levenshtein distance in bytes.
size_t edit_distance(std::string_view a, std::string_view b);
/// The candidate nearest to a mistyped word, near enough to be worth a "did you mean".
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);
/// Lower-case hexadecimal.
std::string hex(std::span<const unsigned char> bytes);
/// `count` random lower-case hexadecimal digits from getrandom(2).
std::string random_hex(size_t count);

}  // namespace estiba::text
