// What most commands do with the server: ask what exists, and have something done while its
// progress is shown.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "orchestrator/cli/container_info.hpp"
#include "orchestrator/client.hpp"
#include "orchestrator/commands/command.hpp"
#include "orchestrator/ui/progress.hpp"

namespace estiba::orchestrator {

/// What a question is about. A server is started for it only if there is some of that.
enum class About { containers, everything };
/// A connection for asking: nothing if no server runs and there is nothing it could tell.
std::optional<Client> connect_to_ask(const Paths& paths, About about);
/// Every container of the project, by name; of all projects if the name is empty.
std::vector<ContainerInfo> containers_of(const Paths& paths, const std::string& project);
/// Ids of the images that containers were made from or have mounted.
std::vector<std::string> images_in_use(const Paths& paths);

ui::ProgressStyle progress_style(const Invocation& invocation, const std::string& title);
/// Calls, draws progress events, and returns when what ended with the call has ended.
Json call_with_progress(const Invocation& invocation, const std::string& method,
                        const Json& params);
/// Draws one event of a call; false if it is not about progress.
bool show_progress(ui::Progress& progress, const Json& event);

/// The containers of the named services, or all if none is named; one-offs only if `one_offs`.
enum class OneOffs { left_out, included };
std::vector<ContainerInfo> select(std::vector<ContainerInfo> all,
                                  const std::vector<std::string>& services, OneOffs one_offs);
/// An Error if a service is neither in the containers' labels nor in the project's file.
void check_targets(const Invocation& invocation, const std::vector<ContainerInfo>& containers,
                   const std::vector<std::string>& targets);
/// The running container that --index, or the lowest number, means. An Error if there is none.
ContainerInfo running_container(const Invocation& invocation, const std::string& service);

/// {"project", "targets"} and, where given, "timeout": what stop, start and others send.
Json project_params(const std::string& project, const std::vector<std::string>& targets);
void add_timeout(Json& params, const Arguments& arguments);

/// A project and its containers, after the named services were checked.
struct Chosen {
  std::string project;
  std::vector<ContainerInfo> containers;  ///< of the named services, without one-offs
};
Chosen chosen_containers(const Invocation& invocation);
/// `method` for the services named, with progress, unless there is no container at all.
void act_on_services(const Invocation& invocation, const std::string& method, const Json& more);
void act_on_services(const Invocation& invocation, const std::string& method);
/// `KEY` without a value takes it from our environment, as Docker has it.
std::vector<std::string> with_values(const std::vector<std::string>& variables);
/// "KEY=VALUE" and "KEY" as flags have them.
std::map<std::string, std::string> key_values(const std::vector<std::string>& pairs);
/// Calls a method for each word and prints it; one that fails is told of, and the others go on.
int remove_by_name(const Invocation& invocation, const std::string& method);

}  // namespace estiba::orchestrator
