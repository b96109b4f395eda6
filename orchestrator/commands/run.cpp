// run: a container of its own for one command, beside those of its service.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/attached.hpp"
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
    {0, "pull", Takes::value, "WHEN", "Pull the image: always, missing, never or policy"},
    {0, "remove-orphans", Takes::nothing, "", "Remove containers of services that are gone"},
    {'q', "quiet", Takes::nothing, "", ""},
    {0, "quiet-pull", Takes::nothing, "", ""},
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
  params["user"] = arguments.value_or("user", "");
  params["cwd"] = arguments.value_or("workdir", "");
  params["tty"] = terminal;
  params["stdin"] = !arguments.on("detach") && arguments.choice("interactive").value_or(true);
  params["name"] = arguments.value_or("name", "");
  params["remove"] = arguments.on("rm");
  params["detach"] = arguments.on("detach");
  params["no_deps"] = arguments.on("no-deps");
  params["service_ports"] = arguments.on("service-ports");
  params["publish"] = arguments.list("publish");
  params["volumes"] = arguments.list("volume");
  params["labels"] = arguments.list("label");
  params["cap_add"] = arguments.comma_list("cap-add");
  params["cap_drop"] = arguments.comma_list("cap-drop");
  params["use_aliases"] = arguments.on("use-aliases");
  return params;
}

struct Begun {
  std::string id, name;
  std::vector<UniqueFd> fds;
};

/// Shows progress until the container runs.
std::optional<Begun> wait_for_start(const Invocation& invocation, Client& client) {
  auto progress = ui::make_progress(progress_style(invocation, "run"));
  while (auto message = client.receive()) {
    if (Client::result_in(*message)) return std::nullopt;
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

AttachedStreams streams_of(std::vector<UniqueFd> fds, bool terminal) {
  AttachedStreams streams;
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
      other->call("exec_signal", {{"exec_id", begun.id}, {"signal", signal}});
  };
  Json result = attached.wait();
  raw.reset();
  if (json::bool_at(result, "idle").value_or(false)) wait_for_the_end(invocation.paths);
  return static_cast<int>(json::int_at(result, "exit_code").value_or(0));
}

int run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  if (arguments.on("service-ports") && arguments.given("publish"))
    throw Error("--service-ports and --publish are incompatible");
  std::vector<std::string> service{arguments.words[0]};
  LoadedProject loaded = load_project(invocation, service);
  check_services(service, service_names(loaded.project));
  bool terminal = wants_terminal(arguments);
  Client client = Client::connect(invocation.paths);
  client.send("run", run_params(invocation, loaded, terminal));
  auto begun = wait_for_start(invocation, client);
  if (!begun) return 0;
  if (!arguments.on("detach")) return stay_with(invocation, client, std::move(*begun), terminal);
  while (auto message = client.receive())
    if (Client::result_in(*message)) break;
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
