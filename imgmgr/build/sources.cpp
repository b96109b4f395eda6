#include "imgmgr/build/sources.hpp"

#include <fcntl.h>

#include "base/error.hpp"
#include "base/node.hpp"
#include "base/overlay.hpp"
#include "base/sys.hpp"

namespace estiba::img::build {

SourceTree open_source(Engine& engine, const std::string& from, size_t asking) {
  if (from.empty()) {
    const std::string& dir = engine.options().context_dir;
    if (dir.empty()) throw Error("this build has no context to take files from");
    return {sys::open(dir, O_RDONLY | O_DIRECTORY), engine.ignore(), Owners::reset};
  }
  if (auto dir = engine.context_directory(from)) {
    auto text = read_dockerignore(fs::join(*dir, ".dockerignore"));
    return {sys::open(*dir, O_RDONLY | O_DIRECTORY), IgnoreRules::parse(text.value_or("")),
            Owners::reset};
  }
  StageState state = engine.source_state(from, asking);
  return {overlay_view(engine.lower(state)), {}, Owners::kept};
}

// Whoever writes to the context may have put a FIFO there, which would be waited for.
std::optional<std::string> read_dockerignore(const std::string& path) {
  UniqueFd held;
  try {
    held = sys::open(path, O_PATH);
  } catch (const Error& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return std::nullopt;
    throw;
  }
  return fs::read_all(node::open_file(held, node::Use::read, path), path);
}

}  // namespace estiba::img::build
