#include "imgmgr/build/builder.hpp"

#include <fcntl.h>

#include <set>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "imgmgr/build/engine.hpp"
#include "imgmgr/build/git_source.hpp"
#include "imgmgr/build/program.hpp"
#include "imgmgr/build/sources.hpp"
#include "imgmgr/build_cache.hpp"
#include "imgmgr/images.hpp"
#include "imgmgr/import.hpp"
#include "imgmgr/resolve_path.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

struct Builder::Impl {
  std::string state_dir;
  Store store;
  Images images;
  build::StepRunner& runner;
};

namespace {

std::string dockerfile_path(const BuildOptions& options) {
  return fs::join(options.context_dir,
                  options.dockerfile.empty() ? "Dockerfile" : options.dockerfile);
}

std::string read_dockerfile(const BuildOptions& options) {
  if (options.dockerfile_text) return *options.dockerfile_text;
  return with_context([&] { return fs::read_all(dockerfile_path(options)); },
                      "cannot read the Dockerfile");
}

// NAME.dockerignore beside the Dockerfile counts before the context's own.
build::IgnoreRules read_ignore(const BuildOptions& options) {
  std::optional<std::string> text;
  if (!options.dockerfile_text)
    text = build::read_dockerignore(cat(dockerfile_path(options), ".dockerignore"));
  if (!text && !options.context_dir.empty())
    text = build::read_dockerignore(fs::join(options.context_dir, ".dockerignore"));
  return with_context([&] { return build::IgnoreRules::parse(text.value_or("")); },
                      "reading .dockerignore");
}

std::string source_line(const std::string& text, int line) {
  size_t start = 0;
  for (int i = 1; i < line && start != std::string::npos; ++i) {
    start = text.find('\n', start);
    if (start != std::string::npos) ++start;
  }
  if (start == std::string::npos) return "";
  return text.substr(start, std::min(text.find('\n', start) - start, size_t{200}));
}

std::string dockerfile_name(const BuildOptions& options) {
  return options.dockerfile_text ? "Dockerfile" : fs::base_name(dockerfile_path(options));
}

build::Program parse(const std::string& text, const BuildOptions& options) {
  try {
    return build::parse_program(text);
  } catch (const build::SyntaxError& error) {
    std::string line = std::to_string(error.line());
    throw Error(cat(dockerfile_name(options), ":", line, ": ", error.message(), "\n  ", line, " | ",
                    source_line(text, error.line())));
  }
}

std::vector<std::string> full_tags(const BuildOptions& options) {
  std::vector<std::string> out;
  for (const auto& tag : options.tags) {
    auto reference = Reference::parse(tag);
    if (!reference || !reference->digest.empty())
      throw Error(cat("\"", tag, "\" is not a valid image name"));
    out.push_back(reference->full());
  }
  if (out.empty()) out.emplace_back();
  return out;
}

ConfigFile describe(const build::StageState& state, const build::Engine& engine) {
  const BuildOptions& options = engine.options();
  ConfigFile file{state.config, state.diff_ids, state.history};
  for (const auto& [name, value] : options.labels) file.config.labels[name] = value;
  // Of a base that does not say it.
  if (file.config.architecture.empty()) file.config.architecture = engine.platform().architecture;
  if (file.config.os.empty()) file.config.os = engine.platform().os;
  file.config.created = state.created.empty() ? engine.now() : state.created;
  return file;
}

std::vector<build::Finding> find(const Images& images, const std::string& text,
                                 const BuildOptions& options) {
  build::CheckContext context;
  context.target = options.target;
  context.ignore = read_ignore(options);
  context.environment = [&](const std::string& image) -> std::optional<std::vector<std::string>> {
    auto record = images.find(image);
    return record ? std::optional(record->config.env) : std::nullopt;
  };
  return build::check_dockerfile(text, context);
}

// "# check=error=true" makes mistakes of findings.
void refuse_findings(const std::string& text, const std::vector<build::Finding>& findings) {
  if (findings.empty()) return;
  if (!build::parse_check_directive(build::parse_dockerfile(text).check).error) return;
  std::set<std::string> rules;
  for (const auto& one : findings) rules.insert(one.rule);
  throw Error(cat("the Dockerfile asks for no build with findings, and there are some of ",
                  text::join(std::vector<std::string>(rules.begin(), rules.end()), ", ")));
}

// The context becomes the directory that was fetched.
void fetch_context(const build::GitAddress& address, const std::string& into,
                   BuildOptions& options) {
  build::GitFetch fetch;
  fetch.address = address;
  fetch.directory = fs::join(into, "context");
  fs::make_dirs(fetch.directory, 0755);
  auto agent = options.ssh.find("default");
  if (agent != options.ssh.end()) fetch.ssh_agent = agent->second;
  fetch.stop = options.stop;
  build::fetch_git(fetch);
  // A link of the repository's leads to what it has itself, and nowhere on this host.
  UniqueFd root = sys::open(fetch.directory, O_PATH | O_DIRECTORY);
  auto inside = [&](const std::string& written) {
    return fs::join(fetch.directory, resolve_in_root(root, written));
  };
  if (!options.dockerfile_text && !options.dockerfile.starts_with('/'))
    options.dockerfile = inside(
        cat(address.subdir, "/", options.dockerfile.empty() ? "Dockerfile" : options.dockerfile));
  options.context_dir = inside(address.subdir);
}

}  // namespace

Builder::Builder(std::string state_dir, build::StepRunner& runner)
    : impl_(new Impl{state_dir, Store(state_dir), Images(state_dir), runner}) {}
Builder::~Builder() = default;

std::string Builder::build(const BuildOptions& wanted) {
  BuildOptions options = wanted;
  std::optional<WorkDir> fetched;
  if (auto address = build::parse_git_address(options.context_dir)) {
    fetched.emplace(impl_->store.make_work_dir());
    fetch_context(*address, fetched->path(), options);
  }
  auto tags = full_tags(options);
  std::string text = read_dockerfile(options);
  build::Program program = parse(text, options);
  size_t target = build::target_stage(program, options.target);
  build::Engine engine(
      {options, program, impl_->store, impl_->images, impl_->runner, read_ignore(options)});
  for (const auto& notice : options.notices) engine.emit(BuildWarning{notice});
  auto findings = find(impl_->images, text, options);
  for (const auto& one : findings)
    engine.emit(BuildWarning{cat(dockerfile_name(options), ":", std::to_string(one.line), ": ",
                                 one.rule, ": ", one.message)});
  refuse_findings(text, findings);
  engine.open_caches();
  build::StageState state = engine.run(target);
  engine.keep_caches();
  engine.warn_of_unused_args();
  ConfigFile file = describe(state, engine);
  auto lock = impl_->store.lock_for_writing();
  std::string id;
  for (const auto& tag : tags) id = impl_->store.add_image(file, tag).text();
  return id;
}

std::vector<build::Finding> Builder::check(const BuildOptions& options) {
  std::string text = read_dockerfile(options);
  parse(text, options);
  return find(impl_->images, text, options);
}

void Builder::prune_cache() {
  auto lock = impl_->store.lock_for_writing();
  BuildCache(impl_->store.path()).clear();
  fs::remove_tree(fs::join(impl_->store.path(), "build-mounts"));
  impl_->store.sweep();
}

}  // namespace estiba::img
