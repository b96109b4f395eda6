#include "imgmgr/build/owner.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "base/text.hpp"

namespace estiba::img::build {
namespace {

// The line of passwd(5) or group(5) that begins with the name.
std::optional<std::vector<std::string>> entry_of(std::string_view file, const std::string& name) {
  for (const auto& line : text::split(file, '\n')) {
    auto fields = text::split(line, ':');
    if (fields.size() >= 3 && fields[0] == name) return fields;
  }
  return std::nullopt;
}

uint32_t id_or_zero(const std::string& text) {
  auto id = text::to_uint(text);
  return id && *id <= INT32_MAX ? static_cast<uint32_t>(*id) : 0;
}

bool is_number(const std::string& text) { return text::to_uint(text).has_value(); }

constexpr mode_t user_bits = S_ISUID | S_IRWXU;
constexpr mode_t group_bits = S_ISGID | S_IRWXG;
constexpr mode_t other_bits = S_IRWXO;
constexpr mode_t all_bits = 07777;

constexpr std::string_view operations = "=+-";

bool is_operation(char c) { return operations.find(c) != std::string_view::npos; }

bool are_permissions(std::string_view text) {
  bool copied = text.size() == 1 && text.find_first_of("ugo") == 0;
  return copied || text.find_first_not_of("rwxXst") == std::string_view::npos;
}

mode_t for_all(mode_t three) { return three << 6 | three << 3 | three; }

mode_t permission(char letter, mode_t mode) {
  switch (letter) {
    case 'u':
      return for_all(mode >> 6 & 7);
    case 'g':
      return for_all(mode >> 3 & 7);
    case 'o':
      return for_all(mode & 7);
    case 'r':
      return 0444;
    case 'w':
      return 0222;
    case 'x':
      return 0111;
    case 'X':
      return S_ISDIR(mode) || (mode & 0111) != 0 ? 0111 : 0;
    case 's':
      return S_ISUID | S_ISGID;
    case 't':
      return S_ISVTX;
    default:
      return 0;
  }
}

mode_t who_bits(char letter) {
  switch (letter) {
    case 'u':
      return user_bits;
    case 'g':
      return group_bits;
    case 'o':
      return other_bits;
    case 'a':
      return all_bits;
    default:
      return 0;
  }
}

}  // namespace

Owner resolve_owner(const std::string& text, std::string_view passwd, std::string_view group) {
  size_t colon = text.find(':');
  std::string user = text.substr(0, colon);
  Owner out;
  if (is_number(user)) {
    out = {id_or_zero(user), id_or_zero(user)};
  } else if (auto entry = entry_of(passwd, user); entry && entry->size() >= 4) {
    out = {id_or_zero((*entry)[2]), id_or_zero((*entry)[3])};
  }
  // Of what has more parts than two only the user counts, as in Docker.
  if (colon == std::string::npos || text.find(':', colon + 1) != std::string::npos) return out;
  std::string name = text.substr(colon + 1);
  if (is_number(name)) {
    out.gid = id_or_zero(name);
  } else {
    auto entry = entry_of(group, name);
    out.gid = entry ? id_or_zero((*entry)[2]) : 0;
  }
  return out;
}

bool is_numeric_owner(const std::string& text) {
  auto parts = text::split(text, ':');
  return std::all_of(parts.begin(), parts.end(), is_number);
}

std::optional<ModeChange> ModeChange::parse(const std::string& text) {
  ModeChange out;
  if (auto number = text::to_uint(text, 8)) {
    if (*number > all_bits) return std::nullopt;
    out.absolute_ = static_cast<mode_t>(*number);
    return out;
  }
  for (const auto& part : text::split(text, ',')) {
    Clause clause;
    size_t at = 0;
    while (at < part.size() && who_bits(part[at]) != 0) clause.who |= who_bits(part[at++]);
    if (clause.who == 0) clause.who = all_bits;
    if (at == part.size() || !is_operation(part[at])) return std::nullopt;
    // One after the other: "u=rw-w".
    while (at < part.size()) {
      clause.operation = part[at];
      size_t end = std::min(part.find_first_of(operations, at + 1), part.size());
      clause.permissions = part.substr(at + 1, end - at - 1);
      if (!are_permissions(clause.permissions)) return std::nullopt;
      out.clauses_.push_back(clause);
      at = end;
    }
  }
  return out;
}

mode_t ModeChange::apply(mode_t mode) const {
  if (absolute_) return *absolute_;
  mode_t out = mode & all_bits;
  for (const auto& clause : clauses_) {
    mode_t bits = 0;
    for (char letter : clause.permissions) bits |= permission(letter, (mode & S_IFMT) | out);
    // The sticky bit belongs to nobody in particular.
    bits &= clause.who | S_ISVTX;
    if (clause.operation == '=') out &= ~(clause.who & all_bits);
    out = clause.operation == '-' ? out & ~bits : out | bits;
  }
  return out;
}

}  // namespace estiba::img::build
