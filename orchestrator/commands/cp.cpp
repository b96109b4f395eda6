// cp: files between a container and this host, in whichever direction.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/cli/copy.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"
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

std::vector<ContainerInfo> receivers(const Invocation& invocation, const std::string& service) {
  bool all = invocation.arguments.on("all");
  if (invocation.arguments.number("index").value_or(0) > 0)
    return {running_container(invocation, service)};
  Chosen chosen{project_name_of(invocation), {}};
  auto containers = select(containers_of(invocation.paths, chosen.project), {service},
                           all ? OneOffs::included : OneOffs::left_out);
  std::erase_if(containers, [](const ContainerInfo& each) { return each.pid == 0; });
  if (containers.empty()) return {running_container(invocation, service)};
  return containers;
}

CopyOptions options_of(const Arguments& arguments) {
  return {arguments.on("archive") ? Owners::kept : Owners::ours,
          arguments.on("follow-link") ? Links::followed : Links::copied};
}

int run(const Invocation& invocation) {
  Place from = place_of(invocation.words()[0]), to = place_of(invocation.words()[1]);
  CopyOptions options = options_of(invocation.arguments);
  if (from.path == "-" || to.path == "-")
    throw Error("tar streams are not supported by cp; use \"estiba exec -T SERVICE tar ...\"");
  if (!from.service.empty() && !to.service.empty())
    throw Error("copying between services is not supported");
  if (from.service.empty() && to.service.empty()) throw Error("unknown copy direction");
  if (!from.service.empty()) {
    FileTree source = FileTree::of_process(running_container(invocation, from.service).pid);
    copy(source, from.path, FileTree::of_host(), to.path, options);
    return 0;
  }
  for (const ContainerInfo& container : receivers(invocation, to.service))
    copy(FileTree::of_host(), from.path, FileTree::of_process(container.pid), to.path, options);
  return 0;
}

}  // namespace

extern const Command cp_command{.name = "cp",
                                .usage = "[OPTIONS] SOURCE TARGET   (one of them SERVICE:PATH)",
                                .summary = "Copy files between a container and this host",
                                .flags = flags,
                                .min_words = 2,
                                .max_words = 2,
                                .run = run};

}  // namespace estiba::orchestrator
