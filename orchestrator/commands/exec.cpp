// exec: a process of the user's in a running container, with this terminal or with pipes.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "orchestrator/cli/attached.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'T', "no-tty", Takes::nothing, "", "No terminal; the default where ours is none"},
    {'t', "tty", Takes::nothing, "", ""},
    {'i', "interactive", Takes::nothing, "", ""},
    {'d', "detach", Takes::nothing, "", "Run it in the background"},
    {'e', "env", Takes::list, "KEY=VALUE", "Set a variable; may be repeated"},
    {'u', "user", Takes::value, "USER", "Run as this user"},
    {'w', "workdir", Takes::value, "DIR", "Run in this folder"},
    {0, "index", Takes::value, "N", "The Nth container of the service"},
    {0, "privileged", Takes::nothing, "", "With all capabilities"},
};

bool wants_terminal(const Arguments& arguments) {
  if (arguments.on("detach") || arguments.on("no-tty")) return false;
  return arguments.choice("tty").value_or(true) && have_terminal();
}

Json exec_params(const Invocation& invocation, const ContainerInfo& container, bool terminal) {
  const Arguments& arguments = invocation.arguments;
  std::vector<std::string> command(arguments.words.begin() + 1, arguments.words.end());
  return {{"id", container.id},
          {"args", command},
          {"env", with_values(arguments.list("env"))},
          {"cwd", arguments.value_or("workdir", "")},
          {"user", arguments.value_or("user", "")},
          {"tty", terminal},
          {"privileged", arguments.on("privileged")},
          {"detach", arguments.on("detach")}};
}

/// Passes a signal on to the process; its end is what ends the wait.
void pass_on(const Paths& paths, const std::string& exec_id, int signal) {
  if (auto client = Client::connect_if_running(paths))
    client->call("exec_signal", {{"exec_id", exec_id}, {"signal", std::to_string(signal)}});
}

int finish(const Invocation& invocation, Client& client, ProcessStreams streams,
           std::string exec_id) {
  Attached attached(client, std::move(streams));
  attached.on_event = [&](const Json& event) {
    if (auto found = event.find("started"); found != event.end())
      exec_id = json::string_at(*found, "exec_id").value_or("");
  };
  attached.on_interrupt = [&](int signal) {
    if (exec_id.empty()) throw Error("", 130);
    pass_on(invocation.paths, exec_id, signal);
  };
  return static_cast<int>(json::int_at(attached.wait(), "exit_code").value_or(0));
}

int with_pipes(const Invocation& invocation, const Json& params) {
  sys::Pipe input = sys::pipe2(), output = sys::pipe2(), errors = sys::pipe2();
  Client client = Client::connect(invocation.paths);
  client.send("exec", params, {input.reader, output.writer, errors.writer});
  input.reader.reset();
  output.writer.reset();
  errors.writer.reset();
  return finish(invocation, client,
                {std::move(input.writer), std::move(output.reader), std::move(errors.reader), {}},
                "");
}

int with_terminal(const Invocation& invocation, const Json& params) {
  Client client = Client::connect(invocation.paths);
  client.send("exec", params);
  while (auto message = client.receive()) {
    if (auto result = client.result_in(*message))
      return static_cast<int>(json::int_at(*result, "exit_code").value_or(0));
    std::vector<UniqueFd> fds = client.take_fds();
    if (fds.empty()) continue;
    std::string exec_id = message->at("event").at("started").at("exec_id").get<std::string>();
    RawTerminal raw{FdRef(STDIN_FILENO)};
    return finish(invocation, client, {{}, {}, {}, std::move(fds[0])}, exec_id);
  }
  throw Error("the server ended before the process was started");
}

int run(const Invocation& invocation) {
  ContainerInfo container = running_container(invocation, invocation.words()[0]);
  bool terminal = wants_terminal(invocation.arguments);
  Json params = exec_params(invocation, container, terminal);
  if (invocation.arguments.on("detach")) {
    Client::connect(invocation.paths).call("exec", params);
    return 0;
  }
  return terminal ? with_terminal(invocation, params) : with_pipes(invocation, params);
}

}  // namespace

extern const Command exec_command{.name = "exec",
                                  .usage = "[OPTIONS] SERVICE COMMAND [ARGS...]",
                                  .summary = "Run a command in a running container",
                                  .flags = flags,
                                  .min_words = 2,
                                  .words = Words::end_the_flags,
                                  .run = run};

}  // namespace estiba::orchestrator
