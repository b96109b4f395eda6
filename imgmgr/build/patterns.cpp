// The patterns of ${v#p}, ${v%p} and ${v/p/r}.
#include "imgmgr/build/words.hpp"

namespace estiba::img::build {
namespace {

// Linear in text for every star: backtracks to the last star only.
bool matches(std::string_view text, std::string_view pattern) {
  size_t t = 0, p = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    bool literal = p < pattern.size() && pattern[p] == '\\' && p + 1 < pattern.size();
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (literal && pattern[p + 1] == text[t]) {
      p += 2;
      ++t;
    } else if (p < pattern.size() && !literal && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// The first length for which it holds, shortest or longest first.
template <typename F>
std::optional<size_t> first_length(size_t most, Match match, F holds) {
  for (size_t i = 0; i <= most; ++i) {
    size_t length = match == Match::shortest ? i : most - i;
    if (holds(length)) return length;
  }
  return std::nullopt;
}

}  // namespace

std::string without_prefix(const std::string& value, const std::string& pattern, Match match) {
  std::string_view text = value;
  auto length = first_length(text.size(), match,
                             [&](size_t n) { return matches(text.substr(0, n), pattern); });
  return length ? value.substr(*length) : value;
}

std::string without_suffix(const std::string& value, const std::string& pattern, Match match) {
  std::string_view text = value;
  auto length = first_length(
      text.size(), match, [&](size_t n) { return matches(text.substr(text.size() - n), pattern); });
  return length ? value.substr(0, value.size() - *length) : value;
}

std::string replaced(const std::string& value, const std::string& pattern,
                     const std::string& replacement, Occurrences which) {
  std::string_view text = value;
  std::string out;
  size_t at = 0;
  bool done = pattern.empty();
  while (at < text.size()) {
    auto length =
        done ? std::nullopt : first_length(text.size() - at, Match::longest, [&](size_t n) {
          return n > 0 && matches(text.substr(at, n), pattern);
        });
    if (!length) {
      out += text[at++];
      continue;
    }
    out += replacement;
    at += *length;
    done = which == Occurrences::first;
  }
  return out;
}

}  // namespace estiba::img::build
