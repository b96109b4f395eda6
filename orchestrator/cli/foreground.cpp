#include "orchestrator/cli/foreground.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/up_request.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

LogStyle log_style(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  std::string ansi =
      invocation.globals.value_or("ansi", environment_value("COMPOSE_ANSI").value_or("auto"));
  LogStyle style;
  style.prefix = !arguments.on("no-log-prefix");
  style.colours = !arguments.on("no-color") && ui::colours_for(FdRef(STDOUT_FILENO), ansi);
  style.timestamps = arguments.on("timestamps");
  style.separate_errors = true;
  return style;
}

void include_dependencies(const spec::Project& project, std::set<std::string>& services) {
  std::vector<std::string> open(services.begin(), services.end());
  while (!open.empty()) {
    std::string name = open.back();
    open.pop_back();
    auto found = project.services.find(name);
    if (found == project.services.end()) continue;
    for (const auto& [dependency, how] : found->second.depends_on)
      if (services.insert(dependency).second) open.push_back(dependency);
  }
}

std::string text_at(const Json& object, const char* key) {
  return json::string_at(object, key).value_or("");
}

// That containers start, and what they wait for before, the logs tell: progress is what was made.
bool of_a_start(const Json& event) {
  auto progress = event.find("progress");
  if (progress == event.end()) return false;
  static const std::set<std::string> words{"Starting", "Started", "Waiting", "Healthy", "Exited"};
  return words.contains(text_at(*progress, "status")) && text_at(*progress, "state") != "error";
}

}  // namespace

std::set<std::string> attached_services(const Arguments& arguments, const spec::Project& project) {
  std::set<std::string> chosen(arguments.words.begin(), arguments.words.end());
  if (chosen.empty())
    for (const auto& [name, service] : project.services) chosen.insert(name);
  std::set<std::string> started = chosen;
  include_dependencies(project, started);
  if (auto asked = arguments.list("attach"); !asked.empty()) {
    for (const std::string& name : asked)
      if (!started.contains(name))
        throw Error(cat("cannot attach to services not included in up: ", name));
    return {asked.begin(), asked.end()};
  }
  if (arguments.on("attach-dependencies")) chosen = started;
  std::erase_if(chosen, [&](const std::string& name) {
    auto found = project.services.find(name);
    return found != project.services.end() && !found->second.attach;
  });
  for (const std::string& name : arguments.list("no-attach")) {
    if (!started.contains(name))
      throw Error(cat("cannot detach from services not included in up: ", name));
    chosen.erase(name);
  }
  return chosen;
}

std::vector<std::string> expected_names(const spec::Project& project,
                                        const std::set<std::string>& attached,
                                        const std::map<std::string, int64_t>& scales) {
  std::vector<std::string> names;
  for (const auto& [name, service] : project.services) {
    if (!attached.contains(name)) continue;
    auto scaled = scales.find(name);
    int64_t count = scaled == scales.end() ? service.replicas : scaled->second;
    for (int64_t i = 1; i <= count; ++i)
      names.push_back(service.container_name.empty() ? cat(name, "-", std::to_string(i))
                                                     : service.container_name);
  }
  return names;
}

Foreground::Foreground(const Invocation& invocation, const spec::Project& project, Json params)
    : invocation_(invocation),
      project_name_(project.name),
      params_(std::move(params)),
      attached_(attached_services(invocation.arguments, project)),
      scales_(parse_scales(invocation.arguments.list("scale"), "invalid --scale option")),
      expected_(expected_names(project, attached_, scales_)),
      exit_code_from_(invocation.arguments.value_or("exit-code-from", "")),
      printer_(log_style(invocation)),
      follower_([this](const std::string& name, const LogLine& line) {
        // From the first line on the screen belongs to the logs.
        if (progress_->redraws()) progress_->finish();
        printer_.print(name, line);
      }),
      begun_at_(format_rfc3339(wall_now())),
      progress_(ui::make_progress(progress_style(invocation, "up"))) {
  if (!exit_code_from_.empty()) check_services({exit_code_from_}, service_names(project));
  if (invocation.arguments.on("abort-on-container-exit") || !exit_code_from_.empty())
    abort_ = Abort::on_exit;
  if (invocation.arguments.on("abort-on-container-failure")) abort_ = Abort::on_failure;
}

void Foreground::say(const std::string& sentence) {
  if (progress_->redraws()) progress_->finish();
  printer_.say(sentence);
}

void Foreground::announce() {
  if (std::exchange(announced_, true) || expected_.empty()) return;
  say(cat("Attaching to ", text::join(expected_, ", ")));
}

int Foreground::run() {
  interrupts::install();
  follower_.watch();
  // The order matters: events are asked for before anything can happen.
  events_ = Client::connect(invocation_.paths);
  events_->send("events", {{"project", project_name_}});
  up_ = Client::connect(invocation_.paths);
  params_["options"]["describe"] = true;
  up_->send("up", params_);
  for (const std::string& name : expected_) printer_.announce(name);
  while (!over()) step();
  drain();
  events_.reset();
  return exit_code_.value_or(0);
}

bool Foreground::over() const {
  if (stopping_) return !stop_.has_value();
  return up_done_ && std::none_of(containers_.begin(), containers_.end(),
                                  [](const auto& entry) { return entry.second.alive; });
}

void Foreground::step() {
  pollfd all[] = {
      {up_ ? up_->fd().get() : -1, POLLIN, 0},     {events_->fd().get(), POLLIN, 0},
      {stop_ ? stop_->fd().get() : -1, POLLIN, 0}, {follower_.fd().get(), POLLIN, 0},
      {interrupts::fd().get(), POLLIN, 0},
  };
  bool waiting =
      (up_ && up_->has_message()) || events_->has_message() || (stop_ && stop_->has_message());
  // The timers of a progress block go on while a call is under way.
  int timeout = waiting ? 0 : (up_ || stop_) ? 100 : -1;
  if (::poll(all, std::size(all), timeout) < 0 && errno != EINTR)
    throw Error("poll", "up", Errno{errno});
  if (all[4].revents) on_interrupt(interrupts::take());
  if (all[3].revents) follower_.read_changed();
  printer_.flush();
  if (all[1].revents || events_->has_message()) {
    auto message = events_->receive();
    if (!message) throw Error("the server ended; the containers go on: see \"estiba ps\"");
    events_->result_in(*message);
    if (message->contains("event") && message->at("event").contains("container"))
      on_container(message->at("event").at("container"));
  }
  if (up_ && (all[0].revents || up_->has_message())) {
    auto message = up_->receive();
    if (!message) throw Error("the server ended before it answered; run \"estiba up\" again");
    on_up(*message);
  }
  if (stop_ && (all[2].revents || stop_->has_message())) {
    auto message = stop_->receive();
    if (message)
      on_stop(*message);
    else
      stop_.reset();
  }
  progress_->tick();
}

void Foreground::on_up(const Json& message) {
  auto result = up_->result_in(message);
  if (!result) {
    if (message.contains("event") && !of_a_start(message.at("event")))
      show_progress(*progress_, message.at("event"));
    return;
  }
  progress_->finish();
  announce();
  up_.reset();
  up_done_ = true;
  // What the events did not tell: containers that were running all the time, or had ended already.
  for (const ContainerInfo& container : containers_from_json(*result)) {
    if (container.one_off || containers_.contains(container.id)) continue;
    follow(container.id, {short_name(container), container.service});
    if (!container.running()) on_exit(container.id, container.exit_code);
  }
}

void Foreground::on_stop(const Json& message) {
  auto result = stop_->result_in(message);
  if (!result) {
    if (message.contains("event")) show_progress(*progress_, message.at("event"));
    return;
  }
  progress_->finish();
  stop_.reset();
}

void Foreground::follow(const std::string& id, const Tracked& container) {
  auto [found, added] = containers_.emplace(id, container);
  found->second.alive = true;
  if (!attached_.contains(container.service)) return;
  LogFilter filter;
  filter.since = begun_at_;
  follower_.add(id, container.name, invocation_.paths.log(id), filter);
}

void Foreground::on_container(const Json& event) {
  if (text_at(event, "project") != project_name_) return;
  std::string action = text_at(event, "action");
  std::string id = text_at(event, "id");
  ContainerInfo named;
  named.project = project_name_;
  named.name = text_at(event, "name");
  named.service = text_at(event, "service");
  bool of_run = named.name.starts_with(cat(project_name_, "-", named.service, "-run-"));
  if (action == "start" && !of_run) {
    announce();
    follow(id, {short_name(named), named.service});
  }
  if (action == "die" && containers_.contains(id))
    on_exit(id, static_cast<int>(json::int_at(event, "exit_code").value_or(0)));
}

bool Foreground::will_restart(const std::string& id) {
  auto client = Client::connect_if_running(invocation_.paths);
  if (!client) return false;
  Json result = client->call("ps", {{"project", project_name_}});
  for (const ContainerInfo& container : containers_from_json(result))
    if (container.id == id) return container.running();
  return false;
}

void Foreground::on_exit(const std::string& id, int code) {
  Tracked& container = containers_.at(id);
  bool restarts = !stopping_ && will_restart(id);
  container.alive = restarts;
  follower_.finish(id);
  printer_.flush();
  if (attached_.contains(container.service))
    say(cat(container.name, " exited with code ", std::to_string(code),
            restarts ? " (restarting)" : ""));
  if (container.service == exit_code_from_ && !exit_code_) exit_code_ = code;
  if (restarts || stopping_) return;
  bool aborts = abort_ == Abort::on_exit || (abort_ == Abort::on_failure && code != 0);
  if (!aborts) return;
  // With --exit-code-from it is that service's end alone that counts.
  if (exit_code_from_.empty()) exit_code_ = code;
  print_aside("Aborting on container exit...\n");
  stop_all("stop");
}

void Foreground::on_interrupt(int count) {
  if (count <= interrupts_handled_) return;
  interrupts_handled_ = count;
  if (count == 1) {
    exit_code_ = 130;
    print_aside("Gracefully Stopping... press Ctrl+C again to force\n");
    stop_all("stop");
    return;
  }
  if (count > 2) throw Error("", 130);
  stop_all("kill");
}

void Foreground::stop_all(const std::string& method) {
  progress_->finish();
  up_.reset();
  stopping_ = true;
  // One line a change: a block that is redrawn does not go together with the last log lines.
  ui::ProgressStyle style = progress_style(invocation_, method);
  if (style.kind == ui::ProgressKind::tty) style.kind = ui::ProgressKind::plain;
  progress_ = ui::make_progress(style);
  Json params = project_params(project_name_, {});
  if (method == "stop") add_timeout(params, invocation_.arguments);
  stop_ = Client::connect(invocation_.paths);
  stop_->send(method, params);
}

void Foreground::drain() {
  // Ends that came while the stop was answered.
  pollfd more{events_->fd().get(), POLLIN, 0};
  while (events_->has_message() || ::poll(&more, 1, 0) > 0) {
    auto message = events_->receive();
    if (!message) break;
    if (message->contains("event") && message->at("event").contains("container"))
      on_container(message->at("event").at("container"));
  }
  for (const ContainerInfo& now : containers_of(invocation_.paths, project_name_)) {
    auto found = containers_.find(now.id);
    if (found != containers_.end() && found->second.alive && !now.running())
      on_exit(now.id, now.exit_code);
  }
  for (const auto& [id, container] : containers_) follower_.finish(id);
  printer_.flush();
}

}  // namespace estiba::orchestrator
