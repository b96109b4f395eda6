#include "orchestrator/cli/build_options.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "imgmgr/build/engine.hpp"
#include "imgmgr/build/git_source.hpp"

namespace estiba::orchestrator {
namespace {

using Environment = std::map<std::string, std::string>;

constexpr std::string_view service_scheme = "service:";
constexpr std::string_view image_scheme = "docker-image://";

std::pair<std::string, std::string> halves(const std::string& text, char separator) {
  size_t at = text.find(separator);
  if (at == text.npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

std::optional<std::string> variable(const Environment& environment, const std::string& name) {
  auto found = environment.find(name);
  if (found == environment.end()) return std::nullopt;
  return found->second;
}

void visit_service(const spec::Project& project, const std::string& name,
                   std::set<std::string>& seen, std::vector<std::string>& order) {
  auto found = project.services.find(name);
  if (found == project.services.end() || !found->second.build) return;
  if (!seen.insert(name).second) return;
  for (const std::string& other : built_upon(found->second))
    visit_service(project, other, seen, order);
  order.push_back(name);
}

void add_contexts(img::BuildOptions& options, const spec::Project& project,
                  const spec::Build& build) {
  for (const auto& [name, value] : build.additional_contexts) {
    if (!value.starts_with(service_scheme)) {
      options.contexts[name] = value;
      continue;
    }
    const std::string other = value.substr(service_scheme.size());
    auto service = project.services.find(other);
    if (service == project.services.end())
      throw Error(cat("additional_contexts.", name, ": there is no service \"", other, "\""));
    options.contexts[name] = cat(image_scheme, image_name(project, service->second));
  }
}

void add_secrets(img::BuildOptions& options, const spec::Project& project, const spec::Build& build,
                 const Environment& environment) {
  for (const spec::FileReference& use : build.secrets) {
    const spec::FileObject& object = project.secrets.at(use.source);
    img::BuildSecret& secret = options.secrets[use.target.empty() ? use.source : use.target];
    secret.file = object.file;
    secret.content = object.content;
    if (object.environment.empty()) continue;
    secret.content = variable(environment, object.environment);
    if (!secret.content)
      throw Error(cat("secrets.", use.source, ": environment variable \"", object.environment,
                      "\" is not set"));
  }
}

void set_dockerfile(img::BuildOptions& options, const spec::Build& build) {
  if (build.context.find("://") != std::string::npos &&
      !img::build::parse_git_address(build.context))
    throw Error(
        cat("build.context \"", build.context, "\" is neither a directory nor a Git repository"));
  options.context_dir = build.context;
  if (!build.dockerfile_inline.empty()) {
    options.dockerfile_text = build.dockerfile_inline;
  } else if (!build.dockerfile.empty()) {
    options.dockerfile = build.dockerfile;
  }
}

// By these Docker Compose finds the images of a project.
void add_labels(img::BuildOptions& options, const spec::Project& project,
                const spec::Service& service) {
  options.labels = service.build->labels;
  options.labels["com.docker.compose.project"] = project.name;
  options.labels["com.docker.compose.service"] = service.name;
}

void set_platform(img::BuildOptions& options, const spec::Service& service) {
  options.platform = service.platform;
  const std::vector<std::string>& platforms = service.build->platforms;
  if (!options.platform.empty() || platforms.empty()) return;
  std::string own = img::build::host_platform();
  bool has_own = std::find(platforms.begin(), platforms.end(), own) != platforms.end();
  options.platform = has_own ? own : platforms.front();
  if (platforms.size() > 1)
    options.notices.push_back(
        cat("build.platforms: built for ", options.platform, " alone, this host's"));
}

}  // namespace

std::string image_name(const spec::Project& project, const spec::Service& service) {
  if (!service.image.empty()) return service.image;
  return service.build ? cat(project.name, "-", service.name) : "";
}

std::vector<std::string> build_order(const spec::Project& project,
                                     const std::vector<std::string>& wanted) {
  std::set<std::string> seen;
  std::vector<std::string> order;
  for (const std::string& name : wanted) visit_service(project, name, seen, order);
  return order;
}

void add_epoch(img::BuildOptions& options, const Environment& environment) {
  constexpr const char* name = "SOURCE_DATE_EPOCH";
  if (auto value = variable(environment, name)) options.build_args.emplace(name, *value);
}

std::vector<std::string> built_upon(const spec::Service& service) {
  std::vector<std::string> names;
  if (!service.build) return names;
  for (const auto& [context, value] : service.build->additional_contexts)
    if (value.starts_with(service_scheme)) names.push_back(value.substr(service_scheme.size()));
  return names;
}

void add_argument(Environment& arguments, const std::string& written,
                  const Environment& environment) {
  if (written.find('=') != std::string::npos) {
    auto [name, value] = halves(written, '=');
    arguments[name] = value;
  } else if (auto value = variable(environment, written)) {
    arguments[written] = *value;
  }
}

void add_secret(img::BuildOptions& options, const std::string& written,
                const Environment& environment) {
  std::map<std::string, std::string> parts;
  for (const std::string& part : text::split(written, ',')) {
    auto [name, value] = halves(part, '=');
    parts[name] = value;
  }
  const std::string id = parts["id"];
  if (id.empty()) throw Error(cat("--secret \"", written, "\" has no id=NAME"));
  std::string file = parts["src"].empty() ? parts["source"] : parts["src"];
  std::string from = parts["env"];
  if (parts["type"] == "env" && from.empty()) from = std::exchange(file, "");
  img::BuildSecret& secret = options.secrets[id];
  // As Docker: a name alone means the variable of that name, if there is one, else the file.
  if (from.empty() && file.empty()) (environment.contains(id) ? from : file) = id;
  secret.file = file;
  if (from.empty()) return;
  secret.content = variable(environment, from);
  if (!secret.content)
    throw Error(cat("--secret ", id, ": environment variable \"", from, "\" is not set"));
}

void add_agent(img::BuildOptions& options, const std::string& written,
               const Environment& environment) {
  auto [id, socket] = halves(written, '=');
  if (socket.empty()) socket = variable(environment, "SSH_AUTH_SOCK").value_or("");
  if (socket.empty())
    throw Error(cat("ssh \"", written, "\": no agent is known; set SSH_AUTH_SOCK"));
  options.ssh[id] = socket;
}

std::string host_entry(const std::string& written) {
  size_t at = written.find_first_of("=:");
  if (at == written.npos || at == 0)
    throw Error(cat("\"", written, "\" is not NAME:ADDRESS, an entry for /etc/hosts"));
  return cat(written.substr(0, at), ":", written.substr(at + 1));
}

void allow(img::BuildOptions& options, const std::string& entitlement) {
  if (entitlement == "network.host")
    options.allow_host_network = true;
  else if (entitlement == "security.insecure")
    options.allow_insecure = true;
  else
    throw Error(cat("unknown entitlement \"", entitlement,
                    "\": there are network.host and security.insecure"));
}

void add_limit(img::BuildOptions& options, const std::string& written) {
  auto [name, values] = halves(written, '=');
  auto [soft, hard] = halves(values, ':');
  auto low = text::to_int(soft), high = text::to_int(hard.empty() ? soft : hard);
  if (name.empty() || !low || !high)
    throw Error(cat("--ulimit \"", written, "\" is not NAME=SOFT[:HARD]"));
  options.limits.push_back({name, *low, *high});
}

void set_memory(img::BuildOptions& options, const std::string& size) {
  auto bytes = units::parse_bytes(size);
  if (!bytes || *bytes < 0) throw Error(cat("--memory \"", size, "\" is not a size"));
  options.memory = *bytes;
}

void set_network(img::BuildOptions& options, const std::string& mode) {
  if (mode == "none") {
    options.network = img::build::StepNetwork::none;
  } else if (mode == "host") {
    options.network = img::build::StepNetwork::host;
    options.allow_host_network = true;
  } else if (!mode.empty() && mode != "default") {
    throw Error(cat("build network \"", mode, "\": it must be default, none or host"));
  }
}

img::BuildOptions build_options(const spec::Project& project, const spec::Service& service,
                                const Environment& environment) {
  const spec::Build& build = service.build.value();
  img::BuildOptions options;
  set_dockerfile(options, build);
  options.target = build.target;
  for (const auto& [name, value] : build.args)
    if (auto given = value ? value : variable(environment, name)) options.build_args[name] = *given;
  add_epoch(options, environment);
  add_labels(options, project, service);
  options.tags = {image_name(project, service)};
  options.tags.insert(options.tags.end(), build.tags.begin(), build.tags.end());
  options.no_cache = build.no_cache;
  options.no_cache_filter = build.no_cache_filter;
  options.pull_always = build.pull;
  add_secrets(options, project, build, environment);
  for (const std::string& agent : build.ssh) add_agent(options, agent, environment);
  add_contexts(options, project, build);
  set_platform(options, service);
  for (const auto& [name, limit] : build.ulimits)
    options.limits.push_back({name, limit.soft, limit.hard});
  set_caches(options, {build.cache_from, build.cache_to, project.working_dir});
  set_network(options, build.network);
  for (const std::string& host : build.extra_hosts) options.extra_hosts.push_back(host_entry(host));
  options.shm_size = build.shm_size;
  for (const std::string& entitlement : build.entitlements) allow(options, entitlement);
  if (build.privileged) options.allow_insecure = true;
  return options;
}

}  // namespace estiba::orchestrator
