#include "imgmgr/build/check_variables.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "imgmgr/images.hpp"

namespace estiba::img::build {
namespace {

using Names = std::set<std::string>;

const Names& platform_arguments() {
  static const Names names = {"TARGETPLATFORM", "TARGETOS",      "TARGETARCH",
                              "TARGETVARIANT",  "BUILDPLATFORM", "BUILDOS",
                              "BUILDARCH",      "BUILDVARIANT",  "TARGETSTAGE"};
  return names;
}

std::string nearest_of(const std::string& name, const Names& known) {
  std::vector<std::string> candidates(known.begin(), known.end());
  return text::nearest(name, candidates).value_or("");
}

// Which of the variables in a text nobody has defined, in their order.
std::vector<std::string> undefined_in(const std::string& text, const Names& defined,
                                      const WordRules& rules) {
  std::vector<std::string> out;
  Lookup lookup = [&](const std::string& name) -> std::optional<std::string> {
    if (defined.contains(name)) return "value";
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    return std::nullopt;
  };
  try {
    expand_word(text, lookup, rules);
  } catch (const Error&) {
    // The build itself says what is wrong with it.
  }
  return out;
}

/// What is expanded of an instruction.
struct Texts {
  std::vector<std::string> out;

  void operator()(const From&) {}
  void operator()(const Arg& arg) {
    for (const auto& one : arg.args) out.push_back(one.value.value_or(""));
  }
  void operator()(const Run& run) {
    for (const auto& mount : run.mounts)
      out.insert(out.end(), {mount.target, mount.source, mount.id});
  }
  void operator()(const Copy& copy) {
    out = copy.sources;
    out.insert(out.end(), {copy.target, copy.chown, copy.chmod, copy.checksum});
  }
  void operator()(const ConfigInstruction& config) { std::visit(*this, config); }
  void operator()(const SetEnv& set) { add(set.values); }
  void operator()(const SetLabels& set) { add(set.values); }
  void operator()(const Expose& expose) { out = expose.ports; }
  void operator()(const AddVolumes& add) { out = add.paths; }
  void operator()(const SetUser& set) { out = {set.user}; }
  void operator()(const SetWorkdir& set) { out = {set.path}; }
  void operator()(const SetStopSignal& set) { out = {set.signal}; }
  template <typename Other>
  void operator()(const Other&) {}

 private:
  void add(const NameValues& values) {
    for (const auto& [name, value] : values) out.insert(out.end(), {name, value});
  }
};

void define(const Instruction& instruction, Names& defined) {
  if (const auto* arg = std::get_if<Arg>(&instruction))
    for (const auto& one : arg->args) defined.insert(one.name);
  const auto* config = std::get_if<ConfigInstruction>(&instruction);
  const auto* env = config ? std::get_if<SetEnv>(config) : nullptr;
  if (env)
    for (const auto& [name, value] : env->values) defined.insert(name);
}

/// Stages' variables; those of a stage that another builds upon are looked at once.
class VariableChecks {
 public:
  VariableChecks(const Program& program, const CheckContext& context, std::vector<Finding>& out)
      : program_(program), context_(context), out_(out) {}

  // What a stage has defined at its end; nothing: what its base brings is not known.
  const std::optional<Names>& at_end_of(size_t index) {
    auto known = ends_.find(index);
    if (known != ends_.end()) return known->second;
    return ends_[index] = walk(index);
  }

 private:
  std::optional<Names> base_of(size_t index) {
    const std::string& image = program_.stages[index].from.image;
    for (size_t i = index; i-- > 0;)
      if (program_.stages[i].from.name == image) return at_end_of(i);
    if (image.find('$') != std::string::npos) return std::nullopt;
    Names out = {"PATH"};
    if (text::lower(image) == "scratch") return out;
    auto environment = context_.environment ? context_.environment(image) : std::nullopt;
    if (!environment) return std::nullopt;
    for (const auto& entry : *environment) out.insert(entry.substr(0, entry.find('=')));
    return out;
  }

  std::optional<Names> walk(size_t index) {
    std::optional<Names> defined = base_of(index);
    if (!defined) return std::nullopt;
    WordRules rules{.escape = program_.escape};
    for (const auto& step : program_.stages[index].steps) {
      Texts texts;
      std::visit(texts, step.instruction);
      bool is_arg = std::holds_alternative<Arg>(step.instruction);
      if (is_arg) define(step.instruction, *defined);
      for (const auto& text : texts.out)
        for (const auto& name : undefined_in(text, *defined, rules)) tell(step, name, *defined);
      define(step.instruction, *defined);
    }
    return defined;
  }

  void tell(const Step& step, const std::string& name, const Names& defined) {
    std::string near = nearest_of(name, defined);
    out_.push_back({"UndefinedVar", step.line,
                    cat("Usage of undefined variable '$", name, "'",
                        near.empty() ? "" : cat(" (did you mean $", near, "?)"))});
  }

  const Program& program_;
  const CheckContext& context_;
  std::vector<Finding>& out_;
  std::map<size_t, std::optional<Names>> ends_;
};

std::string with_defaults(const std::string& text, const std::map<std::string, std::string>& args,
                          const WordRules& rules) {
  return expand_word(
      text,
      [&](const std::string& name) -> std::optional<std::string> {
        auto found = args.find(name);
        if (found != args.end()) return found->second;
        return platform_arguments().contains(name) ? std::optional<std::string>("linux")
                                                   : std::nullopt;
      },
      rules);
}

void check_platform(const Stage& stage, std::vector<Finding>& out) {
  const std::string& platform = stage.from.platform;
  if (platform == "$TARGETPLATFORM" || platform == "${TARGETPLATFORM}")
    out.push_back({"RedundantTargetPlatform", stage.line,
                   cat("Setting platform to predefined ", platform,
                       " in FROM is redundant as this is the default behavior")});
  if (platform.empty() || platform.find('$') != std::string::npos) return;
  // A stage that is named after its platform means just that one.
  for (const auto& part : text::split(platform, '/'))
    if (!stage.from.name.empty() && stage.from.name.find(part) != std::string::npos) return;
  out.push_back({"FromPlatformFlagConstDisallowed", stage.line,
                 cat("FROM --platform flag should not use constant value \"", platform, "\"")});
}

void check_default(const Stage& stage, const std::map<std::string, std::string>& defaults,
                   const WordRules& rules, std::vector<Finding>& out) {
  if (stage.from.image.find('$') == std::string::npos) return;
  std::string image;
  try {
    image = with_defaults(stage.from.image, defaults, rules);
  } catch (const Error&) {
    return;  // ${NAME:?...}: to be given
  }
  if (!text::trim(image).empty() && Reference::parse(image)) return;
  out.push_back({"InvalidDefaultArgInFrom", stage.line,
                 cat("Default value for ARG ", stage.from.image,
                     " results in empty or invalid base image name")});
}

}  // namespace

void check_bases(const Program& program, std::vector<Finding>& out) {
  WordRules rules{.escape = program.escape};
  Names declared = platform_arguments();
  std::map<std::string, std::string> defaults;
  for (const auto& step : program.global_args) {
    define(step.instruction, declared);
    for (const auto& arg : std::get<Arg>(step.instruction).args)
      if (arg.value) defaults[arg.name] = with_defaults(*arg.value, defaults, rules);
  }
  for (const auto& stage : program.stages) {
    check_platform(stage, out);
    Names told;
    for (const auto& text : {stage.from.image, stage.from.platform})
      for (const auto& name : undefined_in(text, declared, rules)) {
        if (!told.insert(name).second) continue;
        std::string near = nearest_of(name, declared);
        out.push_back({"UndefinedArgInFrom", stage.line,
                       cat("FROM argument '", name, "' is not declared",
                           near.empty() ? "" : cat(" (did you mean ", near, "?)"))});
      }
    if (told.empty()) check_default(stage, defaults, rules, out);
  }
}

void check_variables(const Program& program, const CheckContext& context,
                     const std::set<size_t>& stages, std::vector<Finding>& out) {
  VariableChecks checks(program, context, out);
  for (size_t stage : stages) checks.at_end_of(stage);
}

}  // namespace estiba::img::build
