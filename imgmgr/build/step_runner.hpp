// What runs a RUN step. The builder prepares everything as directories and files; the
// implementation (the orchestrator's, over the runtime) mounts the overlay, runs the command in a
// container with the default confinement, and unmounts. Called from several threads at once.
#pragma once
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace estiba::img::build {

struct StepBind {
  std::string source;  ///< a directory or file on the host
  std::string target;
  bool readonly = true;
};
struct StepTmpfs {
  std::string target;
  int64_t size = 0;  ///< bytes; 0: the kernel's default
};
/// Content that must not reach a disk: a secret.
struct StepFile {
  std::string target;
  std::string content;
  uint32_t uid = 0, gid = 0, mode = 0400;
};
using StepMount = std::variant<StepBind, StepTmpfs, StepFile>;

/// `automatic`: with a way out, as a container on a default network.
enum class StepNetwork { automatic, none, host };

/// As getrlimit(2) has it: "nofile".
struct StepLimit {
  std::string name;
  int64_t soft = 0, hard = 0;  ///< -1: no limit
};

struct StepRequest {
  std::vector<std::string> lower;  ///< topmost first, never empty
  std::string upper, work;         ///< for overlay; upper becomes the layer
  std::vector<std::string> argv;
  std::vector<std::string> env;   ///< "NAME=value"
  std::string cwd;                ///< exists in the image
  std::string user;               ///< as in ContainerSpec: "", "name", "uid:gid"
  std::vector<StepMount> mounts;  ///< parents before children
  StepNetwork network = StepNetwork::automatic;
  bool privileged = false;               ///< RUN --security=insecure, which the user has allowed
  std::vector<std::string> extra_hosts;  ///< "name:address"
  int64_t shm_size = 0;                  ///< 0: the default
  std::vector<StepLimit> limits;
  int64_t memory = 0;    ///< bytes; 0: no limit
  std::stop_token stop;  ///< the build is given up: end the command
};

class StepRunner {
 public:
  virtual ~StepRunner() = default;
  /// Runs to the command's end and returns its exit status (128 + N for signal N). `output` hears
  /// standard output and error as they come. An Error: the command could not be started.
  virtual int run(const StepRequest& request,
                  const std::function<void(std::string_view)>& output) = 0;
};

}  // namespace estiba::img::build
