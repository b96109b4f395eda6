// From a profile to classic BPF: one section an architecture, in each a binary search over ranges
// of system call numbers, at the leaves a verdict or tests on arguments.
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <map>

#include "base/error.hpp"
#include "runtime/security/seccomp.hpp"
#include "runtime/security/syscall_numbers.hpp"

namespace estiba::runtime::seccomp {
namespace {

using Code = std::vector<sock_filter>;

struct Alternative {
  uint32_t action = 0;
  std::vector<Condition> conditions;
};
/// From `first` on, up to the next range.
struct Range {
  uint32_t first = 0;
  uint32_t action = 0;
  std::vector<Alternative> alternatives;  ///< tried before `action`
};

sock_filter statement(int code, uint32_t k) { return {static_cast<__u16>(code), 0, 0, k}; }
sock_filter jump(int code, uint32_t k, size_t jt, size_t jf) {
  return {static_cast<__u16>(BPF_JMP | code | BPF_K), static_cast<__u8>(jt), static_cast<__u8>(jf),
          k};
}
sock_filter load(size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}
sock_filter give(uint32_t action) { return statement(BPF_RET | BPF_K, action); }

void append(Code& code, const Code& more) { code.insert(code.end(), more.begin(), more.end()); }

// Jump targets inside a condition, replaced by distances once the code is laid out.
constexpr uint8_t next = 0, holds = 0xfe, fails = 0xff;

size_t argument_offset(unsigned index, bool high) {
  constexpr size_t word = 4;
  size_t offset = offsetof(seccomp_data, args) + index * sizeof(uint64_t);
  bool big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
  return offset + (high != big_endian ? word : 0);
}

// (argument >= value) or (argument > value) by halves, with what to do when it holds or does not.
Code ordered(const Condition& c, int code, uint8_t yes, uint8_t no) {
  auto high = static_cast<uint32_t>(c.value >> 32), low = static_cast<uint32_t>(c.value);
  return {load(argument_offset(c.index, true)), jump(BPF_JGT, high, yes, next),
          jump(BPF_JEQ, high, next, no), load(argument_offset(c.index, false)),
          jump(code, low, yes, no)};
}

Code equal(const Condition& c, uint64_t mask, uint64_t value, uint8_t yes, uint8_t no) {
  Code code;
  for (bool high : {true, false}) {
    int shift = high ? 32 : 0;
    code.push_back(load(argument_offset(c.index, high)));
    if (mask != UINT64_MAX)
      code.push_back(statement(BPF_ALU | BPF_AND | BPF_K, static_cast<uint32_t>(mask >> shift)));
    code.push_back(jump(BPF_JEQ, static_cast<uint32_t>(value >> shift), high ? next : yes, no));
  }
  return code;
}

Code test_of(const Condition& c) {
  switch (c.compare) {
    case Compare::eq:
      return equal(c, UINT64_MAX, c.value, holds, fails);
    case Compare::ne:
      return equal(c, UINT64_MAX, c.value, fails, holds);
    case Compare::masked_eq:
      return equal(c, c.value, c.value_two, holds, fails);
    case Compare::ge:
      return ordered(c, BPF_JGE, holds, fails);
    case Compare::gt:
      return ordered(c, BPF_JGT, holds, fails);
    case Compare::lt:
      return ordered(c, BPF_JGE, fails, holds);
    case Compare::le:
      return ordered(c, BPF_JGT, fails, holds);
  }
  throw Error("unknown seccomp comparison");
}

bool is_conditional_jump(const sock_filter& insn) {
  return BPF_CLASS(insn.code) == BPF_JMP && BPF_OP(insn.code) != BPF_JA;
}

void resolve(Code& code, size_t begin, size_t end, uint8_t symbol) {
  for (size_t i = begin; i < code.size() && i < end; ++i) {
    if (!is_conditional_jump(code[i])) continue;
    auto distance = static_cast<__u8>(end - i - 1);
    if (code[i].jt == symbol) code[i].jt = distance;
    if (code[i].jf == symbol) code[i].jf = distance;
  }
}

Code alternative_code(const Alternative& alternative) {
  Code code;
  for (const auto& condition : alternative.conditions) {
    size_t begin = code.size();
    append(code, test_of(condition));
    resolve(code, begin, code.size(), holds);
  }
  code.push_back(give(alternative.action));
  resolve(code, 0, code.size(), fails);
  return code;
}

Code leaf(const Range& range) {
  Code code;
  for (const auto& alternative : range.alternatives) append(code, alternative_code(alternative));
  code.push_back(give(range.action));
  return code;
}

Code search(const std::vector<Range>& ranges, size_t begin, size_t end) {
  if (end - begin == 1) return leaf(ranges[begin]);
  size_t middle = begin + (end - begin) / 2;
  Code left = search(ranges, begin, middle);
  Code code;
  constexpr size_t longest_jump = 255;
  if (left.size() <= longest_jump) {
    code.push_back(jump(BPF_JGE, ranges[middle].first, left.size(), 0));
  } else {
    code.push_back(jump(BPF_JGE, ranges[middle].first, 0, 1));
    code.push_back(statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(left.size())));
  }
  append(code, left);
  append(code, search(ranges, middle, end));
  return code;
}

// runc's reading of Docker's profiles: conditions that name one argument twice are alternatives.
std::vector<std::vector<Condition>> alternatives_of(const Rule& rule) {
  std::map<unsigned, int> uses;
  for (const auto& condition : rule.conditions) ++uses[condition.index];
  bool repeated = std::any_of(uses.begin(), uses.end(), [](auto& use) { return use.second > 1; });
  if (!repeated) return {rule.conditions};
  std::vector<std::vector<Condition>> alternatives;
  for (const auto& condition : rule.conditions) alternatives.push_back({condition});
  return alternatives;
}

using Verdicts = std::map<uint32_t, Range>;

void add_rule(const Rule& rule, const Architecture& architecture, uint32_t default_action,
              Verdicts& verdicts) {
  for (const auto& name : rule.names) {
    auto number = syscall_number(architecture, name);
    if (!number) continue;
    auto [entry, fresh] = verdicts.try_emplace(*number);
    Range& verdict = entry->second;
    if (fresh) verdict = {*number, default_action, {}};
    for (auto& conditions : alternatives_of(rule))
      verdict.alternatives.push_back({rule.action, std::move(conditions)});
  }
}

// An alternative without conditions settles the call; what comes after it is never reached.
void settle(Range& range) {
  auto always = std::find_if(range.alternatives.begin(), range.alternatives.end(),
                             [](const auto& a) { return a.conditions.empty(); });
  if (always == range.alternatives.end()) return;
  range.action = always->action;
  range.alternatives.erase(always, range.alternatives.end());
}

bool refuses(uint32_t action) {
  uint32_t kind = action & SECCOMP_RET_ACTION_FULL;
  return kind != SECCOMP_RET_ALLOW && kind != SECCOMP_RET_LOG;
}

std::vector<Range> ranges_of(const Profile& profile, const Architecture& architecture) {
  Verdicts verdicts;
  for (const auto& rule : profile.rules)
    add_rule(rule, architecture, profile.default_action, verdicts);
  std::vector<Range> ranges{{0, profile.default_action, {}}};
  uint32_t expected = 0;
  auto put = [&](Range range) {
    Range& last = ranges.back();
    bool same =
        last.alternatives.empty() && range.alternatives.empty() && last.action == range.action;
    if (same) return;
    if (last.first == range.first) {
      last = std::move(range);
    } else {
      ranges.push_back(std::move(range));
    }
  };
  for (auto& [number, verdict] : verdicts) {
    if (number > expected) put({expected, profile.default_action, {}});
    settle(verdict);
    put(std::move(verdict));
    expected = number + 1;
  }
  // Calls newer than the profile: libraries fall back on ENOSYS, but take EPERM for an answer.
  bool fall_back = !verdicts.empty() && refuses(profile.default_action);
  put({expected, fall_back ? uint32_t{SECCOMP_RET_ERRNO | ENOSYS} : profile.default_action, {}});
  return ranges;
}

Code section(const Profile& profile, const Architecture& architecture) {
  std::vector<Range> ranges = ranges_of(profile, architecture);
  return search(ranges, 0, ranges.size());
}

// Behind the number's load: x32 calls, told by a bit, to their own section.
Code with_x32(const Profile& profile, const Code& native, const std::optional<Architecture>& x32) {
  Code code{jump(BPF_JGE, x32_bit, 0, 1),
            statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(native.size()))};
  append(code, native);
  if (!x32) {
    code.push_back(give(SECCOMP_RET_KILL_PROCESS));
    return code;
  }
  code.push_back(statement(BPF_ALU | BPF_AND | BPF_K, ~x32_bit));
  append(code, section(profile, *x32));
  return code;
}

}  // namespace

std::string compile(const Profile& profile) {
  Architecture native = native_architecture();
  std::optional<Architecture> x32;
  std::vector<std::pair<uint32_t, Code>> sections;
  for (const auto& name : profile.sub_architectures) {
    auto found = find_architecture(name);
    if (!found) throw Error(cat("unknown architecture in a seccomp profile: ", name));
    if (is_x32(*found)) {
      x32 = found;
    } else if (found->token != native.token) {
      sections.emplace_back(found->audit, section(profile, *found));
    }
  }
  Code own = section(profile, native);
  auto x32_arch = find_architecture("x32");
  auto amd64 = find_architecture("x86_64");
  bool has_x32_bit = x32_arch && amd64 && native.token == amd64->token;
  sections.emplace(sections.begin(), native.audit, has_x32_bit ? with_x32(profile, own, x32) : own);
  Code code{load(offsetof(seccomp_data, arch))};
  for (const auto& [audit, body] : sections) {
    code.push_back(jump(BPF_JEQ, audit, 1, 0));
    code.push_back(statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(body.size() + 1)));
    code.push_back(load(offsetof(seccomp_data, nr)));
    append(code, body);
  }
  code.push_back(give(SECCOMP_RET_KILL_PROCESS));
  constexpr size_t longest_program = 4096;
  if (code.size() > longest_program) throw Error("the seccomp profile is too large for the kernel");
  return {reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter)};
}

}  // namespace estiba::runtime::seccomp
