#include "base/units.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::units {
namespace {

// Splits "12.5rest" into the number and the rest; nothing if it does not begin with a number.
std::optional<std::pair<double, std::string_view>> leading_number(std::string_view text) {
  size_t end = 0;
  bool point = false;
  bool digit = false;
  while (end < text.size() &&
         ((text[end] >= '0' && text[end] <= '9') || (text[end] == '.' && !point))) {
    (text[end] == '.' ? point : digit) = true;
    ++end;
  }
  if (!digit) return std::nullopt;
  return std::pair{std::strtod(std::string(text.substr(0, end)).c_str(), nullptr),
                   text.substr(end)};
}

std::string format(const char* pattern, double value) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), pattern, value);
  return buffer.data();
}

std::string in_units(double size, double step, const std::array<const char*, 7>& names,
                     int digits) {
  size_t unit = 0;
  while (size >= step && unit + 1 < names.size()) {
    size /= step;
    ++unit;
  }
  return cat(format(cat("%.", std::to_string(digits), "g").c_str(), size), names[unit]);
}

// A fraction of a unit: whole part, and the digits that are not zero.
std::string with_fraction(int64_t value, int64_t unit, std::string_view suffix) {
  std::string out = std::to_string(value / unit);
  std::string digits = std::to_string(unit + value % unit).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (!digits.empty()) out += cat(".", digits);
  return cat(out, suffix);
}

struct Unit {
  std::string_view name;
  double nanoseconds;
};

constexpr std::array<Unit, 8> duration_units{{{"ns", 1},
                                              {"us", 1e3},
                                              {"\u00b5s", 1e3},
                                              {"\u03bcs", 1e3},
                                              {"ms", 1e6},
                                              {"s", 1e9},
                                              {"m", 60e9},
                                              {"h", 3600e9}}};

const Unit* unit_at(std::string_view text) {
  const Unit* found = nullptr;  // the longest name wins: "ms" over "m"
  for (const Unit& unit : duration_units)
    if (text.starts_with(unit.name) && (!found || unit.name.size() > found->name.size()))
      found = &unit;
  return found;
}

}  // namespace

std::optional<int64_t> parse_bytes(std::string_view text) {
  auto number = leading_number(text::trim(text));
  if (!number) return std::nullopt;
  std::string suffix = text::lower(text::trim(number->second));
  double multiple = 1;
  if (!suffix.empty() && suffix != "b") {
    size_t power = std::string_view("kmgtp").find(suffix[0]);
    std::string_view rest = std::string_view(suffix).substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib"))
      return std::nullopt;
    multiple = std::pow(1024.0, static_cast<double>(power + 1));
  }
  double bytes = number->first * multiple;
  if (bytes >= 9.2e18) return std::nullopt;
  return static_cast<int64_t>(bytes);
}

std::optional<nanoseconds> parse_duration(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return nanoseconds{0};
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    auto number = leading_number(text);
    if (!number) return std::nullopt;
    const Unit* unit = unit_at(number->second);
    if (!unit) return std::nullopt;
    total += number->first * unit->nanoseconds;
    text = number->second.substr(unit->name.size());
  }
  if (total >= 9.2e18) return std::nullopt;
  auto count = static_cast<int64_t>(std::llround(total));
  return nanoseconds{negative ? -count : count};
}

std::string format_duration(nanoseconds duration) {
  int64_t count = duration.count();
  if (count < 0) return cat("-", format_duration(-duration));
  if (count == 0) return "0s";
  if (count < 1'000) return cat(std::to_string(count), "ns");
  if (count < 1'000'000) return with_fraction(count, 1'000, "\u00b5s");
  if (count < 1'000'000'000) return with_fraction(count, 1'000'000, "ms");
  int64_t minutes = count / 60'000'000'000;
  std::string out;
  if (minutes >= 60) out += cat(std::to_string(minutes / 60), "h");
  if (minutes > 0) out += cat(std::to_string(minutes % 60), "m");
  return out + with_fraction(count % 60'000'000'000, 1'000'000'000, "s");
}

std::optional<int64_t> parse_cpus(std::string_view text) {
  auto number = leading_number(text);
  if (!number || !number->second.empty() || number->first > 1e9) return std::nullopt;
  return static_cast<int64_t>(std::llround(number->first * 1e9));
}

std::string human_size(uint64_t bytes, int digits) {
  constexpr std::array<const char*, 7> names{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  return in_units(static_cast<double>(bytes), 1000, names, digits);
}

std::string human_binary_size(uint64_t bytes) {
  constexpr std::array<const char*, 7> names{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  return in_units(static_cast<double>(bytes), 1024, names, 4);
}

std::string human_duration(nanoseconds duration) {
  auto seconds = duration.count() / 1'000'000'000;
  auto plural = [](int64_t count, std::string_view unit) {
    return cat(std::to_string(count), " ", unit);
  };
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return plural(seconds, "seconds");
  int64_t minutes = seconds / 60;
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return plural(minutes, "minutes");
  auto hours = static_cast<int64_t>(std::llround(static_cast<double>(seconds) / 3600));
  if (hours == 1) return "About an hour";
  if (hours < 48) return plural(hours, "hours");
  if (hours < 24 * 7 * 2) return plural(hours / 24, "days");
  if (hours < 24 * 30 * 2) return plural(hours / 24 / 7, "weeks");
  if (hours < 24 * 365 * 2) return plural(hours / 24 / 30, "months");
  return plural(hours / 24 / 365, "years");
}

}  // namespace estiba::units
