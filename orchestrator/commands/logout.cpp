// logout: forgets what login kept for a registry.
#include "base/error.hpp"
#include "imgmgr/registry/credentials.hpp"
#include "imgmgr/registry/login.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

int run(const Invocation& invocation) {
  std::string host = img::login_host(invocation.words().empty() ? "" : invocation.words()[0]);
  bool found = img::CredentialStore().erase(host);
  print(cat(found ? "Removing login credentials for " : "Not logged in to ", host, "\n"));
  return 0;
}

}  // namespace

extern const Command logout_command{.name = "logout",
                                    .usage = "[SERVER]",
                                    .summary = "Forget the login to a registry",
                                    .max_words = 1,
                                    .section = Section::host,
                                    .privilege = Privilege::none,
                                    .run = run};

}  // namespace estiba::orchestrator
