#include "runtime/cgroup/device_filter.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::runtime::cgroup {
namespace {

struct Rule {
  std::optional<int32_t> type;  ///< BPF_DEVCG_DEV_*; nothing: any
  int32_t access = 0;           ///< BPF_DEVCG_ACC_*
  std::optional<int32_t> major, minor;
};

[[noreturn]] void invalid(const std::string& text) {
  throw Error(cat("invalid device rule \"", text,
                  "\": expected \"TYPE MAJOR:MINOR ACCESS\", such as \"c 10:200 rwm\""));
}

std::optional<int32_t> number(const std::string& field, const std::string& text) {
  if (field == "*") return std::nullopt;
  auto value = text::to_uint(field);
  if (!value || *value > 0xfffff) invalid(text);
  return static_cast<int32_t>(*value);
}

int32_t access_bits(const std::string& letters, const std::string& text) {
  int32_t bits = 0;
  for (char letter : letters) {
    if (letter == 'r') bits |= BPF_DEVCG_ACC_READ;
    if (letter == 'w') bits |= BPF_DEVCG_ACC_WRITE;
    if (letter == 'm') bits |= BPF_DEVCG_ACC_MKNOD;
    if (letter != 'r' && letter != 'w' && letter != 'm') invalid(text);
  }
  return bits;
}

Rule parse(const std::string& text) {
  auto fields = text::split(text, ' ');
  if (fields.size() != 3 || fields[2].empty()) invalid(text);
  auto numbers = text::split(fields[1], ':');
  if (numbers.size() != 2) invalid(text);
  Rule rule;
  if (fields[0] == "c") {
    rule.type = BPF_DEVCG_DEV_CHAR;
  } else if (fields[0] == "b") {
    rule.type = BPF_DEVCG_DEV_BLOCK;
  } else if (fields[0] != "a") {
    invalid(text);
  }
  rule.major = number(numbers[0], text);
  rule.minor = number(numbers[1], text);
  rule.access = access_bits(fields[2], text);
  return rule;
}

bpf_insn instruction(int code, int dst, int src, int offset, int32_t immediate) {
  bpf_insn insn{};
  insn.code = static_cast<__u8>(code);
  insn.dst_reg = static_cast<__u8>(dst & 0xf);
  insn.src_reg = static_cast<__u8>(src & 0xf);
  insn.off = static_cast<__s16>(offset);
  insn.imm = immediate;
  return insn;
}

// Registers of the program; R1 is the context on entry.
constexpr int type_reg = BPF_REG_2, access_reg = BPF_REG_3, major_reg = BPF_REG_4,
              minor_reg = BPF_REG_5, scratch_reg = BPF_REG_6;

bpf_insn load(int reg, int offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, reg, BPF_REG_1, offset, 0);
}

bpf_insn jump_if_not(int reg, int32_t value) {
  return instruction(BPF_JMP | BPF_JNE | BPF_K, reg, 0, 0, value);
}

// Each test jumps to the end of the rule, whose length is known once it is assembled.
void append(const Rule& rule, std::vector<bpf_insn>& program) {
  std::vector<bpf_insn> body;
  if (rule.type) body.push_back(jump_if_not(type_reg, *rule.type));
  constexpr int32_t all = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;
  if (rule.access != all) {
    body.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_X, scratch_reg, access_reg, 0, 0));
    body.push_back(instruction(BPF_ALU64 | BPF_AND | BPF_K, scratch_reg, 0, 0, all & ~rule.access));
    body.push_back(jump_if_not(scratch_reg, 0));
  }
  if (rule.major) body.push_back(jump_if_not(major_reg, *rule.major));
  if (rule.minor) body.push_back(jump_if_not(minor_reg, *rule.minor));
  body.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1));
  body.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  for (size_t i = 0; i < body.size(); ++i)
    if (body[i].code == (BPF_JMP | BPF_JNE | BPF_K))
      body[i].off = static_cast<__s16>(body.size() - i - 1);
  program.insert(program.end(), body.begin(), body.end());
}

long bpf(int command, bpf_attr& attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

}  // namespace

std::vector<bpf_insn> device_program(const std::vector<std::string>& rules) {
  // bpf_cgroup_dev_ctx: access_type (access << 16 | type), major, minor.
  std::vector<bpf_insn> program{
      load(type_reg, 0),
      instruction(BPF_ALU64 | BPF_MOV | BPF_X, access_reg, type_reg, 0, 0),
      instruction(BPF_ALU64 | BPF_RSH | BPF_K, access_reg, 0, 0, 16),
      instruction(BPF_ALU64 | BPF_AND | BPF_K, type_reg, 0, 0, 0xffff),
      load(major_reg, 4),
      load(minor_reg, 8)};
  for (const auto& rule : rules) append(parse(rule), program);
  // After a rule for everything nothing can be reached, and the verifier refuses dead code.
  if (!rules.empty() && rules.back() == "a *:* rwm") return program;
  program.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  return program;
}

UniqueFd load_device_program(const std::vector<bpf_insn>& program) {
  static constexpr char license[] = "Apache-2.0";
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<uint64_t>(program.data());
  attributes.insn_cnt = static_cast<__u32>(program.size());
  attributes.license = reinterpret_cast<uint64_t>(license);
  long fd = bpf(BPF_PROG_LOAD, attributes);
  if (fd < 0) throw Error{"bpf", "BPF_PROG_LOAD (device filter)", Errno{errno}};
  return UniqueFd{static_cast<int>(fd)};
}

void attach_device_program(FdRef cgroup, FdRef program) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<__u32>(cgroup.get());
  attributes.attach_bpf_fd = static_cast<__u32>(program.get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attributes) != 0)
    throw Error{"bpf", "BPF_PROG_ATTACH (device filter)", Errno{errno}};
}

bool device_programs_available() {
  try {
    load_device_program(device_program({}));
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace estiba::runtime::cgroup
