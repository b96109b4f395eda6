// security_opt and the other attributes by which a service says how it is confined: each is kept,
// or refused in a sentence before anything is made. None is read and then forgotten.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "compose-spec/project.hpp"

namespace estiba::orchestrator {

/// security_opt, read.
struct SecurityOptions {
  std::optional<bool> no_new_privileges;
  std::string seccomp;  ///< "": the default profile; "unconfined"; or the profile's path
  bool all_paths = false;
  std::string apparmor;             ///< a profile's name; empty: none is asked for
  std::vector<std::string> labels;  ///< SELinux's, as written, but for label=disable
};

/// An Error for an option that nobody knows, or with a value that it cannot have.
SecurityOptions security_options(const spec::Service& service);

/// Which security modules the kernel has switched on.
struct SecurityModules {
  bool apparmor = false, selinux = false;
};
const SecurityModules& security_modules();

/// An Error for what this kernel or this program cannot keep: a named AppArmor profile, SELinux
/// labels where there is SELinux, a namespace, a runtime or an isolation that nobody knows.
void refuse_unkept(const spec::Service& service, const SecurityModules& modules);
/// The same for all that a command brings up, on this kernel.
void refuse_unkept(const spec::Project& project);

/// What is asked for and means nothing here, a sentence each: SELinux labels without SELinux.
std::vector<std::string> without_effect(const spec::Service& service,
                                        const SecurityModules& modules);

}  // namespace estiba::orchestrator
