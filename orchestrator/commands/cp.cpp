// cp: files between a container and this host, in whichever direction.
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/copy.hpp"
#include "orchestrator/cli/one_container.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/stopped_container.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'a', "archive", Takes::nothing, "", "Keep owners"},
    {'L', "follow-link", Takes::nothing, "", "Copy what a symbolic link SOURCE points at"},
    {0, "index", Takes::value, "N", "The Nth container of the service"},
    {0, "all", Takes::nothing, "", "Into every container of the service, those of \"run\" too"},
};

struct Place {
  std::string service;  ///< empty: this host
  std::string path;
};

/// "web:/etc/hosts"; a path with a slash before the colon is one of this host.
Place place_of(const std::string& word) {
  size_t colon = word.find(':');
  bool here = colon == word.npos || colon == 0 || word.find('/') < colon || word[0] == '.';
  if (here) return {"", word};
  return {word.substr(0, colon), word.substr(colon + 1)};
}

/// Running or not, in the order of their numbers; with --index, or to copy from, one alone.
std::vector<ContainerInfo> meant_by(const Invocation& invocation, const std::string& service) {
  bool all = invocation.arguments.on("all");
  if (invocation.arguments.number("index").value_or(0) > 0)
    return {one_container(invocation, service)};
  auto containers = select(containers_of(invocation.paths, project_name_of(invocation)), {service},
                           all ? OneOffs::included : OneOffs::left_out);
  if (containers.empty()) return {one_container(invocation, service)};
  std::sort(containers.begin(), containers.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return containers;
}

/// The root of a running container, opened by the server, which alone knows that the process whose
/// root it is has not ended and left its number to another.
FileTree running_files(const Invocation& invocation, const ContainerInfo& container) {
  Client client = Client::connect(invocation.paths);
  client.call("root", {{"id", container.id}});
  std::vector<UniqueFd> fds = client.take_fds();
  if (fds.size() != 1)
    throw Error(cat("the server did not hand over the files of ", container.name));
  return FileTree::of_root(std::move(fds.front()));
}

/// Calls `use` with the container's files.
template <typename Use>
void with_files(const Invocation& invocation, const ContainerInfo& container, Access access,
                Use use) {
  if (container.pid != 0) return use(running_files(invocation, container));
  StoppedContainer stopped(invocation.paths, container, access);
  use(stopped.files());
}

CopyOptions options_of(const Arguments& arguments) {
  return {arguments.on("archive") ? Owners::kept : Owners::ours,
          arguments.on("follow-link") ? Links::followed : Links::copied};
}

int run(const Invocation& invocation) {
  Place from = place_of(invocation.words()[0]), to = place_of(invocation.words()[1]);
  CopyOptions options = options_of(invocation.arguments);
  if (!from.service.empty() && !to.service.empty())
    throw Error("copying between services is not supported");
  if (from.service.empty() && to.service.empty()) throw Error("unknown copy direction");
  if (invocation.dry_run()) return 0;
  if (!from.service.empty()) {
    ContainerInfo container = meant_by(invocation, from.service).front();
    with_files(invocation, container, Access::read, [&](const FileTree& files) {
      if (to.path == "-")
        copy_to_tar(files, from.path, options.links, FdRef(STDOUT_FILENO));
      else
        copy(files, from.path, FileTree::of_host(), to.path, options);
    });
    return 0;
  }
  std::vector<ContainerInfo> receivers = meant_by(invocation, to.service);
  if (from.path == "-" && receivers.size() > 1)
    throw Error(cat("standard input can be read once, and service \"", to.service, "\" has ",
                    std::to_string(receivers.size()), " containers: choose one with --index"));
  for (const ContainerInfo& container : receivers)
    with_files(invocation, container, Access::write, [&](const FileTree& files) {
      if (from.path == "-")
        copy_from_tar(FdRef(STDIN_FILENO), files, to.path);
      else
        copy(FileTree::of_host(), from.path, files, to.path, options);
    });
  return 0;
}

}  // namespace

extern const Command cp_command{
    .name = "cp",
    .usage = "[OPTIONS] SOURCE TARGET   (one of them SERVICE:PATH, the other may be -: a tar)",
    .summary = "Copy files between a container and this host",
    .flags = flags,
    .min_words = 2,
    .max_words = 2,
    .run = run};

}  // namespace estiba::orchestrator
