#include "compose-spec/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.hpp"

namespace estiba::spec {
namespace {

template <size_t N>
bool one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 5> nulls{"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 3> trues{"true", "True", "TRUE"};
constexpr std::array<std::string_view, 3> falses{"false", "False", "FALSE"};
constexpr std::array<std::string_view, 6> infinities{".inf",  ".Inf",  ".INF",
                                                     "+.inf", "+.Inf", "+.INF"};
constexpr std::array<std::string_view, 3> minus_infinities{"-.inf", "-.Inf", "-.INF"};
constexpr std::array<std::string_view, 3> not_numbers{".nan", ".NaN", ".NAN"};

// Digits with at most one point, then perhaps an exponent.
bool looks_real(std::string_view text) {
  size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  size_t digits = 0, points = 0;
  for (; at < text.size() && (text[at] == '.' || (text[at] >= '0' && text[at] <= '9')); ++at)
    ++(text[at] == '.' ? points : digits);
  if (digits == 0 || points > 1) return false;
  if (at == text.size()) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  std::string_view exponent = text.substr(at + 1);
  if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
  return !exponent.empty() &&
         std::all_of(exponent.begin(), exponent.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string without_underscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

}  // namespace

std::optional<int64_t> parse_integer(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    char mark = static_cast<char>(text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  auto size = text::to_uint(text, base);
  constexpr uint64_t largest = std::numeric_limits<int64_t>::max();
  if (!size || *size > largest + (negative ? 1 : 0)) return std::nullopt;
  return negative ? static_cast<int64_t>(0 - *size) : static_cast<int64_t>(*size);
}

std::optional<double> parse_real(std::string_view text) {
  if (!looks_real(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> parse_boolean(std::string_view text) {
  constexpr std::array<std::string_view, 4> yes{"true", "yes", "y", "on"};
  constexpr std::array<std::string_view, 4> no{"false", "no", "n", "off"};
  std::string word = text::lower(text);
  if (one_of(word, yes)) return true;
  if (one_of(word, no)) return false;
  return std::nullopt;
}

Node::Value resolve_plain(std::string_view text) {
  if (one_of(text, nulls)) return std::monostate{};
  constexpr std::string_view starts = "tTfF+-.0123456789";
  if (starts.find(text[0]) == std::string_view::npos) return std::string(text);
  if (one_of(text, trues)) return true;
  if (one_of(text, falses)) return false;
  if (one_of(text, infinities)) return std::numeric_limits<double>::infinity();
  if (one_of(text, minus_infinities)) return -std::numeric_limits<double>::infinity();
  if (one_of(text, not_numbers)) return std::numeric_limits<double>::quiet_NaN();
  std::string digits = without_underscores(text);
  if (auto number = parse_integer(digits)) return *number;
  if (auto number = parse_real(digits)) return *number;
  return std::string(text);
}

std::optional<Node::Value> resolve_tagged(std::string_view tag, std::string_view text) {
  constexpr std::string_view prefix = "tag:yaml.org,2002:";
  if (!tag.starts_with(prefix)) return Node::Value(std::string(text));
  tag.remove_prefix(prefix.size());
  if (tag == "str" || tag == "binary") return Node::Value(std::string(text));
  Node::Value value = resolve_plain(text);
  bool fits = (tag == "int" && std::holds_alternative<int64_t>(value)) ||
              (tag == "bool" && std::holds_alternative<bool>(value)) ||
              (tag == "null" && std::holds_alternative<std::monostate>(value)) ||
              (tag == "float" && std::holds_alternative<double>(value));
  if (fits) return value;
  if (tag == "float" && std::holds_alternative<int64_t>(value))
    return Node::Value(static_cast<double>(std::get<int64_t>(value)));
  return std::nullopt;
}

}  // namespace estiba::spec
