// image inspect: what an image is and how it runs, in the keys that Docker uses.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/formatted.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'f', "format", Takes::value, "FORM", "json or a Go template"},
};

Json null_if_empty(const std::vector<std::string>& list) {
  return list.empty() ? Json(nullptr) : Json(list);
}

Json set_of(const std::vector<std::string>& names) {
  Json set = Json::object();
  for (const std::string& name : names) set[name] = Json::object();
  return set;
}

Json config_of(const img::ImageConfig& config) {
  Json out{{"User", config.user},
           {"ExposedPorts", set_of(config.exposed_ports)},
           {"Env", config.env},
           {"Cmd", null_if_empty(config.cmd)},
           {"Volumes", set_of(config.volumes)},
           {"WorkingDir", config.working_dir},
           {"Entrypoint", null_if_empty(config.entrypoint)},
           {"Labels", config.labels},
           {"StopSignal", config.stop_signal}};
  if (config.healthcheck)
    out["Healthcheck"] = {{"Test", config.healthcheck->test},
                          {"Interval", config.healthcheck->interval.count()},
                          {"Timeout", config.healthcheck->timeout.count()},
                          {"StartPeriod", config.healthcheck->start_period.count()},
                          {"Retries", config.healthcheck->retries}};
  return out;
}

Json row_of(const img::ImageRecord& image) {
  std::vector<std::string> tags;
  for (const std::string& reference : image.references)
    if (auto parsed = img::Reference::parse(reference)) tags.push_back(parsed->familiar());
  std::vector<std::string> digests;
  for (const std::string& reference : image.digests)
    if (auto parsed = img::Reference::parse(reference)) digests.push_back(parsed->familiar());
  return {{"Id", image.id},
          {"RepoTags", tags},
          {"RepoDigests", digests},
          {"Created", image.config.created},
          {"Author", image.config.author},
          {"Config", config_of(image.config)},
          {"Architecture", image.config.architecture},
          {"Os", image.config.os},
          {"Size", image.size},
          {"RootFS", {{"Type", "layers"}, {"Layers", image.diff_ids}}}};
}

int run(const Invocation& invocation) {
  img::Images store(invocation.paths.root);
  std::vector<Json> rows;
  for (const std::string& name : invocation.words()) {
    auto image = store.find(name);
    if (!image) throw Error(cat("no such image: ", name));
    rows.push_back(row_of(*image));
  }
  if (auto format = invocation.arguments.value("format"))
    print(ui::formatted(*format, rows));
  else
    print(json::dump(rows, 4) + "\n");
  return 0;
}

}  // namespace

extern const Command image_inspect_command{.name = "image inspect",
                                           .usage = "[OPTIONS] NAME...",
                                           .summary = "Show what images are",
                                           .flags = flags,
                                           .min_words = 1,
                                           .section = Section::host,
                                           .run = run};

}  // namespace estiba::orchestrator
