// Everything starts here: `estiba server` is the keeper's child, all else is the command line.
#include <string>
#include <vector>

#include "orchestrator/cli/dispatch.hpp"
#include "orchestrator/server/server.hpp"

int main(int argc, char** argv) {
  using namespace estiba::orchestrator;
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (words.size() == 1 && words[0] == "server") return run_server(Paths::from_environment());
  return dispatch(words);
}
