#include "imgmgr/build/program.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace estiba::img::build {

std::optional<size_t> Program::stage(const std::string& name) const {
  std::string wanted = text::lower(name);
  for (size_t i = stages.size(); i-- > 0;)
    if (!stages[i].from.name.empty() && stages[i].from.name == wanted) return i;
  auto number = text::to_uint(name);
  if (number && *number < stages.size()) return static_cast<size_t>(*number);
  return std::nullopt;
}

Program parse_program(std::string_view text) {
  Dockerfile file = parse_dockerfile(text);
  Program out;
  out.escape = file.escape;
  for (const auto& source : file.statements) {
    Instruction instruction = parse_instruction(source, file.escape);
    if (const auto* from = std::get_if<From>(&instruction)) {
      out.stages.push_back({source.line, source.text, *from, {}});
    } else if (!out.stages.empty()) {
      out.stages.back().steps.push_back({source.line, source.text, std::move(instruction)});
    } else if (std::holds_alternative<Arg>(instruction)) {
      out.global_args.push_back({source.line, source.text, std::move(instruction)});
    } else {
      throw SyntaxError(source.line, cat("no FROM stands before this ", source.statement.keyword));
    }
  }
  if (out.stages.empty()) throw SyntaxError(1, "the file has no FROM");
  return out;
}

size_t target_stage(const Program& program, const std::string& target) {
  if (target.empty()) return program.stages.size() - 1;
  // By its name alone: numbers are for COPY --from.
  auto found = program.stage(target);
  if (found && program.stages[*found].from.name == text::lower(target)) return *found;
  std::vector<std::string> names;
  for (const auto& stage : program.stages)
    if (!stage.from.name.empty()) names.push_back(stage.from.name);
  auto near = text::nearest(target, names);
  throw Error(cat("target stage \"", target, "\" could not be found",
                  near ? cat("; did you mean ", *near, "?") : ""));
}

std::vector<size_t> static_needs(const Program& program, size_t index) {
  const Stage& stage = program.stages[index];
  std::vector<size_t> out;
  auto add = [&](const std::string& name) {
    auto found = name.empty() ? std::nullopt : program.stage(name);
    if (found && *found != index) out.push_back(*found);
  };
  // FROM refers to earlier stages by name only; a number there is an image.
  for (size_t i = 0; i < index; ++i)
    if (program.stages[i].from.name == stage.from.image) add(stage.from.image);
  for (const auto& step : stage.steps) {
    if (const auto* copy = std::get_if<Copy>(&step.instruction)) add(copy->from);
    if (const auto* run = std::get_if<Run>(&step.instruction))
      for (const auto& mount : run->mounts) add(mount.from);
  }
  return out;
}

}  // namespace estiba::img::build
