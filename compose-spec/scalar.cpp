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

namespace {

// Takes a number of at most `most` digits off the front.
std::optional<unsigned> take_number(std::string_view& text, size_t most) {
  size_t length = std::min(text.find_first_not_of("0123456789"), text.size());
  if (length == 0 || length > most) return std::nullopt;
  auto number = text::to_uint(text.substr(0, length));
  text.remove_prefix(length);
  return static_cast<unsigned>(*number);
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

unsigned days_in(unsigned year, unsigned month) {
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (month == 2) return leap ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

std::string two_digits(unsigned number) {
  return std::string(number < 10 ? "0" : "") + std::to_string(number);
}

// "10:00:00.5" with what follows it left in `text`; nothing if it is no time.
std::optional<std::string> take_time(std::string_view& text) {
  auto hour = take_number(text, 2);
  bool colon = hour && take(text, ':');
  auto minute = colon ? take_number(text, 2) : std::nullopt;
  colon = minute && take(text, ':');
  auto second = colon ? take_number(text, 2) : std::nullopt;
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  std::string out = two_digits(*hour) + ":" + two_digits(*minute) + ":" + two_digits(*second);
  if (!text.starts_with('.')) return out;
  size_t length = std::min(text.find_first_not_of("0123456789", 1), text.size());
  std::string fraction(text.substr(0, length));
  text.remove_prefix(length);
  while (fraction.ends_with('0')) fraction.pop_back();
  return fraction.size() > 1 ? out + fraction : out;
}

bool is_zone(std::string_view text) {
  if (text == "Z") return true;
  bool form = text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
  return form && text::to_uint(text.substr(1, 2)) && text::to_uint(text.substr(4));
}

}  // namespace

std::optional<std::string> parse_timestamp(std::string_view text) {
  if (text.size() < 8 || text.find('-') != 4) return std::nullopt;
  auto year = take_number(text, 4);
  bool dash = year && take(text, '-');
  auto month = dash ? take_number(text, 2) : std::nullopt;
  dash = month && take(text, '-');
  auto day = dash ? take_number(text, 2) : std::nullopt;
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > days_in(*year, *month))
    return std::nullopt;
  std::string year_text = std::to_string(*year);
  std::string date = std::string(4 - year_text.size(), '0') + year_text + "-" + two_digits(*month) +
                     "-" + two_digits(*day) + "T";
  if (text.empty()) return date + "00:00:00Z";
  bool zoned = text[0] == 'T' || text[0] == 't';
  if (!zoned && text[0] != ' ') return std::nullopt;
  text.remove_prefix(1);
  auto time = take_time(text);
  if (!time || (zoned ? !is_zone(text) : !text.empty())) return std::nullopt;
  return date + *time + (zoned ? std::string(text) : "Z");
}

Node::Value resolve_plain(std::string_view text) {
  // First letters and sizes settle nearly all texts.
  constexpr std::string_view starts = "nN~tTfF+-.0123456789";
  if (!text.empty() && starts.find(text[0]) == std::string_view::npos) return std::string(text);
  if (text.size() < 5 && one_of(text, nulls)) return std::monostate{};
  if (one_of(text, trues)) return true;
  if (one_of(text, falses)) return false;
  if (one_of(text, infinities)) return std::numeric_limits<double>::infinity();
  if (one_of(text, minus_infinities)) return -std::numeric_limits<double>::infinity();
  if (one_of(text, not_numbers)) return std::numeric_limits<double>::quiet_NaN();
  std::string digits = without_underscores(text);
  if (auto number = parse_integer(digits)) return *number;
  // Beyond a signed number's range, but whole: not to be rounded.
  if (auto number = text::to_uint(digits)) return std::to_string(*number);
  if (auto number = parse_real(digits)) return *number;
  if (auto time = parse_timestamp(text)) return Timestamp{*time};
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
