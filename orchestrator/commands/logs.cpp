// logs: what the containers wrote, in the order of time; -f goes on until all of them have ended.
#include <poll.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/time_bound.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/logs/follower.hpp"
#include "orchestrator/logs/printer.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'f', "follow", Takes::nothing, "", "Go on with what is written from now on"},
    {'n', "tail", Takes::value, "N", "The last N lines of each container; \"all\" is the default"},
    {'t', "timestamps", Takes::nothing, "", "Times in front of lines"},
    {0, "since", Takes::value, "TIME", "From a time (2026-01-02T13:23:37Z) or an age (42m) on"},
    {0, "until", Takes::value, "TIME", "Up to a time or an age"},
    {0, "index", Takes::value, "N", "Only the Nth container of a service"},
    {0, "no-color", Takes::nothing, "", "No colours"},
    {0, "no-log-prefix", Takes::nothing, "", "No names in front of lines"},
};

LogFilter filter_of(const Arguments& arguments) {
  LogFilter filter;
  std::string tail = arguments.value_or("tail", "all");
  if (tail != "all") {
    auto count = text::to_int(tail);
    if (!count) throw Error(cat("invalid value for --tail: \"", tail, "\"; a number or \"all\""));
    if (*count >= 0) filter.tail = static_cast<uint64_t>(*count);
  }
  WallTime now = wall_now();
  if (auto since = arguments.value("since")) filter.since = time_bound("since", *since, now);
  if (auto until = arguments.value("until")) filter.until = time_bound("until", *until, now);
  return filter;
}

LogStyle style_of(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  std::string ansi = invocation.globals.value_or("ansi", "auto");
  LogStyle style;
  style.prefix = !arguments.on("no-log-prefix");
  style.timestamps = arguments.on("timestamps");
  style.colours = !arguments.on("no-color") && ui::colours_for(FdRef(STDOUT_FILENO), ansi);
  return style;
}

std::vector<ContainerInfo> chosen(const Invocation& invocation, const std::string& project) {
  auto containers = containers_of(invocation.paths, project);
  check_targets(invocation, containers, invocation.words());
  containers = select(std::move(containers), invocation.words(), OneOffs::left_out);
  auto index = invocation.arguments.number("index");
  if (!index || *index == 0) return containers;
  std::erase_if(containers, [&](const ContainerInfo& each) { return each.number != *index; });
  if (containers.empty())
    throw Error(cat("no service has a container #", std::to_string(*index), " here"));
  return containers;
}

/// What -f keeps: the connection that tells of starts and ends, and who is still alive.
class Following {
 public:
  Following(const Invocation& invocation, std::string project, LogFollower& follower,
            LogPrinter& printer)
      : invocation_(invocation),
        project_(std::move(project)),
        follower_(follower),
        printer_(printer),
        events_(Client::connect(invocation.paths)) {
    events_.send("events", {{"project", project_}});
  }

  void run(const std::vector<ContainerInfo>& containers) {
    interrupts::install();
    for (const ContainerInfo& container : containers)
      if (container.running()) alive_.insert(container.id);
    // One may have ended between the first question and the subscription.
    refresh();
    while (!alive_.empty()) step();
  }

 private:
  void step() {
    pollfd all[] = {{events_.fd().get(), POLLIN, 0},
                    {follower_.fd().get(), POLLIN, 0},
                    {interrupts::fd().get(), POLLIN, 0}};
    if (::poll(all, std::size(all), events_.has_message() ? 0 : -1) < 0 && errno != EINTR)
      throw Error("poll", "logs", Errno{errno});
    if (all[1].revents) follower_.read_changed();
    printer_.flush();
    if (all[2].revents && interrupts::take() > 0) throw Error("", 130);
    if (!all[0].revents && !events_.has_message()) return;
    auto message = events_.receive();
    if (!message)
      throw Error("the server ended; the containers go on: run \"estiba logs -f\" again");
    events_.result_in(*message);
    if (!message->contains("event")) return;
    auto container = message->at("event").find("container");
    bool concerns = container != message->at("event").end() &&
                    json::string_at(*container, "project") == project_;
    if (concerns) refresh();
  }

  /// Asks again who is there: the answer knows of restarts to come, an event does not.
  void refresh() {
    std::set<std::string> before = std::exchange(alive_, {});
    for (const ContainerInfo& container : chosen(invocation_, project_)) {
      if (container.running()) {
        alive_.insert(container.id);
        if (!follower_.has(container.id))
          follower_.add(container.id, short_name(container), container.log_path, {});
      } else if (before.contains(container.id)) {
        follower_.finish(container.id);
      }
    }
    for (const std::string& id : before)
      if (!alive_.contains(id)) follower_.finish(id);
    printer_.flush();
  }

  const Invocation& invocation_;
  std::string project_;
  LogFollower& follower_;
  LogPrinter& printer_;
  Client events_;
  std::set<std::string> alive_;
};

int run(const Invocation& invocation) {
  std::string project = project_name_of(invocation);
  std::vector<ContainerInfo> containers = chosen(invocation, project);
  LogPrinter printer(style_of(invocation));
  LogFollower follower(
      [&](const std::string& name, const LogLine& line) { printer.print(name, line); });
  LogFilter filter = filter_of(invocation.arguments);
  for (const ContainerInfo& container : containers) {
    printer.announce(short_name(container));
    follower.add(container.id, short_name(container), container.log_path, filter);
  }
  bool follows = invocation.arguments.on("follow") && !containers.empty();
  // Watched before it is read, so that nothing is written unnoticed in between.
  if (follows) follower.watch();
  follower.read_merged();
  printer.flush();
  if (follows) Following(invocation, project, follower, printer).run(containers);
  for (const ContainerInfo& container : containers) follower.finish(container.id);
  return 0;
}

}  // namespace

extern const Command logs_command{.name = "logs",
                                  .usage = "[OPTIONS] [SERVICE...]",
                                  .summary = "Show what containers wrote",
                                  .flags = flags,
                                  .run = run};

}  // namespace estiba::orchestrator
