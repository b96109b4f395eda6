// From a prepared process to the command: what start, exec and init have in common at the end.
#pragma once
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "runtime/launch/request.hpp"
#include "runtime/security/credentials.hpp"

namespace estiba::runtime {

/// execve(2) with a PATH search in `env`. Returns only by throwing an Error with exit code 127
/// (there is no such command) or 126 (it cannot be run), worded as Docker's.
[[noreturn]] void execute(const std::vector<std::string>& args,
                          const std::vector<std::string>& env);
/// execveat(2) of the descriptor's file.
[[noreturn]] void execute_fd(FdRef program, const std::vector<std::string>& args,
                             const std::vector<std::string>& env);

std::vector<std::string> current_environment();

/// Account lookups in the container's own files; the caller is already inside its root.
Identity identity_inside(const ProcessSetup& process);
/// HOME, which Docker takes from passwd when the environment has none.
void add_home(std::vector<std::string>& env, const Identity& identity);
/// Makes the directory if needed and enters it; an Error if that leads out of the root.
void enter_directory(const std::string& cwd);
/// Dispositions, mask and umask as a fresh process has them. For who was started from outside; its
/// children only have to undo what it did itself.
void reset_signals();
void reset_signal_mask_and_umask();
void apply_rlimits(const std::vector<RlimitSetup>& rlimits);
/// A new session keyring, so that no key of ours is possessed.
void join_new_keyring();
/// Credentials, no_new_privs, capabilities and seccomp, in the order in which each still has the
/// rights that it needs. Afterwards only execute() is left.
void confine(const ProcessSetup& process, const Identity& identity);

}  // namespace estiba::runtime
