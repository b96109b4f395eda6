#include "imgmgr/build/builder.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "imgmgr/build/engine.hpp"
#include "imgmgr/build/program.hpp"
#include "imgmgr/build_cache.hpp"
#include "imgmgr/images.hpp"
#include "imgmgr/import.hpp"
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
  return options.dockerfile.empty() ? fs::join(options.context_dir, "Dockerfile")
                                    : options.dockerfile;
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
    text = fs::read_if_exists(cat(dockerfile_path(options), ".dockerignore"));
  if (!text && !options.context_dir.empty())
    text = fs::read_if_exists(fs::join(options.context_dir, ".dockerignore"));
  return build::IgnoreRules::parse(text.value_or(""));
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

build::Program parse(const std::string& text, const BuildOptions& options) {
  try {
    return build::parse_program(text);
  } catch (const build::SyntaxError& error) {
    std::string line = std::to_string(error.line());
    std::string name =
        options.dockerfile_text ? "Dockerfile" : fs::base_name(dockerfile_path(options));
    throw Error(cat(name, ":", line, ": ", error.message(), "\n  ", line, " | ",
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

ConfigFile describe(const build::StageState& state, const BuildOptions& options) {
  ConfigFile file{state.config, state.diff_ids, state.history};
  for (const auto& [name, value] : options.labels) file.config.labels[name] = value;
  file.config.architecture = host_architecture();
  file.config.os = "linux";
  file.config.created = state.created.empty() ? format_rfc3339(wall_now()) : state.created;
  return file;
}

}  // namespace

Builder::Builder(std::string state_dir, build::StepRunner& runner)
    : impl_(new Impl{state_dir, Store(state_dir), Images(state_dir), runner}) {}
Builder::~Builder() = default;

std::string Builder::build(const BuildOptions& options) {
  auto tags = full_tags(options);
  build::Program program = parse(read_dockerfile(options), options);
  size_t target = build::target_stage(program, options.target);
  build::Engine engine(
      {options, program, impl_->store, impl_->images, impl_->runner, read_ignore(options)});
  build::StageState state = engine.run(target);
  engine.warn_of_unused_args();
  ConfigFile file = describe(state, options);
  auto lock = impl_->store.lock_for_writing();
  std::string id;
  for (const auto& tag : tags) id = impl_->store.add_image(file, tag);
  return id;
}

void Builder::prune_cache() {
  auto lock = impl_->store.lock_for_writing();
  BuildCache(impl_->store.path()).clear();
  fs::remove_tree(fs::join(impl_->store.path(), "build-mounts"));
  impl_->store.sweep();
}

}  // namespace estiba::img
