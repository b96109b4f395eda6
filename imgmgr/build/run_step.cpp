#include "imgmgr/build/run_step.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "imgmgr/build/stage_runner.hpp"

namespace estiba::img::build {
namespace {

constexpr std::string_view script_dir = "/dev/pipes";

struct Command {
  CommandLine line;
  std::string script, script_name;
};

// One heredoc alone is a script: for its own interpreter if it names one, else for the shell. With
// other words around it, the shell gets line and heredocs as they stand, and knows what they mean.
Command with_heredocs(const Run& run) {
  if (run.heredocs.empty()) return {run.command, "", ""};
  const auto* shell = std::get_if<ShellForm>(&run.command);
  if (!shell) throw Error("a heredoc needs the shell form of RUN");
  const Heredoc& first = run.heredocs.front();
  bool alone = run.heredocs.size() == 1 && parse_heredoc_start(shell->line, '\\') &&
               shell->line.find_first_of(" \t") == std::string::npos;
  if (alone && first.content.starts_with("#!"))
    return {ExecForm{{cat(script_dir, "/", first.name)}}, first.content, first.name};
  if (alone) return {ShellForm{first.content}, "", ""};
  std::string whole = shell->line;
  for (const auto& heredoc : run.heredocs) whole += cat("\n", heredoc.content, heredoc.name);
  return {ShellForm{whole}, "", ""};
}

const std::vector<std::string>& shell_of(const ImageConfig& config) {
  static const std::vector<std::string> usual = {"/bin/sh", "-c"};
  return config.shell.empty() ? usual : config.shell;
}

std::vector<std::string> environment(const StageState& state) {
  std::vector<std::string> out = state.config.env;
  for (const auto& [name, value] : state.args) set_variable(out, name, value);
  return out;
}

StepNetwork network_of(const Run& run, const BuildOptions& options) {
  if (run.network == RunNetwork::none) return StepNetwork::none;
  if (run.network == RunNetwork::automatic) return options.network;
  if (!options.allow_host_network && options.network != StepNetwork::host)
    throw Error("RUN --network=host needs consent: allow network.host for this build");
  return StepNetwork::host;
}

std::vector<MountFlag> expanded(const Run& run, const Lookup& lookup, char escape) {
  WordRules rules{.escape = escape};
  std::vector<MountFlag> out = run.mounts;
  for (auto& flag : out) {
    flag.target = expand_word(flag.target, lookup, rules);
    flag.source = expand_word(flag.source, lookup, rules);
    flag.id = expand_word(flag.id, lookup, rules);
  }
  return out;
}

std::string key_of(const RunPlan& plan) {
  const StepRequest& request = plan.request;
  return cat("run\n", text::join(request.argv, "\n"), "\n\n", text::join(request.env, "\n"), "\n\n",
             request.cwd, "\n", request.user, "\n",
             request.network == StepNetwork::none ? "no network" : "", "\n",
             request.privileged ? "privileged" : "", "\n", plan.script,
             mounts_key(plan.mount_context, plan.mounts));
}

}  // namespace

RunPlan plan_run(const Run& run, const RunContext& context) {
  const StageState& state = context.state;
  const BuildOptions& options = context.engine.options();
  Command command = with_heredocs(run);
  std::string cwd = state.config.working_dir.empty() ? "/" : state.config.working_dir;
  RunPlan plan{"",
               {},
               expanded(run, context.lookup, context.engine.program().escape),
               {context.engine, context.stage, cwd},
               command.script,
               command.script_name,
               context.step};
  StepRequest& request = plan.request;
  request.argv = to_argv(command.line, shell_of(state.config));
  if (request.argv.empty()) throw Error("RUN has no command");
  request.env = environment(state);
  request.cwd = cwd;
  request.user = state.config.user;
  request.network = network_of(run, options);
  request.extra_hosts = options.extra_hosts;
  request.shm_size = options.shm_size;
  request.limits = options.limits;
  request.memory = options.memory;
  request.stop = context.engine.stop_token();
  if (run.insecure && !options.allow_insecure)
    throw Error("RUN --security=insecure needs consent: allow security.insecure for this build");
  request.privileged = run.insecure;
  plan.key = key_of(plan);
  // After the key: proxies are no part of what is built.
  for (const auto& [name, value] : options.build_args) {
    if (!is_proxy_argument(name)) continue;
    // Programs differ in which they read.
    for (const auto& spelled : {text::upper(name), text::lower(name)})
      if (!variable(request.env, spelled)) request.env.push_back(cat(spelled, "=", value));
  }
  return plan;
}

void execute(const RunPlan& plan, const LayerDirs& dirs) {
  Engine& engine = plan.mount_context.engine;
  PreparedMounts prepared = prepare_mounts(plan.mount_context, plan.mounts);
  StepRequest request = plan.request;
  request.lower = dirs.lower;
  request.upper = dirs.upper;
  request.work = dirs.work;
  request.mounts = prepared.mounts;
  request.env.insert(request.env.end(), prepared.env.begin(), prepared.env.end());
  if (!plan.script.empty()) {
    std::string dir = engine.scratch_dir("script");
    fs::write_atomic(fs::join(dir, plan.script_name), plan.script, 0755, fs::Durability::relaxed);
    request.mounts.push_back(StepBind{dir, std::string(script_dir), true});
  }
  MountStubs stubs(dirs.lower, mount_targets(request.mounts));
  auto output = [&](std::string_view text) {
    engine.emit(StepOutput{plan.step, std::string(text)});
  };
  int status = engine.runner().run(request, output);
  engine.check_stopped();
  if (status != 0)
    throw Error(cat("process \"", text::join(request.argv, " "),
                    "\" did not complete successfully: exit code: ", std::to_string(status)));
  stubs.remove_from(dirs.upper);
}

}  // namespace estiba::img::build
