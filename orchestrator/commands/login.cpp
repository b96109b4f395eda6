// login: keeps a name and a password for a registry, once the registry has taken them.
#include "imgmgr/registry/login.hpp"

#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "base/error.hpp"
#include "base/scope_exit.hpp"
#include "imgmgr/registry/credentials.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'u', "username", Takes::value, "NAME", "The name"},
    {'p', "password", Takes::value, "PASSWORD", "The password; others may see it in `ps`"},
    {0, "password-stdin", Takes::nothing, "", "Read the password from standard input"},
};

std::string read_line() {
  std::string line;
  if (!std::getline(std::cin, line))
    throw Error("standard input ended before the login was complete");
  while (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string ask(const std::string& question) {
  if (!ui::is_terminal(FdRef(STDIN_FILENO)))
    throw Error("there is no terminal to ask on; use --username and --password-stdin");
  print_aside(cat(question, ": "));
  return read_line();
}

std::string ask_without_echo(const std::string& question) {
  termios before{};
  bool terminal = ::tcgetattr(STDIN_FILENO, &before) == 0;
  ScopeExit restore([&] {
    if (terminal) ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
  });
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (terminal) ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  std::string answer = ask(question);
  print_aside("\n");
  return answer;
}

img::Credentials credentials_of(const Arguments& arguments) {
  bool from_input = arguments.on("password-stdin");
  if (from_input && arguments.given("password"))
    throw Error("--password and --password-stdin are incompatible");
  auto user = arguments.value("username");
  if (from_input && !user) throw Error("--password-stdin needs --username");
  img::Credentials out;
  out.user = user ? *user : ask("Username");
  if (from_input)
    out.password = read_line();
  else
    out.password = arguments.given("password") ? arguments.value_or("password", "")
                                               : ask_without_echo("Password");
  if (out.user.empty() || out.password.empty()) throw Error("a login needs a name and a password");
  if (out.user.find(':') != out.user.npos) throw Error("a name cannot hold a colon");
  return out;
}

int run(const Invocation& invocation) {
  std::string host = img::login_host(invocation.words().empty() ? "" : invocation.words()[0]);
  img::Credentials credentials = credentials_of(invocation.arguments);
  if (invocation.arguments.given("password"))
    print_warning("A password among the arguments is not safe; use --password-stdin");
  with_context([&] { img::check_login(host, credentials, {}); }, "login to ", host, " failed");
  img::CredentialStore store;
  bool plain = store.keeps_plain_text(host);
  store.put(host, credentials);
  if (plain)
    print_warning(cat("The password is kept unencrypted in ", store.path(),
                      "; a credential helper (credsStore there) avoids that"));
  print("Login Succeeded\n");
  return 0;
}

}  // namespace

extern const Command login_command{.name = "login",
                                   .usage = "[OPTIONS] [SERVER]",
                                   .summary = "Log in to a registry",
                                   .flags = flags,
                                   .max_words = 1,
                                   .section = Section::host,
                                   .privilege = Privilege::none,
                                   .run = run};

}  // namespace estiba::orchestrator
