#include "orchestrator/lower_image.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "imgmgr/build/config_instruction.hpp"
#include "orchestrator/lower.hpp"

namespace estiba::orchestrator {
namespace {

constexpr std::string_view compose_label = "com.docker.compose.";

// The service's variables come first. One without a value is in no container.
std::vector<std::string> variables(const spec::Service& service, const img::ImageConfig& image) {
  std::vector<std::string> env;
  for (const auto& [name, value] : service.environment)
    if (value) env.push_back(cat(name, "=", *value));
  for (const std::string& entry : image.env)
    if (!service.environment.contains(entry.substr(0, entry.find('=')))) env.push_back(entry);
  return env;
}

std::vector<std::string> exposed(const spec::Service& service, const img::ImageConfig& image) {
  img::ImageConfig config = image;
  img::build::Expose expose{service.expose};
  for (const spec::Port& port : service.ports)
    expose.ports.push_back(cat(std::to_string(port.target), "/", port.protocol));
  auto cmd = img::build::CmdOrigin::inherited;
  img::build::apply(expose, config, cmd);
  return config.exposed_ports;
}

std::optional<img::ImageHealthcheck> healthcheck(const spec::Service& service,
                                                 const img::ImageConfig& image) {
  if (!service.healthcheck) return image.healthcheck;
  const spec::Healthcheck& own = *service.healthcheck;
  if (own.disable) return img::ImageHealthcheck{.test = {"NONE"}};
  img::ImageHealthcheck check = image.healthcheck.value_or(img::ImageHealthcheck{});
  if (!own.test.empty()) check.test = own.test;
  check.interval = own.interval.value_or(check.interval);
  check.timeout = own.timeout.value_or(check.timeout);
  check.start_period = own.start_period.value_or(check.start_period);
  check.start_interval = own.start_interval.value_or(check.start_interval);
  check.retries = own.retries.value_or(check.retries);
  return check;
}

std::map<std::string, std::string> labels(const spec::Service& service,
                                          const img::ImageConfig& image) {
  std::map<std::string, std::string> all = image.labels;
  for (const auto& [name, value] : service.labels) all[name] = value;
  std::erase_if(all, [](const auto& entry) { return entry.first.starts_with(compose_label); });
  return all;
}

}  // namespace

img::ImageConfig container_config(const spec::Service& service, const img::ImageConfig& image) {
  img::ImageConfig out = image;
  out.author.clear();
  out.onbuild.clear();
  out.shell.clear();
  out.env = variables(service, image);
  out.exposed_ports = exposed(service, image);
  out.healthcheck = healthcheck(service, image);
  out.labels = labels(service, image);
  if (!service.user.empty()) out.user = service.user;
  if (!service.working_dir.empty()) out.working_dir = service.working_dir;
  if (!service.stop_signal.empty()) out.stop_signal = service.stop_signal;
  MergedCommand merged = merged_command(service, image);
  out.entrypoint = std::move(merged.entrypoint);
  out.cmd = std::move(merged.command);
  return out;
}

}  // namespace estiba::orchestrator
