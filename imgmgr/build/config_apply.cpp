// Configuration instructions: variables replaced, then applied.
#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "imgmgr/build/config_instruction.hpp"

namespace estiba::img::build {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

const std::vector<std::string>& shell_of(const ImageConfig& config) {
  static const std::vector<std::string> usual = {"/bin/sh", "-c"};
  return config.shell.empty() ? usual : config.shell;
}

void add_once(std::vector<std::string>& list, const std::string& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

uint64_t parse_port(std::string_view text, const std::string& whole) {
  auto port = text::to_uint(text);
  if (!port || *port > 65535)
    throw Error(cat("\"", whole, "\" is not a port such as 80, 53/udp or 8000-8010"));
  return *port;
}

// "8000-8002/udp" → "8000/udp", "8001/udp", "8002/udp". Of "80:8000" and "127.0.0.1:80:8000" the
// container's port counts, as everywhere such a file is built.
std::vector<std::string> exposed_ports(const std::string& spec) {
  size_t slash = std::min(spec.find('/'), spec.size());
  std::string protocol = slash < spec.size() ? text::lower(spec.substr(slash + 1)) : "";
  if (protocol.empty()) protocol = "tcp";
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
    throw Error(cat("\"", spec, "\" has an unknown protocol; use tcp, udp or sctp"));
  std::string_view ports = std::string_view(spec).substr(0, slash);
  ports.remove_prefix(std::min(ports.rfind(':') + 1, ports.size()));
  size_t dash = std::min(ports.find('-'), ports.size());
  uint64_t first = parse_port(ports.substr(0, dash), spec);
  uint64_t last = dash < ports.size() ? parse_port(ports.substr(dash + 1), spec) : first;
  if (last < first) throw Error(cat("\"", spec, "\" ends before it begins"));
  std::vector<std::string> out;
  for (uint64_t port = first; port <= last; ++port)
    out.push_back(cat(std::to_string(port), "/", protocol));
  return out;
}

std::vector<std::string> health_test(const SetHealthcheck& set) {
  if (!set.command) return {"NONE"};
  if (const auto* line = std::get_if<ShellForm>(&*set.command)) return {"CMD-SHELL", line->line};
  std::vector<std::string> test = {"CMD"};
  const auto& args = std::get<ExecForm>(*set.command).args;
  test.insert(test.end(), args.begin(), args.end());
  return test;
}

// Without "SIG", as signal(7) has them.
bool is_signal_name(const std::string& name) {
  for (int number = 1; number < SIGSYS + 1; ++number)
    if (const char* known = ::sigabbrev_np(number); known && name == known) return true;
  for (const char* known : {"CLD", "IOT", "IO", "RTMIN", "RTMAX"})
    if (name == known) return true;
  if (!name.starts_with("RTMIN+") && !name.starts_with("RTMAX-")) return false;
  auto distance = text::to_uint(name.substr(6));
  return distance && *distance > 0 && *distance <= (name[3] == 'I' ? 15u : 14u);
}

void check_signal(const std::string& signal) {
  std::string name = text::upper(signal);
  if (name.starts_with("SIG")) name.erase(0, 3);
  auto number = text::to_int(signal);
  if (number ? *number == 0 : !is_signal_name(name))
    throw Error(cat("\"", signal, "\" is not a signal such as SIGTERM or 15"));
}

NameValues expand_pairs(const NameValues& pairs, const Lookup& lookup, const WordRules& rules) {
  NameValues out;
  for (const auto& [name, value] : pairs)
    out.emplace_back(expand_word(name, lookup, rules), expand_word(value, lookup, rules));
  return out;
}

}  // namespace

std::vector<std::string> to_argv(const CommandLine& command,
                                 const std::vector<std::string>& shell) {
  if (const auto* exec = std::get_if<ExecForm>(&command)) return exec->args;
  std::vector<std::string> argv = shell;
  argv.push_back(std::get<ShellForm>(command).line);
  return argv;
}

ConfigInstruction expand(const ConfigInstruction& instruction, const Lookup& lookup,
                         const WordRules& rules) {
  auto word = [&](const std::string& text) { return expand_word(text, lookup, rules); };
  return std::visit(
      Overloaded{
          [&](const SetEnv& set) -> ConfigInstruction {
            return SetEnv{expand_pairs(set.values, lookup, rules)};
          },
          [&](const SetLabels& set) -> ConfigInstruction {
            return SetLabels{expand_pairs(set.values, lookup, rules)};
          },
          [&](const Expose& expose) -> ConfigInstruction {
            Expose out;
            for (const auto& port : expose.ports)
              for (const auto& one : expand_words(port, lookup, rules)) out.ports.push_back(one);
            return out;
          },
          [&](const AddVolumes& add) -> ConfigInstruction {
            AddVolumes out;
            for (const auto& path : add.paths) out.paths.push_back(word(path));
            return out;
          },
          [&](const SetUser& set) -> ConfigInstruction { return SetUser{word(set.user)}; },
          [&](const SetWorkdir& set) -> ConfigInstruction { return SetWorkdir{word(set.path)}; },
          [&](const SetStopSignal& set) -> ConfigInstruction {
            return SetStopSignal{word(set.signal)};
          },
          [](const auto& other) -> ConfigInstruction { return other; },
      },
      instruction);
}

namespace {

struct Applier {
  ImageConfig& config;
  CmdOrigin& cmd;

  void operator()(const SetCmd& set) const {
    config.cmd = to_argv(set.command, shell_of(config));
    cmd = CmdOrigin::own;
  }
  void operator()(const SetEntrypoint& set) const {
    config.entrypoint = to_argv(set.command, shell_of(config));
    if (cmd == CmdOrigin::inherited) config.cmd.clear();
  }
  void operator()(const SetEnv& set) const {
    for (const auto& [name, value] : set.values) set_variable(config.env, name, value);
  }
  void operator()(const SetLabels& set) const {
    for (const auto& [name, value] : set.values) config.labels[name] = value;
  }
  void operator()(const Expose& expose) const {
    for (const auto& spec : expose.ports)
      for (const auto& port : exposed_ports(spec)) add_once(config.exposed_ports, port);
  }
  void operator()(const AddVolumes& add) const {
    for (const auto& path : add.paths) {
      if (text::trim(path).empty()) throw Error("VOLUME names an empty path");
      add_once(config.volumes, path);
    }
  }
  void operator()(const SetUser& set) const { config.user = set.user; }
  void operator()(const SetWorkdir& set) const {
    std::string base = config.working_dir.empty() ? "/" : config.working_dir;
    config.working_dir = fs::clean_path(fs::join(base, set.path));
  }
  void operator()(const SetStopSignal& set) const {
    check_signal(set.signal);
    config.stop_signal = set.signal;
  }
  void operator()(const SetShell& set) const { config.shell = set.shell; }
  void operator()(const SetHealthcheck& set) const {
    config.healthcheck = set.check;
    config.healthcheck->test = health_test(set);
  }
  void operator()(const AddOnbuild& add) const { config.onbuild.push_back(add.instruction); }
  void operator()(const SetAuthor& set) const { config.author = set.author; }
};

}  // namespace

void apply(const ConfigInstruction& instruction, ImageConfig& config, CmdOrigin& cmd) {
  std::visit(Applier{config, cmd}, instruction);
}

void set_variable(std::vector<std::string>& env, const std::string& name,
                  const std::string& value) {
  std::string prefix = cat(name, "=");
  for (auto& entry : env) {
    if (!entry.starts_with(prefix)) continue;
    entry = cat(prefix, value);
    return;
  }
  env.push_back(cat(prefix, value));
}

std::optional<std::string> variable(const std::vector<std::string>& env, const std::string& name) {
  for (const auto& entry : env)
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
      return entry.substr(name.size() + 1);
  return std::nullopt;
}

}  // namespace estiba::img::build
