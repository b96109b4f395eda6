#include "base/text.hpp"

#include <sys/random.h>

#include <algorithm>
#include <charconv>

#include "base/error.hpp"

namespace estiba::text {
namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text, int base) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Reads one quoted part that starts after `quote`; returns the place behind its end.
std::optional<size_t> read_quoted(std::string_view text, size_t at, char quote, std::string& word) {
  for (; at < text.size(); ++at) {
    if (text[at] == quote) return at + 1;
    bool escapes = quote == '"' && text[at] == '\\' && at + 1 < text.size() &&
                   std::string_view("\"\\$`\n").find(text[at + 1]) != std::string_view::npos;
    if (escapes) ++at;
    word += text[at];
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::optional<std::vector<std::string>> shell_split(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  size_t at = 0;
  while (at < text.size()) {
    char c = text[at];
    if (c == '\'' || c == '"') {
      in_word = true;
      auto next = read_quoted(text, at + 1, c, word);
      if (!next) return std::nullopt;
      at = *next;
      continue;
    }
    bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (blank && in_word) {
      words.push_back(std::exchange(word, {}));
      in_word = false;
    } else if (!blank) {
      if (c == '\\' && at + 1 < text.size()) c = text[++at];
      word += c;
      in_word = true;
    }
    ++at;
  }
  if (in_word) words.push_back(word);
  return words;
}

std::optional<int64_t> to_int(std::string_view text, int base) {
  return parse_number<int64_t>(text, base);
}

std::optional<uint64_t> to_uint(std::string_view text, int base) {
  return parse_number<uint64_t>(text, base);
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  std::optional<std::string> found;
  for (const auto& candidate : candidates) {
    // At least as many steps as they differ in length.
    size_t longer = std::max(word.size(), candidate.size());
    if (longer - std::min(word.size(), candidate.size()) >= best) continue;
    size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (unsigned char byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string random_hex(size_t count) {
  std::vector<unsigned char> bytes((count + 1) / 2);
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error{"getrandom", "", Errno{errno}};
  return hex(bytes).substr(0, count);
}

}  // namespace estiba::text
