#include "orchestrator/cli/ps_format.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "orchestrator/ui/table.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t command_columns = 20;
constexpr size_t mount_columns = 15;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + "\"";
}

std::string since(const std::string& time, WallTime now) {
  auto then = parse_rfc3339(time);
  if (!then) return "";
  return units::human_duration(now - *then);
}

std::string health_suffix(const std::string& health) {
  if (health.empty() || health == "none") return "";
  return health == "starting" ? " (health: starting)" : cat(" (", health, ")");
}

/// Neighbouring ports of one address that are the same on both sides: drawn as one range.
struct PortRun {
  std::string host_ip, protocol;
  int first = 0, last = 0;
  bool published = false;
};

std::string bracketed(const std::string& address) {
  return address.find(':') == address.npos ? address : cat("[", address, "]");
}

std::string to_text(const PortRun& run) {
  std::string range = std::to_string(run.first);
  if (run.last != run.first) range += cat("-", std::to_string(run.last));
  std::string inside = cat(range, "/", run.protocol);
  return run.published ? cat(bracketed(run.host_ip), ":", range, "->", inside) : inside;
}

void add_to_runs(std::vector<PortRun>& runs, const PublishedPort& port) {
  bool published = port.host_port != 0;
  for (PortRun& run : runs) {
    bool alike =
        run.published == published && run.host_ip == port.host_ip && run.protocol == port.protocol;
    if (alike && run.last + 1 == port.container_port) {
      run.last = port.container_port;
      return;
    }
  }
  runs.push_back(
      {port.host_ip, port.protocol, port.container_port, port.container_port, published});
}

Json publishers(const std::vector<PublishedPort>& ports) {
  Json all = Json::array();
  for (const PublishedPort& port : ports)
    all.push_back({{"URL", port.host_ip},
                   {"TargetPort", port.container_port},
                   {"PublishedPort", port.host_port},
                   {"Protocol", port.protocol}});
  return all;
}

std::string labels_text(const std::map<std::string, std::string>& labels) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels) parts.push_back(cat(key, "=", value));
  return text::join(parts, ",");
}

std::string mounts_text(const std::vector<MountInfo>& mounts, Truncate truncate) {
  std::vector<std::string> names;
  for (const MountInfo& mount : mounts) {
    if (mount.type == "tmpfs") continue;
    const std::string& name = mount.name.empty() ? mount.source : mount.name;
    names.push_back(truncate == Truncate::yes ? ui::shortened(name, mount_columns) : name);
  }
  return text::join(names, ",");
}

std::string id_text(const ContainerInfo& container, Truncate truncate) {
  return truncate == Truncate::yes ? container.id.substr(0, 12) : container.id;
}

/// "2026-11-25 11:55:09 +0000 UTC": Go's form.
std::string created_text(const std::string& time) {
  auto parsed = parse_rfc3339(time);
  if (!parsed) return "";
  std::string utc = format_rfc3339(*parsed);
  return cat(utc.substr(0, 10), " ", utc.substr(11, 8), " +0000 UTC");
}

}  // namespace

std::string ago(const std::string& time, WallTime now) {
  std::string duration = since(time, now);
  return duration.empty() ? "" : cat(duration, " ago");
}

std::string status_text(const ContainerInfo& container, WallTime now) {
  std::string code = std::to_string(container.exit_code);
  const std::string& state = container.state;
  if (state == "running")
    return cat("Up ", since(container.started_at, now), health_suffix(container.health));
  if (state == "paused") return cat("Up ", since(container.started_at, now), " (Paused)");
  if (state == "restarting")
    return cat("Restarting (", code, ") ", ago(container.finished_at, now));
  if (state == "exited") return cat("Exited (", code, ") ", ago(container.finished_at, now));
  if (state == "created") return "Created";
  if (state == "removing") return "Removal In Progress";
  return state == "dead" ? "Dead" : state;
}

std::string ports_text(const std::vector<PublishedPort>& ports) {
  std::vector<PortRun> runs;
  std::vector<std::string> mapped;
  for (const PublishedPort& port : ports) {
    if (port.host_port == 0 || port.host_port == port.container_port)
      add_to_runs(runs, port);
    else
      mapped.push_back(cat(bracketed(port.host_ip), ":", std::to_string(port.host_port), "->",
                           std::to_string(port.container_port), "/", port.protocol));
  }
  std::vector<std::string> all;
  for (const PortRun& run : runs) all.push_back(to_text(run));
  all.insert(all.end(), mapped.begin(), mapped.end());
  return text::join(all, ", ");
}

std::string command_text(const std::vector<std::string>& command, Truncate truncate) {
  std::vector<std::string> words;
  // As Docker joins the words of a command: those with a blank in quotes, whatever is in them.
  for (const std::string& word : command)
    words.push_back(word.find(' ') == word.npos ? word : cat("'", word, "'"));
  std::string line = text::join(words, " ");
  return quoted(truncate == Truncate::yes ? ui::shortened(line, command_columns) : line);
}

Json ps_json(const ContainerInfo& container, WallTime now, Truncate truncate) {
  std::vector<std::string> networks = container.networks;
  std::sort(networks.begin(), networks.end());
  auto volumes = std::count_if(container.mounts.begin(), container.mounts.end(),
                               [](const MountInfo& mount) { return mount.type == "volume"; });
  return {{"Command", command_text(container.command, truncate)},
          {"CreatedAt", created_text(container.created)},
          {"ExitCode", container.exit_code},
          {"Health", container.health == "none" ? "" : container.health},
          {"ID", id_text(container, truncate)},
          {"Image", container.image},
          {"Labels", labels_text(container.labels)},
          {"LocalVolumes", std::to_string(volumes)},
          {"Mounts", mounts_text(container.mounts, truncate)},
          {"Name", container.name},
          {"Names", container.name},
          {"Networks", text::join(networks, ",")},
          {"Pid", container.pid},
          {"Ports", ports_text(container.ports)},
          {"Project", container.project},
          {"Publishers", publishers(container.ports)},
          {"RunningFor", ago(container.created, now)},
          {"Service", container.service},
          {"Size", "0B"},
          {"State", container.state},
          {"Status", status_text(container, now)}};
}

std::string ps_table(const std::vector<ContainerInfo>& containers, WallTime now,
                     Truncate truncate) {
  std::vector<ui::Row> rows{{"NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"}};
  for (const ContainerInfo& each : containers)
    rows.push_back({each.name, each.image, command_text(each.command, truncate), each.service,
                    ago(each.created, now), status_text(each, now), ports_text(each.ports)});
  return ui::table(rows);
}

}  // namespace estiba::orchestrator
