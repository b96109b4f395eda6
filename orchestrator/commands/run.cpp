// run: a container of its own for one command, beside those of its service.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/attached.hpp"
#include "orchestrator/cli/image_provision.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/up_request.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "rm", Takes::nothing, "", "Remove the container when it ends"},
    {'d', "detach", Takes::nothing, "", "Run it in the background, print its id"},
    {'T', "no-TTY", Takes::nothing, "", "No terminal; the default where ours is none"},
    {0, "no-tty", Takes::nothing, "", ""},
    {'t', "tty", Takes::nothing, "", ""},
    {'i', "interactive", Takes::nothing, "", "--interactive=false leaves standard input alone"},
    {'e', "env", Takes::list, "KEY=VALUE", "Set a variable; may be repeated"},
    {0, "env-from-file", Takes::list, "FILE", "Set variables from a file"},
    {0, "entrypoint", Takes::value, "COMMAND", "Replace the entrypoint"},
    {'u', "user", Takes::value, "USER", "Run as this user"},
    {'w', "workdir", Takes::value, "DIR", "Run in this folder"},
    {'v', "volume", Takes::list, "SOURCE:TARGET", "Mount a volume or a folder"},
    {'p', "publish", Takes::list, "PORT", "Publish a port"},
    {'P', "service-ports", Takes::nothing, "", "Publish the service's own ports"},
    {'l', "label", Takes::list, "KEY=VALUE", "Set a label"},
    {0, "name", Takes::value, "NAME", "Name the container"},
    {0, "no-deps", Takes::nothing, "", "Do not start what the service depends on"},
    {0, "use-aliases", Takes::nothing, "", "Answer to the service's names in its networks"},
    {0, "cap-add", Takes::list, "CAPABILITY", "Add a capability"},
    {0, "cap-drop", Takes::list, "CAPABILITY", "Drop a capability"},
    {0, "build", Takes::nothing, "", "Build the image first"},
    {0, "pull", Takes::value, "WHEN", "Pull: always, missing, never, build, policy"},
    {0, "remove-orphans", Takes::nothing, "", "Remove containers of services that are gone"},
    {'q', "quiet", Takes::nothing, "", ""},
    {0, "quiet-pull", Takes::nothing, "", "Pull without progress"},
    {0, "quiet-build", Takes::nothing, "", ""},
};

bool wants_terminal(const Arguments& arguments) {
  if (arguments.on("detach") || arguments.on("no-TTY") || arguments.on("no-tty")) return false;
  return arguments.choice("tty").value_or(true) && have_terminal();
}

std::vector<std::string> environment_of(const Arguments& arguments) {
  std::vector<std::string> variables;
  for (const std::string& file : arguments.list("env-from-file"))
    for (const std::string& line : text::split(fs::read_all(file), '\n')) {
      std::string trimmed(text::trim(line));
      if (!trimmed.empty() && trimmed[0] != '#') variables.push_back(trimmed);
    }
  for (const std::string& variable : arguments.list("env")) variables.push_back(variable);
  return with_values(variables);
}

/// `--entrypoint "sh -c"` is split as a shell would; an empty one clears it.
Json entrypoint_of(const Arguments& arguments) {
  auto written = arguments.value("entrypoint");
  if (!written) return nullptr;
  auto words = text::shell_split(*written);
  if (!words) throw Error(cat("--entrypoint: a quote stays open in ", *written));
  return *words;
}

std::vector<std::string> words_after_service(const Arguments& arguments) {
  return {arguments.words.begin() + 1, arguments.words.end()};
}

Json run_params(const Invocation& invocation, const LoadedProject& loaded, bool terminal) {
  const Arguments& arguments = invocation.arguments;
  const std::string& service = arguments.words[0];
  Json params = up_params(invocation, loaded, {service});
  std::vector<std::string> words = words_after_service(arguments);
  params["service"] = service;
  // No words: the service's own command.
  params["args"] = words.empty() ? Json(nullptr) : Json(words);
  params["entrypoint"] = entrypoint_of(arguments);
  params["env"] = environment_of(arguments);
  if (auto user = arguments.value("user")) params["user"] = *user;
  if (auto folder = arguments.value("workdir")) params["cwd"] = *folder;
  params["tty"] = terminal;
  params["stdin"] = !arguments.on("detach") && arguments.choice("interactive").value_or(true);
  if (auto name = arguments.value("name")) params["name"] = *name;
  params["remove"] = arguments.on("rm");
  params["detach"] = arguments.on("detach");
  params["no_deps"] = arguments.on("no-deps");
  params["service_ports"] = arguments.on("service-ports") || arguments.given("publish");
  params["use_aliases"] = arguments.on("use-aliases");
  return params;
}

/// The flags that are short forms of attributes, as one more Compose file: the loader reads them
/// as it reads all others. JSON is YAML.
Json override_of(const Arguments& arguments) {
  Json service = Json::object();
  if (auto volumes = arguments.list("volume"); !volumes.empty()) service["volumes"] = volumes;
  if (auto labels = arguments.list("label"); !labels.empty()) service["labels"] = labels;
  if (auto add = arguments.comma_list("cap-add"); !add.empty()) service["cap_add"] = add;
  if (auto drop = arguments.comma_list("cap-drop"); !drop.empty()) service["cap_drop"] = drop;
  if (auto ports = arguments.list("publish"); !ports.empty()) service["ports"] = ports;
  return service;
}

/// Volumes of --volume that the project does not know are called what the flag says, as the engine
/// takes them; "./data:/data" and "/data" are none.
Json volumes_of_flags(const Arguments& arguments, const spec::Project& project) {
  Json volumes = Json::object();
  for (const std::string& written : arguments.list("volume")) {
    std::string source = written.substr(0, written.find(':'));
    bool named = source.size() < written.size() && source.find_first_of("/.~") != 0;
    if (named && !project.volumes.contains(source)) volumes[source] = {{"name", source}};
  }
  return volumes;
}

std::string override_text(const Arguments& arguments, const spec::Project& project) {
  Json document{{"services", {{arguments.words[0], override_of(arguments)}}}};
  if (Json volumes = volumes_of_flags(arguments, project); !volumes.empty())
    document["volumes"] = std::move(volumes);
  std::string text = json::dump(document);
  // --publish stands in place of the service's own ports, which `run` does not publish.
  size_t ports = text.find("\"ports\":[");
  if (ports != text.npos) text.insert(ports + 8, " !override ");
  return text;
}

LoadedProject load_for_run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  spec::LoadOptions options = load_options(invocation, {arguments.words[0]});
  LoadedProject plain = load_project(options);
  warn_not_in_effect(plain.loaded);
  if (override_of(arguments).empty()) return plain;
  UniqueFd file = sys::memfd_create("run", 0);
  sys::write_all(file, override_text(arguments, plain.project), "memfd");
  options.files = plain.project.config_files;
  options.project_directory = plain.project.working_dir;
  options.project_name = plain.project.name;
  std::string path = cat("/proc/self/fd/", std::to_string(file.get()));
  options.files.push_back(path);
  LoadedProject changed;
  try {
    changed = load_project(options);
  } catch (const Error& error) {
    // Each mistake names the file that it is in.
    std::string message = error.message();
    for (size_t at = message.find(path); at != message.npos; at = message.find(path, at))
      message.replace(at, path.size(), "the options of run");
    throw Error(message);
  }
  changed.project.config_files = plain.project.config_files;
  return changed;
}

struct Begun {
  std::string id, name;
  std::vector<UniqueFd> fds;
};

/// Shows progress until the container runs.
std::optional<Begun> wait_for_start(const Invocation& invocation, Client& client) {
  auto progress = ui::make_progress(progress_style(invocation, "run"));
  while (auto message = client.receive()) {
    if (client.result_in(*message)) return std::nullopt;
    const Json& event = message->at("event");
    auto started = event.find("started");
    if (started == event.end()) {
      show_progress(*progress, event);
      continue;
    }
    progress->finish();
    return Begun{json::string_at(*started, "id").value_or(""),
                 json::string_at(*started, "name").value_or(""), client.take_fds()};
  }
  throw Error("the server ended before the container was started");
}

ProcessStreams streams_of(std::vector<UniqueFd> fds, bool terminal) {
  ProcessStreams streams;
  if (terminal) {
    if (fds.empty()) throw Error("the server sent no terminal");
    streams.terminal = std::move(fds[0]);
  } else {
    if (fds.size() < 3) throw Error("the server sent no standard streams");
    streams.input = std::move(fds[0]);
    streams.output = std::move(fds[1]);
    streams.errors = std::move(fds[2]);
  }
  return streams;
}

int stay_with(const Invocation& invocation, Client& client, Begun begun, bool terminal) {
  std::optional<RawTerminal> raw;
  if (terminal) raw.emplace(FdRef(STDIN_FILENO));
  Attached attached(client, streams_of(std::move(begun.fds), terminal));
  if (!invocation.arguments.choice("interactive").value_or(true)) attached.ignore_input();
  attached.on_interrupt = [&](int signal) {
    if (auto other = Client::connect_if_running(invocation.paths))
      other->call("exec_signal", {{"exec_id", begun.id}, {"signal", std::to_string(signal)}});
  };
  Json result = attached.wait();
  raw.reset();
  return static_cast<int>(json::int_at(result, "exit_code").value_or(0));
}

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  if (arguments.on("service-ports") && arguments.given("publish"))
    throw Error("--service-ports and --publish are incompatible");
  std::vector<std::string> service{arguments.words[0]};
  LoadedProject loaded = load_for_run(invocation);
  check_services(service, service_names(loaded.project));
  refuse_before_anything(loaded.project);
  provide_images(invocation, loaded, service);
  bool terminal = wants_terminal(arguments);
  Client client = Client::connect(invocation.paths);
  client.send("run", run_params(invocation, loaded, terminal));
  auto begun = wait_for_start(invocation, client);
  if (!begun) return 0;
  if (!arguments.on("detach")) return stay_with(invocation, client, std::move(*begun), terminal);
  while (auto message = client.receive())
    if (client.result_in(*message)) break;
  print(begun->id + "\n");
  return 0;
}

}  // namespace

extern const Command run_command_{.name = "run",
                                  .usage = "[OPTIONS] SERVICE [COMMAND] [ARGS...]",
                                  .summary = "Run a one-off command of a service",
                                  .flags = flags,
                                  .min_words = 1,
                                  .words = Words::end_the_flags,
                                  .run = run};

}  // namespace estiba::orchestrator
