#include "imgmgr/build/stage_runner.hpp"

#include <fcntl.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/overlay.hpp"
#include "base/text.hpp"
#include "imgmgr/build/copy_step.hpp"
#include "imgmgr/build/layer_step.hpp"
#include "imgmgr/build/remote_source.hpp"
#include "imgmgr/build/run_step.hpp"
#include "imgmgr/build/sources.hpp"
#include "imgmgr/config_json.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
#include "imgmgr/resolve_path.hpp"

namespace estiba::img::build {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

// An error that says its place already.
class LocatedError : public Error {
 public:
  using Error::Error;
};

class StageRunner {
 public:
  StageRunner(Engine& engine, size_t index)
      : engine_(engine),
        index_(index),
        stage_(engine.program().stages[index]),
        rules_{.escape = engine.program().escape} {}

  StageState run() {
    located(stage_.line, stage_.text, [&] { begin(); });
    run_triggers();
    for (const auto& step : stage_.steps) run_step(step);
    return std::move(state_);
  }

 private:
  template <typename F>
  void located(int line, const std::string& text, F f) {
    try {
      f();
    } catch (const LocatedError&) {
      throw;
    } catch (const Error& error) {
      const std::string& path = engine_.options().dockerfile;
      std::string name = path.empty() ? "Dockerfile" : fs::base_name(path);
      std::string number = std::to_string(line);
      throw LocatedError(
          cat(name, ":", number, ": ", error.message(), "\n  ", number, " | ", text));
    }
  }

  std::optional<std::string> lookup(const std::string& name) const {
    // Of ENV and ARG with one name the later counts: ENV forgets the argument.
    auto arg = state_.args.find(name);
    if (arg != state_.args.end()) return arg->second;
    return variable(state_.config.env, name);
  }

  Lookup lookup_function() const {
    return [this](const std::string& name) { return lookup(name); };
  }

  std::string word(const std::string& text) const {
    return expand_word(text, lookup_function(), rules_);
  }

  std::string global_word(const std::string& text) const {
    const auto& args = engine_.global_args();
    return expand_word(
        text,
        [&](const std::string& name) -> std::optional<std::string> {
          auto found = args.find(name);
          return found == args.end() ? std::nullopt : std::optional(found->second);
        },
        rules_);
  }

  void begin() {
    std::string name = global_word(stage_.from.image);
    if (text::trim(name).empty())
      throw Error(cat("the base image's name (", stage_.from.image, ") is blank"));
    std::string platform = global_word(stage_.from.platform);
    if (platform.empty() && !stage_.from.platform.empty())
      throw Error(cat("--platform=", stage_.from.platform, " is blank"));
    state_ = base_state(name, platform.empty() ? engine_.platform() : parse_platform(platform));
    state_.cmd = CmdOrigin::inherited;
    triggers_ = std::exchange(state_.config.onbuild, {});
  }

  StageState base_state(const std::string& name, const Platform& platform) {
    bool is_context = engine_.options().contexts.contains(name);
    for (size_t i = index_; !is_context && i-- > 0;)
      if (engine_.program().stages[i].from.name == name) return engine_.need(i, index_);
    if (engine_.context_directory(name))
      throw Error(cat("the build context \"", name, "\" is a directory, and no image"));
    if (is_context) return engine_.source_state(name, index_);
    return engine_.image(name, platform);
  }

  void run_triggers() {
    for (const auto& trigger : triggers_) {
      located(stage_.line, cat("ONBUILD ", trigger), [&] {
        for (const auto& source : parse_dockerfile(trigger).statements)
          run_step({stage_.line, source.text, parse_instruction(source, rules_.escape)});
      });
    }
  }

  void run_step(const Step& step) {
    located(step.line, step.text, [&] {
      engine_.check_stopped();
      std::visit([&](const auto& instruction) { dispatch(instruction, step); }, step.instruction);
    });
  }

  void dispatch(const From&, const Step&) { throw Error("FROM cannot stand here"); }

  void dispatch(const Arg& arg, const Step& step) {
    for (const auto& [name, value] : arg.args) set_arg(name, value);
    add_history(step, true);
  }

  void set_arg(const std::string& name, const std::optional<std::string>& value) {
    const auto& given = engine_.options().build_args;
    const auto& global = engine_.global_args();
    if (auto found = given.find(name); found != given.end()) {
      engine_.used_arg(name);
      state_.args[name] = found->second;
    } else if (value) {
      state_.args[name] = word(*value);
    } else if (auto inherited = global.find(name); inherited != global.end()) {
      state_.args[name] = inherited->second;
    }
  }

  void add_history(const Step& step, bool empty_layer) {
    state_.history.push_back({state_.created, step.text, "", empty_layer});
  }

  // Runs a layer step with its progress told, and its place in the history.
  void make_layer(const Step& step, LayerStep layer, int number) {
    layer.may_be_old = cache_counts();
    size_t before = state_.diff_ids.size();
    auto begun = std::chrono::steady_clock::now();
    auto ended = [&](StepResult result) {
      engine_.emit(StepEnded{number, result, std::chrono::steady_clock::now() - begun});
    };
    try {
      Origin origin = run_layer_step(engine_, state_, layer);
      ended(origin == Origin::cached ? StepResult::cached : StepResult::done);
    } catch (...) {
      ended(StepResult::failed);
      throw;
    }
    add_history(step, state_.diff_ids.size() == before);
  }

  bool cache_counts() const {
    const BuildOptions& options = engine_.options();
    auto named = [&](const std::string& stage) {
      return text::lower(stage) == stage_.from.name || stage == std::to_string(index_);
    };
    return !options.no_cache &&
           std::none_of(options.no_cache_filter.begin(), options.no_cache_filter.end(), named);
  }

  int announce(const Step& step) {
    int number = engine_.next_step();
    std::string stage =
        stage_.from.name.empty() ? cat("stage-", std::to_string(index_)) : stage_.from.name;
    engine_.emit(StepStarted{number, cat("[", stage, "] ", step.text)});
    return number;
  }

  void dispatch(const ConfigInstruction& written, const Step& step) {
    ConfigInstruction instruction = expand(written, lookup_function(), rules_);
    apply(instruction, state_.config, state_.cmd);
    if (const auto* env = std::get_if<SetEnv>(&instruction))
      for (const auto& [name, value] : env->values) state_.args.erase(name);
    if (std::holds_alternative<SetWorkdir>(instruction)) {
      make_workdir(step);
      return;
    }
    ConfigFile file{state_.config, {}, {}};
    run_layer_step(engine_, state_,
                   {cat("config\n", step.text, "\n", to_json(file)), false, {}, cache_counts()});
    add_history(step, true);
  }

  Owner owner_in(FdRef root, const std::string& text) const {
    return resolve_owner(text, read_small_file(root, "/etc/passwd"),
                         read_small_file(root, "/etc/group"));
  }

  void make_workdir(const Step& step) {
    const ImageConfig& config = state_.config;
    LayerStep layer;
    layer.key = cat("workdir\n", config.working_dir, "\n", config.user);
    layer.run = [&](const LayerDirs& dirs) {
      UniqueFd root = overlay_mount({dirs.lower, dirs.upper, dirs.work});
      Owner owner = config.user.empty() ? Owner{} : owner_in(root, config.user);
      make_directories(root, config.working_dir, owner);
    };
    make_layer(step, layer, announce(step));
  }

  // What comes from one place: the context, a stage, an address, or (without a tree) heredocs.
  struct CopyGroup {
    std::optional<SourceTree> tree;
    std::vector<SourceMatch> matches;
    Unpack unpack = Unpack::never;
    std::string key;  ///< of what is not known by its content
    const SourceTree* source() const { return tree ? &*tree : nullptr; }
    std::string content_key() const { return key.empty() ? hash_matches(source(), matches) : key; }
  };

  struct CopyPlan {
    std::vector<CopyGroup> groups;
    std::string target, chown, chmod;
  };

  CopyPlan plan_copy(const Copy& copy, int number) {
    CopyPlan plan;
    plan.chown = word(copy.chown);
    plan.chmod = word(copy.chmod);
    plan.target = word(copy.target);
    if (plan.target.empty()) plan.target = std::string(1, '.');
    std::string dir = state_.config.working_dir.empty() ? "/" : state_.config.working_dir;
    bool is_directory = plan.target.ends_with('/') || plan.target == "." || plan.target == ".." ||
                        plan.target.ends_with("/.");
    plan.target = fs::clean_path(fs::join(dir, plan.target));
    if (is_directory && plan.target != "/") plan.target += '/';
    add_files(plan, copy, number);
    WordRules raw = rules_;
    raw.quoting = Quoting::none;
    raw.escape = '\\';  // in heredocs, whatever the file's own escape is
    CopyGroup written;
    for (const auto& heredoc : copy.heredocs) {
      std::string content =
          heredoc.expand ? expand_word(heredoc.content, lookup_function(), raw) : heredoc.content;
      written.matches.push_back(heredoc_match(heredoc.name, std::move(content)));
    }
    plan.groups.push_back(std::move(written));
    return plan;
  }

  void add_files(CopyPlan& plan, const Copy& copy, int number) {
    auto say = [&](std::string_view text) { engine_.emit(StepOutput{number, std::string(text)}); };
    IgnoreRules excludes = IgnoreRules::of(copy.excludes);
    CopyGroup local;
    local.unpack = copy.unpack;
    for (const auto& written : copy.sources) {
      std::string source = word(written);
      if (copy.is_add && is_remote(source)) {
        RemoteFile remote = fetch_remote(engine_, {source, word(copy.checksum), copy.git_dir, say});
        CopyGroup group;
        group.matches = std::move(remote.matches);
        group.key = std::move(remote.key);
        group.tree.emplace(std::move(remote.tree));
        plan.groups.push_back(std::move(group));
        continue;
      }
      if (!copy.checksum.empty())
        throw Error(cat("--checksum is for what is fetched, and ", source, " is a local file"));
      if (!local.tree) local.tree.emplace(open_source(engine_, copy.from, index_));
      for (auto& match : local.tree->find({source, excludes, copy.parents}))
        local.matches.push_back(std::move(match));
    }
    plan.groups.push_back(std::move(local));
  }

  void dispatch(const Copy& copy, const Step& step) {
    int number = announce(step);
    CopyPlan plan = plan_copy(copy, number);
    CopyRequest request;
    request.target = plan.target;
    request.keep_parents = copy.parents;
    if (!plan.chmod.empty()) {
      request.mode = ModeChange::parse(plan.chmod);
      if (!request.mode) throw Error(cat("--chmod=", plan.chmod, " is not a mode"));
    }
    // Names are looked up in what the stage has so far.
    if (state_.diff_ids.empty() && !plan.chown.empty() && !is_numeric_owner(plan.chown))
      throw Error(cat("--chown=", plan.chown, ": an empty image knows nobody by name"));
    LayerStep layer;
    layer.key =
        cat("copy\n", plan.target, "\n", plan.chown, "\n", plan.chmod, "\n",
            copy.unpack == Unpack::archives ? "unpack" : "", copy.parents ? "parents" : "", "\n");
    for (const auto& group : plan.groups) layer.key += group.content_key();
    layer.run = [&](const LayerDirs& dirs) {
      UniqueFd root = overlay_mount({dirs.lower, dirs.upper, dirs.work});
      if (!plan.chown.empty()) request.owner = owner_in(root, plan.chown);
      for (const auto& group : plan.groups) {
        request.unpack = group.unpack;
        copy_into(root, group.source(), group.matches, request);
      }
    };
    make_layer(step, layer, number);
  }

  void dispatch(const Run& run, const Step& step) {
    int number = announce(step);
    RunPlan plan = plan_run(run, {engine_, index_, state_, lookup_function(), number});
    LayerStep layer;
    layer.key = plan.key;
    layer.run = [&](const LayerDirs& dirs) { execute(plan, dirs); };
    make_layer(step, layer, number);
  }

  Engine& engine_;
  size_t index_;
  const Stage& stage_;
  WordRules rules_;
  StageState state_;
  std::vector<std::string> triggers_;
};

}  // namespace

StageState run_stage(Engine& engine, size_t stage) { return StageRunner(engine, stage).run(); }

bool is_proxy_argument(const std::string& name) {
  static const std::vector<std::string> names = {"http_proxy", "https_proxy", "ftp_proxy",
                                                 "no_proxy", "all_proxy"};
  return std::find(names.begin(), names.end(), text::lower(name)) != names.end();
}

}  // namespace estiba::img::build
