// The instructions that make layers or stages, as written: FROM, ARG, RUN, COPY and ADD. With the
// configuration instructions they are the whole language.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "imgmgr/build/config_instruction.hpp"
#include "imgmgr/build/dockerfile.hpp"
#include "imgmgr/build/git_source.hpp"

namespace estiba::img::build {

struct From {
  std::string image;  ///< an image, a stage, or "scratch"; variables not replaced yet
  std::string name;   ///< lower case; empty: none
  std::string platform;
};

struct ArgDefault {
  std::string name;
  std::optional<std::string> value;
};
struct Arg {
  std::vector<ArgDefault> args;
};

/// --mount of RUN. Values are as written; which are needed depends on the type.
struct MountFlag {
  std::string type = "bind";
  std::string target, source, from, id, sharing, env;
  bool readonly = true;  ///< of a bind; of a cache: false unless asked
  bool required = false;
  int64_t size = 0;
  std::optional<uint32_t> uid, gid, mode;
};

enum class RunNetwork { automatic, none, host };

struct Run {
  CommandLine command;
  std::vector<Heredoc> heredocs;
  std::vector<MountFlag> mounts;
  RunNetwork network = RunNetwork::automatic;
  bool insecure = false;
};

enum class Unpack { never, archives };

struct Copy {
  std::vector<std::string> sources;  ///< without heredocs
  std::vector<Heredoc> heredocs;
  std::string target;
  std::string from, chown, chmod, checksum;
  std::vector<std::string> excludes;
  bool parents = false;
  bool link = false;
  bool is_add = false;
  GitFetch::GitDir git_dir = GitFetch::GitDir::removed;
  Unpack unpack = Unpack::never;
};

using Instruction = std::variant<From, Arg, Run, Copy, ConfigInstruction>;

/// A misspelt keyword or flag is answered with the nearest one.
Instruction parse_instruction(const SourceStatement& statement, char escape);

}  // namespace estiba::img::build
