#include "orchestrator/cli/pull_policy.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace estiba::orchestrator {
namespace {

constexpr std::string_view every = "every_";
constexpr std::chrono::hours day{24}, week{24 * 7};

// Weeks and days first, which Go's durations do not have: "1w2d12h".
std::optional<std::chrono::nanoseconds> parse_interval(std::string_view text) {
  std::chrono::nanoseconds out{0};
  for (auto [letter, unit] : {std::pair{'w', week}, std::pair{'d', day}}) {
    size_t end = text.find(letter);
    if (end == text.npos) continue;
    auto count = text::to_uint(text.substr(0, end));
    if (!count || *count > 10000) return std::nullopt;
    out += unit * static_cast<int>(*count);
    text.remove_prefix(end + 1);
    if (text.empty()) return out;
  }
  auto rest = units::parse_duration(text);
  return rest ? std::optional(out + *rest) : std::nullopt;
}

}  // namespace

std::optional<std::chrono::nanoseconds> refresh_interval(const std::string& policy) {
  if (policy == "daily") return day;
  if (policy == "weekly") return week;
  if (!policy.starts_with(every)) return std::nullopt;
  auto interval = parse_interval(std::string_view(policy).substr(every.size()));
  if (!interval) throw Error(cat("pull_policy \"", policy, "\" does not end in a duration"));
  return interval;
}

bool must_pull(const std::string& policy, Origin origin, const LocalImage& image, WallTime now) {
  if (policy == "always") return true;
  if (policy == "never" || policy == "build") return false;
  if (auto interval = refresh_interval(policy); interval && image.present)
    return !image.pulled || now - *image.pulled > *interval;
  if (policy.empty() && origin == Origin::built) return false;
  return !image.present;
}

}  // namespace estiba::orchestrator
