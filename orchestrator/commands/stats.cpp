// stats: what the containers use, again and again.
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/process_list.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/formatted.hpp"
#include "orchestrator/ui/table.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'a', "all", Takes::nothing, "", "Containers that do not run, too"},
    {0, "format", Takes::value, "FORM", "table, json, or a Go template"},
    {0, "no-stream", Takes::nothing, "", "Once, instead of again and again"},
    {0, "no-trunc", Takes::nothing, "", "Whole ids"},
};

constexpr std::chrono::milliseconds interval{1000};

/// What /proc tells of a container's network and of its processes' reads and writes, in bytes.
struct Traffic {
  uint64_t received = 0, sent = 0, read = 0, written = 0;
};

uint64_t number_after(const std::string& text, std::string_view key) {
  size_t at = text.find(key);
  if (at == text.npos) return 0;
  size_t end = text.find('\n', at);
  return text::to_uint(text::trim(text.substr(at + key.size(), end - at - key.size()))).value_or(0);
}

// proc_pid_net(5): the first and the ninth number of an interface's line are bytes.
void add_network(Traffic& traffic, pid_t pid) {
  auto table = fs::read_if_exists(cat("/proc/", std::to_string(pid), "/net/dev"));
  for (const std::string& line : text::split(table.value_or(""), '\n')) {
    size_t colon = line.find(':');
    if (colon == line.npos || text::trim(line.substr(0, colon)) == "lo") continue;
    std::vector<std::string> numbers;
    for (const std::string& word : text::split(line.substr(colon + 1), ' '))
      if (!word.empty()) numbers.push_back(word);
    if (numbers.size() < 9) continue;
    traffic.received += text::to_uint(numbers[0]).value_or(0);
    traffic.sent += text::to_uint(numbers[8]).value_or(0);
  }
}

// A process may end while it is looked at: what it did is then not counted.
Traffic traffic_of(const ContainerInfo& container) {
  Traffic traffic, network;
  try {
    add_network(network, container.pid);
    if (is_in_container(container.pid, container.id)) traffic = network;
    for (const ProcessInfo& process : processes_of(container.id, container.pid)) {
      auto io = fs::read_if_exists(cat("/proc/", std::to_string(process.pid), "/io"));
      traffic.read += number_after(io.value_or(""), "\nread_bytes:");
      traffic.written += number_after(io.value_or(""), "\nwrite_bytes:");
    }
  } catch (const Error&) {
    return traffic;
  }
  return traffic;
}

uint64_t host_memory() {
  return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

struct Sample {
  std::chrono::steady_clock::time_point at;
  Json by_id = Json::object();
};

Sample take_sample(const Paths& paths, const std::vector<ContainerInfo>& containers) {
  std::vector<std::string> ids;
  for (const ContainerInfo& container : containers) ids.push_back(container.id);
  Sample sample{std::chrono::steady_clock::now(), Json::object()};
  if (auto client = connect_to_ask(paths, About::containers))
    sample.by_id = client->call("stats", {{"ids", ids}}).value("stats", Json::object());
  return sample;
}

uint64_t uint_at(const Json& object, const char* key) {
  return static_cast<uint64_t>(json::int_at(object, key).value_or(0));
}

std::string percent(double part, double whole) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f%%", whole > 0 ? 100 * part / whole : 0);
  return text;
}

std::string pair_of(const std::string& first, const std::string& second) {
  return cat(first, " / ", second);
}

/// Docker's keys.
Json row_of(const ContainerInfo& container, const Sample& before, const Sample& now, bool whole) {
  Json row{{"ID", whole ? container.id : container.id.substr(0, 12)},
           {"Container", container.id},
           {"Name", container.name}};
  Json figures = now.by_id.value(container.id, Json::object());
  Json earlier = before.by_id.value(container.id, figures);
  double wall = std::chrono::duration<double, std::nano>(now.at - before.at).count();
  uint64_t used = uint_at(figures, "cpu_nanoseconds"), was = uint_at(earlier, "cpu_nanoseconds");
  row["CPUPerc"] = percent(used > was ? static_cast<double>(used - was) : 0, wall);
  uint64_t memory = uint_at(figures, "memory"), limit = uint_at(figures, "memory_limit");
  if (limit == 0 && !figures.empty()) limit = host_memory();
  row["MemUsage"] = pair_of(units::human_binary_size(memory), units::human_binary_size(limit));
  row["MemPerc"] = percent(static_cast<double>(memory), static_cast<double>(limit));
  Traffic traffic = container.pid != 0 ? traffic_of(container) : Traffic{};
  row["NetIO"] =
      pair_of(units::human_size(traffic.received, 3), units::human_size(traffic.sent, 3));
  row["BlockIO"] =
      pair_of(units::human_size(traffic.read, 3), units::human_size(traffic.written, 3));
  row["PIDs"] = std::to_string(uint_at(figures, "pids"));
  return row;
}

std::string as_table(const std::vector<Json>& rows) {
  constexpr const char* keys[] = {"ID",      "Name",  "CPUPerc", "MemUsage",
                                  "MemPerc", "NetIO", "BlockIO", "PIDs"};
  std::vector<ui::Row> lines{{"CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %",
                              "NET I/O", "BLOCK I/O", "PIDS"}};
  for (const Json& row : rows) {
    ui::Row line;
    for (const char* key : keys) line.push_back(row.at(key).get<std::string>());
    lines.push_back(std::move(line));
  }
  return ui::table(lines);
}

std::vector<ContainerInfo> wanted(const Invocation& invocation) {
  std::vector<ContainerInfo> containers = chosen_containers(invocation).containers;
  if (!invocation.arguments.on("all"))
    std::erase_if(containers, [](const ContainerInfo& each) { return !each.running(); });
  return containers;
}

void show(const Invocation& invocation, const Sample& before, const Sample& now,
          const std::vector<ContainerInfo>& containers) {
  bool whole = invocation.arguments.on("no-trunc");
  std::vector<Json> rows;
  for (const ContainerInfo& each : containers) rows.push_back(row_of(each, before, now, whole));
  std::string format = invocation.arguments.value_or("format", "table");
  bool redraws = !invocation.arguments.on("no-stream") && ui::is_terminal(FdRef(STDOUT_FILENO));
  std::string text = format == "table" ? as_table(rows) : ui::formatted(format, rows);
  if (redraws) print_raw("\033[H\033[J");
  print(text);
}

int run(const Invocation& invocation) {
  interrupts::install();
  Sample before = take_sample(invocation.paths, wanted(invocation));
  do {
    // A rate wants two looks.
    pollfd interrupted{interrupts::fd().get(), POLLIN, 0};
    ::poll(&interrupted, 1, static_cast<int>(interval.count()));
    if (interrupts::take() > 0) return 0;
    std::vector<ContainerInfo> containers = wanted(invocation);
    Sample now = take_sample(invocation.paths, containers);
    show(invocation, before, now, containers);
    before = std::move(now);
  } while (!invocation.arguments.on("no-stream"));
  return 0;
}

}  // namespace

extern const Command stats_command{.name = "stats",
                                   .usage = "[OPTIONS] [SERVICE...]",
                                   .summary = "Show what containers use",
                                   .flags = flags,
                                   .run = run};

}  // namespace estiba::orchestrator
