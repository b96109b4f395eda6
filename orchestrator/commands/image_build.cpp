// image build: an image from a Dockerfile and a folder, without a Compose file.
#include <unistd.h>

#include <filesystem>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/units.hpp"
#include "imgmgr/build/git_source.hpp"
#include "orchestrator/cli/build_options.hpp"
#include "orchestrator/cli/image_builds.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'t', "tag", Takes::list, "NAME", "Name the image; may be repeated"},
    {'f', "file", Takes::value, "FILE", "The Dockerfile, if it is not CONTEXT/Dockerfile"},
    {0, "build-arg", Takes::list, "NAME=VALUE", "Set a build argument; may be repeated"},
    {0, "build-context", Takes::list, "NAME=DIR", "A further folder, or docker-image://NAME"},
    {0, "label", Takes::list, "KEY=VALUE", "Set a label; may be repeated"},
    {0, "secret", Takes::list, "id=ID,src=FILE", "A file for RUN --mount=type=secret"},
    {0, "ssh", Takes::list, "AGENT", "An agent for RUN --mount=type=ssh: default or ID=SOCKET"},
    {0, "target", Takes::value, "STAGE", "Build this stage, instead of the last"},
    {0, "network", Takes::value, "MODE", "Of RUN: default, none or host"},
    {0, "add-host", Takes::list, "NAME:ADDRESS", "An entry for /etc/hosts of RUN"},
    {0, "allow", Takes::list, "WHAT", "Consent to network.host or security.insecure"},
    {0, "shm-size", Takes::value, "SIZE", "Size of /dev/shm in RUN"},
    {0, "ulimit", Takes::list, "NAME=SOFT:HARD", "A resource limit of RUN"},
    {'m', "memory", Takes::value, "SIZE", "What a RUN may use of memory at most"},
    {0, "no-cache", Takes::nothing, "", "Run every step again"},
    {0, "no-cache-filter", Takes::list, "STAGE", "Run the steps of these stages again"},
    {0, "cache-from", Takes::list, "SOURCE",
     "Take steps from a directory: type=local,src=DIRECTORY"},
    {0, "cache-to", Takes::list, "TARGET",
     "Keep the steps in a directory: type=local,dest=DIRECTORY"},
    {0, "iidfile", Takes::value, "FILE", "Write the image's id to this file"},
    {0, "progress", Takes::value, "FORM", "auto, tty, plain, json or quiet"},
    {0, "check", Takes::nothing, "", "Check the Dockerfile and build nothing"},
    {'q', "quiet", Takes::nothing, "", "Print the image's id alone"},
    {0, "platform", Takes::value, "PLATFORM", ""},
    {0, "pull", Takes::nothing, "", "Ask registries for the images that are built upon"},
    {0, "load", Takes::nothing, "", ""},
};

std::pair<std::string, std::string> assignment(const std::string& flag, const std::string& text) {
  size_t at = text.find('=');
  if (at == text.npos || at == 0) throw Error(cat("--", flag, " \"", text, "\" is not NAME=VALUE"));
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

std::string read_standard_input() {
  std::string out;
  char bytes[65536];
  while (size_t got = sys::read(FdRef(STDIN_FILENO), bytes, sizeof bytes, "standard input"))
    out.append(bytes, got);
  if (out.starts_with("\x1f\x8b") || out.find('\0') != out.npos)
    throw Error(
        "standard input is no Dockerfile; unpack the context's archive and name its folder");
  return out;
}

void set_context(img::BuildOptions& options, const std::string& context) {
  if (context == "-") return;
  bool repository = img::build::parse_git_address(context).has_value();
  if (!repository && context.find("://") != context.npos)
    throw Error(cat("the context \"", context, "\" is neither a folder nor a Git repository"));
  options.context_dir = repository ? context : absolute(context);
}

void apply_places(const Invocation& invocation, img::BuildOptions& options) {
  const Arguments& arguments = invocation.arguments;
  const std::string& context = invocation.words()[0];
  auto file = arguments.value("file");
  if (context == "-" || (file && *file == "-")) {
    options.dockerfile_text = read_standard_input();
  } else if (file && !img::build::parse_git_address(context)) {
    options.dockerfile = absolute(*file);
  } else if (file) {
    options.dockerfile = *file;
  }
  set_context(options, context);
  for (const std::string& written : arguments.list("build-context")) {
    auto [name, value] = assignment("build-context", written);
    options.contexts[name] = value.find("://") == value.npos ? absolute(value) : value;
  }
}

void apply_lists(const Arguments& arguments, img::BuildOptions& options) {
  auto environment = build_environment();
  for (const std::string& written : arguments.list("build-arg"))
    add_argument(options.build_args, written, environment);
  add_epoch(options, environment);
  for (const std::string& written : arguments.list("label")) {
    size_t at = written.find('=');
    options.labels[written.substr(0, at)] = at == written.npos ? "" : written.substr(at + 1);
  }
  for (const std::string& written : arguments.list("secret"))
    add_secret(options, written, environment);
  for (const std::string& written : arguments.list("ssh")) add_agent(options, written, environment);
  for (const std::string& written : arguments.list("add-host"))
    options.extra_hosts.push_back(host_entry(written));
  for (const std::string& what : arguments.comma_list("allow")) allow(options, what);
  for (const std::string& written : arguments.list("ulimit")) add_limit(options, written);
  options.no_cache_filter = arguments.comma_list("no-cache-filter");
  set_caches(options, {arguments.list("cache-from"), arguments.list("cache-to"),
                       std::filesystem::current_path().string()});
}

img::BuildOptions options_of(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  img::BuildOptions options;
  apply_places(invocation, options);
  apply_lists(arguments, options);
  options.tags = arguments.list("tag");
  options.target = arguments.value_or("target", "");
  options.no_cache = arguments.on("no-cache");
  options.pull_always = arguments.on("pull");
  options.platform = arguments.value_or("platform", "");
  set_network(options, arguments.value_or("network", ""));
  if (auto size = arguments.value("memory")) set_memory(options, *size);
  if (auto size = arguments.value("shm-size")) {
    auto bytes = units::parse_bytes(*size);
    if (!bytes) throw Error(cat("--shm-size \"", *size, "\" is not a size"));
    options.shm_size = *bytes;
  }
  return options;
}

int run(const Invocation& invocation) {
  bool quiet = invocation.arguments.on("quiet");
  img::BuildOptions options = options_of(invocation);
  ui::ProgressStyle style = progress_style(invocation, "build");
  if (quiet) style.kind = ui::ProgressKind::quiet;
  ImageBuilds builds(invocation, style);
  if (invocation.arguments.on("check")) return builds.check({{"", options, {}}});
  std::string id = builds.build(std::move(options));
  builds.finish();
  if (auto file = invocation.arguments.value("iidfile")) fs::write_atomic(*file, id, 0644);
  if (quiet) print(id + "\n");
  return 0;
}

}  // namespace

extern const Command image_build_command{.name = "image build",
                                         .usage = "[OPTIONS] CONTEXT",
                                         .summary = "Build an image from a Dockerfile",
                                         .flags = flags,
                                         .min_words = 1,
                                         .max_words = 1,
                                         .section = Section::host,
                                         .run = run};

}  // namespace estiba::orchestrator
