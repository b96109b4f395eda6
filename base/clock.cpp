#include "base/clock.hpp"

#include <time.h>

#include <array>
#include <cstdio>

#include "base/text.hpp"

namespace estiba {
namespace {

std::optional<int> digits(std::string_view text, size_t at, size_t count) {
  if (text.size() < at + count) return std::nullopt;
  auto value = text::to_uint(text.substr(at, count));
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

// "Z" or "+01:30" as seconds east of UTC.
std::optional<int> zone_offset(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  if (zone.size() != 6 || zone[3] != ':' || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  auto hours = digits(zone, 1, 2);
  auto minutes = digits(zone, 4, 2);
  if (!hours || !minutes) return std::nullopt;
  int seconds = *hours * 3600 + *minutes * 60;
  return zone[0] == '-' ? -seconds : seconds;
}

}  // namespace

WallTime wall_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return WallTime{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}

std::string format_rfc3339(WallTime time) {
  auto since = time.time_since_epoch();
  auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  time_t whole = seconds.count();
  tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<long>((since - seconds).count()));
  return buffer.data();
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  auto year = digits(text, 0, 4);
  auto month = digits(text, 5, 2);
  auto day = digits(text, 8, 2);
  auto hour = digits(text, 11, 2);
  auto minute = digits(text, 14, 2);
  auto second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  text.remove_prefix(19);
  long nanoseconds = 0;
  if (text.starts_with('.')) {
    long unit = 100'000'000;
    size_t at = 1;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      nanoseconds += (text[at] - '0') * unit;
    text.remove_prefix(at);
  }
  auto offset = zone_offset(text);
  if (!offset) return std::nullopt;
  tm parts{};
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  return WallTime{std::chrono::seconds{::timegm(&parts) - *offset} +
                  std::chrono::nanoseconds{nanoseconds}};
}

}  // namespace estiba
