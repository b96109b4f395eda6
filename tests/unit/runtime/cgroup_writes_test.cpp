#include <gtest/gtest.h>

#include "base/error.hpp"
#include "runtime/cgroup/device_filter.hpp"
#include "runtime/cgroup/driver.hpp"

namespace estiba::runtime::cgroup {
namespace {

std::string to_text(const std::vector<Write>& writes) {
  std::string out;
  for (const auto& write : writes)
    out += cat(write.file, "=", write.value, write.optional ? " (if there)" : "", "\n");
  return out;
}

Resources everything() {
  Resources r;
  r.memory = 1000;
  r.memory_reservation = 500;
  r.cpu_shares = 1024;
  r.cpu_quota = 50000;
  r.cpuset_cpus = "0-1";
  r.pids = 7;
  r.blkio_weight = 500;
  return r;
}

TEST(CgroupWrites, NothingSetWritesNothing) {
  EXPECT_EQ(to_text(v2_writes({})), "");
  for (const char* controller : {"memory", "cpu", "pids", "cpuset", "blkio", "cpuacct"})
    EXPECT_EQ(to_text(v1_writes({}, controller)), "") << controller;
}

TEST(CgroupWrites, OfV2) {
  EXPECT_EQ(to_text(v2_writes(everything())),
            "memory.max=1000\nmemory.swap.max=1000 (if there)\nmemory.low=500\ncpu.weight=39\n"
            "cpu.max=50000 100000\ncpuset.cpus=0-1\npids.max=7\n"
            "io.weight=default 4950 (if there)\n");
}

TEST(CgroupWrites, OfV1) {
  std::string all;
  for (const char* controller : {"memory", "cpu", "pids", "cpuset", "blkio"})
    all += to_text(v1_writes(everything(), controller));
  EXPECT_EQ(all,
            "memory.limit_in_bytes=1000\nmemory.memsw.limit_in_bytes=2000 (if there)\n"
            "memory.soft_limit_in_bytes=500\ncpu.shares=1024\ncpu.cfs_quota_us=50000\npids.max=7\n"
            "cpuset.cpus=0-1\nblkio.weight=500 (if there)\n"
            "blkio.bfq.weight=500 (if there)\n");
}

TEST(CgroupWrites, SwapIsCountedApartInV2) {
  Resources r;
  r.memory = 1000;
  r.memory_swap = 1500;
  EXPECT_EQ(to_text(v2_writes(r)), "memory.max=1000\nmemory.swap.max=500 (if there)\n");
  r.memory_swap = 1000;
  EXPECT_EQ(to_text(v2_writes(r)), "memory.max=1000\nmemory.swap.max=0 (if there)\n");
  r.memory_swap = -1;
  EXPECT_EQ(to_text(v2_writes(r)), "memory.max=1000\nmemory.swap.max=max (if there)\n");
}

TEST(CgroupWrites, UnlimitedIsWrittenAsEachVersionSpellsIt) {
  Resources r;
  r.pids = -1;
  EXPECT_EQ(to_text(v2_writes(r)), "pids.max=max\n");
  EXPECT_EQ(to_text(v1_writes(r, "pids")), "pids.max=max\n");
}

TEST(CgroupWrites, SharesMapOntoTheWholeRangeOfWeights) {
  Resources r;
  for (auto [shares, weight] : {std::pair{2, 1}, {1024, 39}, {262144, 10000}, {1, 1}}) {
    r.cpu_shares = static_cast<uint64_t>(shares);
    EXPECT_EQ(to_text(v2_writes(r)), cat("cpu.weight=", std::to_string(weight), "\n"));
  }
}

TEST(CgroupWrites, DevicesOfV1DenyFirst) {
  Resources r;
  r.device_rules = {"c 10:200 rwm"};
  auto writes = v1_writes(r, "devices");
  EXPECT_EQ(to_text({writes.front(), writes.back()}),
            "devices.deny=a\ndevices.allow=c 10:200 rwm\n");
  EXPECT_EQ(writes.size(), 12U);
}

TEST(CgroupName, LiesBeneathItsParent) {
  EXPECT_EQ(cgroup_name("", "id"), "estiba/id");
  EXPECT_EQ(cgroup_name("/a//b/", "id"), "a/b/id");
  EXPECT_EQ(cgroup_name("/", "id"), "id");
  EXPECT_THROW(cgroup_name("a/../..", "id"), Error);
}

// An interpreter of the few instructions that device programs consist of.
bool allowed(const std::vector<bpf_insn>& program, uint32_t type, uint32_t access, uint32_t major,
             uint32_t minor) {
  uint64_t r[11] = {};
  const uint32_t context[] = {access << 16 | type, major, minor};
  for (size_t pc = 0; pc < program.size(); ++pc) {
    const bpf_insn& i = program[pc];
    auto k = static_cast<uint64_t>(i.imm);
    switch (i.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        r[i.dst_reg] = context[i.off / 4];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_X:
        r[i.dst_reg] = r[i.src_reg];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        r[i.dst_reg] = k;
        break;
      case BPF_ALU64 | BPF_AND | BPF_K:
        r[i.dst_reg] &= k;
        break;
      case BPF_ALU64 | BPF_RSH | BPF_K:
        r[i.dst_reg] >>= k;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        if (r[i.dst_reg] != k) pc += static_cast<size_t>(i.off);
        break;
      case BPF_JMP | BPF_EXIT:
        return r[0] != 0;
      default:
        ADD_FAILURE() << "unknown instruction";
        return false;
    }
  }
  ADD_FAILURE() << "the program has no end";
  return false;
}

constexpr uint32_t block = BPF_DEVCG_DEV_BLOCK, character = BPF_DEVCG_DEV_CHAR,
                   make = BPF_DEVCG_ACC_MKNOD, read = BPF_DEVCG_ACC_READ,
                   write = BPF_DEVCG_ACC_WRITE;

TEST(DeviceProgram, AllowsTheDefaultsAndNoMore) {
  auto program = device_program(device_rules({}));
  EXPECT_TRUE(allowed(program, character, read | write, 1, 3));
  EXPECT_TRUE(allowed(program, character, read, 136, 12));
  EXPECT_TRUE(allowed(program, block, make, 8, 0));
  EXPECT_FALSE(allowed(program, block, read, 8, 0));
  EXPECT_FALSE(allowed(program, block, read | make, 8, 0));
  EXPECT_FALSE(allowed(program, character, read, 1, 1));
  EXPECT_FALSE(allowed(program, character, read | write, 10, 200));
  EXPECT_FALSE(allowed(program, block, read, 1, 3));
}

TEST(DeviceProgram, HonoursEachLetter) {
  auto program = device_program({"b 8:* r"});
  EXPECT_TRUE(allowed(program, block, read, 8, 5));
  EXPECT_FALSE(allowed(program, block, write, 8, 5));
  EXPECT_FALSE(allowed(program, block, read | write, 8, 5));
  EXPECT_FALSE(allowed(program, block, read, 9, 5));
}

TEST(DeviceProgram, OfAPrivilegedContainerAllowsAll) {
  Resources r;
  r.all_devices = true;
  EXPECT_TRUE(allowed(device_program(device_rules(r)), block, read | write | make, 8, 0));
}

TEST(DeviceProgram, RefusesMalformedRules) {
  for (const char* rule : {"", "c", "c 1:3", "x 1:3 rwm", "c 1 rwm", "c 1:3 rwx", "c a:3 r",
                           "c 1:3 ", "c 1:3 r w", "c -1:3 r", "c 99999999999:3 r"})
    EXPECT_THROW(device_program({rule}), Error) << rule;
}

}  // namespace
}  // namespace estiba::runtime::cgroup
