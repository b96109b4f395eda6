// The small static executable that estiba embeds: anchor, keeper, and PID 1 of containers with
// `init: true`. Started by nobody but ourselves, so its arguments are positions.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "runtime/keeper/anchor.hpp"
#include "runtime/keeper/init.hpp"
#include "runtime/keeper/keeper.hpp"

namespace {

using namespace estiba;

int dispatch(const std::vector<std::string>& args) {
  constexpr size_t init_prefix = 4, supervisor_count = 5;
  if (args.size() > init_prefix && args[1] == "init")
    return runtime::run_init(std::atoi(args[2].c_str()), {args.begin() + init_prefix, args.end()});
  if (args.size() == supervisor_count) {
    runtime::KeeperConfig config{{args[2]}, args[3], args[4]};
    if (args[1] == "anchor") return runtime::run_anchor(config);
    if (args[1] == "keeper") return runtime::run_keeper(config);
  }
  throw Error("usage: estiba-keeper anchor|keeper RUN_DIR STATE_DIR SERVER | init FD -- COMMAND");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch({argv, argv + argc});
  } catch (const std::exception& error) {
    std::string line = cat("estiba-keeper: ", error.what(), "\n");
    (void)!::write(2, line.data(), line.size());
    return 125;
  }
}
