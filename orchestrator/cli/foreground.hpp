// `up` in the foreground: the call itself, the logs of what it starts, the ends of containers, and
// Ctrl-C, all in one poll loop.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "compose-spec/project.hpp"
#include "orchestrator/cli/container_info.hpp"
#include "orchestrator/client.hpp"
#include "orchestrator/commands/command.hpp"
#include "orchestrator/logs/follower.hpp"
#include "orchestrator/logs/printer.hpp"
#include "orchestrator/ui/progress.hpp"

namespace estiba::orchestrator {

/// The services whose logs `up` shows: those named, all but some, or all.
std::set<std::string> attached_services(const Arguments& arguments, const spec::Project& project);
/// "Attaching to db-1, web-1": the containers that `up` is about to start, without the project's
/// name.
std::vector<std::string> expected_names(const spec::Project& project,
                                        const std::set<std::string>& attached,
                                        const std::map<std::string, int64_t>& scales);

class Foreground {
 public:
  Foreground(const Invocation& invocation, const spec::Project& project, Json params);
  /// Until every container has ended, or after Ctrl-C; the exit code.
  int run();

 private:
  enum class Abort { never, on_exit, on_failure };
  struct Tracked {
    std::string name, service;
    bool alive = true;
  };

  void say(const std::string& sentence);
  void announce();
  void step();
  void on_up(const Json& message);
  void on_container(const Json& event);
  void on_stop(const Json& message);
  void on_interrupt(int count);
  void follow(const std::string& id, const Tracked& container);
  void on_exit(const std::string& id, int code);
  bool will_restart(const std::string& id);
  void stop_all(const std::string& method);
  void drain();
  bool over() const;

  const Invocation& invocation_;
  std::string project_name_;
  Json params_;
  std::set<std::string> attached_;
  std::map<std::string, int64_t> scales_;
  std::vector<std::string> expected_;
  Abort abort_ = Abort::never;
  std::string exit_code_from_;

  LogPrinter printer_;
  LogFollower follower_;
  std::string begun_at_;
  std::unique_ptr<ui::Progress> progress_;
  std::optional<Client> up_, events_, stop_;
  std::map<std::string, Tracked> containers_;
  bool announced_ = false, up_done_ = false, stopping_ = false;
  int interrupts_handled_ = 0;
  std::optional<int> exit_code_;
};

}  // namespace estiba::orchestrator
