#include "imgmgr/build/sources.hpp"

#include <fcntl.h>

#include "base/error.hpp"
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
    auto text = fs::read_if_exists(fs::join(*dir, ".dockerignore"));
    return {sys::open(*dir, O_RDONLY | O_DIRECTORY), IgnoreRules::parse(text.value_or("")),
            Owners::reset};
  }
  StageState state = engine.source_state(from, asking);
  return {overlay_view(engine.lower(state)), {}, Owners::kept};
}

}  // namespace estiba::img::build
