// A whole Dockerfile understood: its global arguments and its stages. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imgmgr/build/instruction.hpp"

namespace estiba::img::build {

struct Step {
  int line = 0;
  std::string text;  ///< as written, for progress, history and errors
  Instruction instruction;
};

struct Stage {
  int line = 0;
  std::string text;
  From from;
  std::vector<Step> steps;
};

struct Program {
  char escape = '\\';
  std::vector<Step> global_args;
  std::vector<Stage> stages;

  /// By name or number; nothing if there is none. Of two with one name the later counts.
  std::optional<size_t> stage(const std::string& name) const;
};

/// Throws SyntaxError.
Program parse_program(std::string_view text);
/// The stage to build: `target`, or the last one. An Error offers the nearest name.
size_t target_stage(const Program& program, const std::string& target);

/// The stages that a stage may need, as far as can be told without running anything.
std::vector<size_t> static_needs(const Program& program, size_t stage);

}  // namespace estiba::img::build
