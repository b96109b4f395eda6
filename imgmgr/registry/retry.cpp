#include "imgmgr/registry/retry.hpp"

#include <ctime>

#include "base/text.hpp"

namespace estiba::img {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;

constexpr milliseconds first_wait{250};

std::optional<seconds> parse_http_date(const std::string& value) {
  std::tm time{};
  // The program runs in the "C" locale, whose names of days and months are HTTP's.
  const char* end = ::strptime(value.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (!end || *end != '\0') return std::nullopt;
  return seconds{::timegm(&time)};
}

}  // namespace

std::optional<milliseconds> parse_retry_after(const std::string& value, WallTime now) {
  if (auto count = text::to_uint(value)) {
    // What is too long is so by any count; the product must not overflow.
    return seconds{static_cast<int64_t>(std::min<uint64_t>(*count, 1U << 30))};
  }
  auto until = parse_http_date(value);
  if (!until) return std::nullopt;
  // In seconds: a year beyond 2262 has no nanoseconds.
  auto since = std::chrono::duration_cast<seconds>(now.time_since_epoch());
  return std::max(seconds{0}, *until - since);
}

std::optional<milliseconds> retry_wait(int attempt, std::optional<milliseconds> asked,
                                       double jitter) {
  if (attempt >= max_attempts) return std::nullopt;
  if (asked) return *asked > max_retry_wait ? std::nullopt : asked;
  auto wait = first_wait * (1 << attempt);
  auto spread = static_cast<double>(wait.count()) * jitter / 2;
  return wait / 2 + milliseconds{static_cast<int64_t>(spread)};
}

bool is_passing(long status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

}  // namespace estiba::img
