#include "compose-spec/consistency.hpp"

#include <map>
#include <unordered_map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "compose-spec/normalise.hpp"

namespace estiba::spec {
namespace {

const Node* at(const Node& node, std::initializer_list<std::string_view> keys) {
  const Node* found = &node;
  for (std::string_view key : keys) found = found ? found->find(key) : nullptr;
  return found;
}

class Section {
 public:
  explicit Section(const Mapping& entries) {
    for (const Entry& entry : entries) nodes_.emplace(entry.key, &entry.value);
  }
  Section(const Node& model, std::string_view key) {
    const Node* found = model.find(key);
    if (!found || !found->is_mapping()) return;
    for (const Entry& entry : *found->mapping()) nodes_.emplace(entry.key, &entry.value);
  }
  const Node* find(const std::string& name) const {
    auto found = nodes_.find(name);
    return found == nodes_.end() ? nullptr : found->second;
  }
  std::string near(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& [key, node] : nodes_) names.push_back(key);
    auto found = text::nearest(name, names);
    return found ? cat("did you mean \"", *found, "\"?") : std::string();
  }

 private:
  std::unordered_map<std::string, const Node*> nodes_;
};

class Checker {
 public:
  Checker(const Node& model, const Mapping& disabled, Report& report)
      : model_(model),
        report_(report),
        sound_(!report.failed()),
        disabled_(disabled),
        services_(model, "services"),
        networks_(model, "networks"),
        volumes_(model, "volumes"),
        configs_(model, "configs"),
        secrets_(model, "secrets"),
        models_(model, "models") {}

  void check() {
    if (const Node* all = model_.find("services"); all && all->is_mapping())
      for (const Entry& entry : *all->mapping())
        check_service(entry.value, Path(Path("services"), entry.key));
  }

 private:
  void check_service(const Node& service, const Path& path) {
    if (!service.is_mapping()) return;
    check_source(service, path);
    check_build(service, path);
    check_networks(service, path);
    check_references(service, path);
    check_mounts(service, path);
    check_limits(service, path);
    check_scale(service, path);
    check_health_test(service, path);
    check_watch(service, path);
  }

  void check_source(const Node& service, const Path& path) {
    if (!sound_) return;
    if (service.find("image") && text_of(service, "image").empty() && !service.find("build")) {
      report_.error(service.find("image")->span, path, "the image is empty and there is no build",
                    "name an image, or write build:");
    } else if (!service.find("image") && !service.find("build") && !service.find("provider")) {
      report_.error(service.span, path, "has neither an image nor a build",
                    "write image: or build:");
    }
  }

  void check_build(const Node& service, const Path& path) {
    const Node* build = service.find("build");
    if (!build) return;
    Path at_build(path, "build");
    if (!text_of(*build, "dockerfile").empty() && !text_of(*build, "dockerfile_inline").empty())
      report_.error(build->span, at_build, "dockerfile and dockerfile_inline exclude each other");
    check_sources(build->find("secrets"), secrets_, "secret", Path(at_build, "secrets"));
    if (const Node* contexts = build->find("additional_contexts"); contexts && contexts->mapping())
      for (const Entry& context : *contexts->mapping()) check_context(context, at_build);
    check_platform(service, *build, at_build);
  }

  void check_context(const Entry& context, const Path& path) {
    std::string text = scalar_text(context.value);
    std::string name(service_reference(text));
    if (name.empty()) return;
    const Node* other = services_.find(name);
    if (!other)
      return unknown(context.value.span, Path(path, "additional_contexts"), "service", name,
                     services_);
    if (sound_ && !other->find("build"))
      report_.error(context.value.span, Path(path, "additional_contexts"),
                    cat("service \"", name, "\" has no build"));
  }

  void check_platform(const Node& service, const Node& build, const Path& path) {
    std::string platform = text_of(service, "platform");
    const Node* platforms = build.find("platforms");
    if (platform.empty() || !platforms || !platforms->is_sequence() ||
        platforms->sequence()->empty())
      return;
    for (const Node& item : *platforms->sequence())
      if (scalar_text(item) == platform) return;
    report_.error(platforms->span, Path(path, "platforms"),
                  cat("does not include the service's platform ", platform));
  }

  void check_networks(const Node& service, const Path& path) {
    const Node* networks = service.find("networks");
    const Node* mode = service.find("network_mode");
    bool any = networks && networks->is_mapping() && !networks->mapping()->empty();
    if (mode && any)
      report_.error(mode->span, path, "network_mode and networks exclude each other",
                    "remove one of them");
    if (!any || mode) return;
    for (const Entry& entry : *networks->mapping())
      if (!networks_.find(entry.key))
        unknown(entry.key_span, Path(path, "networks"), "network", entry.key, networks_);
  }

  void check_references(const Node& service, const Path& path) {
    if (const Node* all = service.find("depends_on"); all && all->is_mapping())
      for (const Entry& entry : *all->mapping())
        check_dependency(entry, Path(path, origin(service, entry.key_span)));
    if (const Node* models = service.find("models"); models && models->is_mapping())
      for (const Entry& entry : *models->mapping())
        if (!models_.find(entry.key))
          unknown(entry.key_span, Path(path, "models"), "model", entry.key, models_);
    check_sources(service.find("configs"), configs_, "config", Path(path, "configs"));
    check_sources(service.find("secrets"), secrets_, "secret", Path(path, "secrets"));
  }

  // The attribute that a dependency was written in: others than depends_on imply one.
  static std::string_view origin(const Node& service, Span span) {
    auto is_here = [&](const Node& node) {
      return node.span.source == span.source && node.span.line == span.line &&
             node.span.column == span.column;
    };
    for (std::string_view key :
         {"links", "volumes_from", "network_mode", "ipc", "pid", "uts", "cgroup"}) {
      const Node* found = service.find(key);
      if (!found) continue;
      if (is_here(*found)) return key;
      if (auto* items = found->sequence())
        for (const Node& item : *items)
          if (is_here(item)) return key;
    }
    return "depends_on";
  }

  void check_dependency(const Entry& entry, const Path& path) {
    if (services_.find(entry.key)) return;
    if (!disabled_.find(entry.key))
      return unknown(entry.key_span, path, "service", entry.key, services_);
    const Node* required = entry.value.find("required");
    bool optional = required && required->boolean() && !*required->boolean();
    if (!optional)
      report_.error(
          entry.key_span, path,
          cat("service \"", entry.key, "\" is needed, but none of its profiles is active"),
          "add --profile, or write required: false");
  }

  void check_sources(const Node* list, const Section& section, std::string_view what,
                     const Path& path) {
    if (!list || !list->is_sequence()) return;
    for (size_t i = 0; i < list->sequence()->size(); ++i) {
      const Node& item = (*list->sequence())[i];
      std::string source = text_of(item, "source");
      if (!section.find(source)) unknown(item.span, Path(path, i), what, source, section);
    }
  }

  void unknown(Span span, const Path& path, std::string_view what, const std::string& name,
               const Section& section) {
    std::string hint;
    if (!report_.full()) hint = section.near(name);
    if (hint.empty()) hint = cat("define it under ", what, "s:");
    report_.error(span, path, cat("there is no ", what, " \"", name, "\""), hint);
  }

  using Targets = std::map<std::string, std::string>;

  void check_mounts(const Node& service, const Path& path) {
    Targets targets;
    Path volumes(path, "volumes");
    if (const Node* list = service.find("volumes"); list && list->is_sequence())
      for (size_t i = 0; i < list->sequence()->size(); ++i) {
        const Node& mount = (*list->sequence())[i];
        check_volume(mount, Path(volumes, i));
        take_target(text_of(mount, "target"), mount.span, Path(volumes, i), targets);
      }
    Path tmpfs(path, "tmpfs");
    if (const Node* list = service.find("tmpfs"); list && list->is_sequence())
      for (size_t i = 0; i < list->sequence()->size(); ++i) {
        const Node& item = (*list->sequence())[i];
        std::string text = scalar_text(item);
        take_target(text.substr(0, text.find(':')), item.span, Path(tmpfs, i), targets);
      }
  }

  void take_target(const std::string& target, Span span, const Path& path, Targets& targets) {
    if (target.empty()) return;
    auto [found, fresh] = targets.emplace(target, std::string());
    if (fresh) {
      found->second = path.text();
      return;
    }
    report_.error(span, path, cat(target, " is already the target of ", found->second),
                  "mount one thing at a place");
  }

  void check_volume(const Node& mount, const Path& path) {
    std::string type = text_of(mount, "type");
    std::string source = text_of(mount, "source");
    if (sound_ && text_of(mount, "target").empty())
      report_.error(mount.span, path, "the mount has no target", "write target:");
    if (type == "volume" && !source.empty() && !volumes_.find(source))
      unknown(mount.span, path, "volume", source, volumes_);
    if (sound_ && type == "bind" && source.empty())
      report_.error(mount.span, path, "the bind mount has no source", "write source:");
  }

  void check_limits(const Node& service, const Path& path) {
    const Node* limits = at(service, {"deploy", "resources", "limits"});
    const Node* reservations = at(service, {"deploy", "resources", "reservations"});
    compare(service, path, limits, {"mem_limit", "limits.memory", "memory"});
    compare(service, path, limits, {"cpus", "limits.cpus", "cpus"});
    compare(service, path, limits, {"pids_limit", "limits.pids", "pids"});
    compare(service, path, reservations, {"mem_reservation", "reservations.memory", "memory"});
  }

  struct Twin {
    std::string_view own, other, key;
  };
  void compare(const Node& service, const Path& path, const Node* resources, const Twin& twin) {
    const Node* own = service.find(twin.own);
    if (!own || !resources) return;
    std::string value = scalar_text(*own);
    if (value == "0" || value == text_of(*resources, twin.key)) return;
    report_.error(own->span, path,
                  cat(twin.own, " and deploy.resources.", twin.other, " say different things"),
                  "remove one of them");
  }

  void check_scale(const Node& service, const Path& path) {
    const Node* scale = service.find("scale");
    const Node* replicas = at(service, {"deploy", "replicas"});
    if (scale && replicas && scalar_text(*scale) != scalar_text(*replicas))
      report_.error(scale->span, path, "scale and deploy.replicas say different things",
                    "remove one of them");
    const Node* count = scale ? scale : replicas;
    if (!count || !count->integer()) return;
    if (*count->integer() < 0)
      report_.error(count->span, path, "the number of replicas cannot be negative");
    if (*count->integer() > 1 && service.find("container_name"))
      report_.error(service.find("container_name")->span, path,
                    "a service with container_name can have one replica only",
                    "remove container_name, or the scale");
  }

  void check_health_test(const Node& service, const Path& path) {
    const Node* test = at(service, {"healthcheck", "test"});
    if (!test || !test->is_sequence() || test->sequence()->empty()) return;
    const Node& first = test->sequence()->front();
    std::string word = scalar_text(first);
    if (word != "CMD" && word != "CMD-SHELL" && word != "NONE")
      report_.error(first.span, Path(Path(path, "healthcheck"), "test"),
                    cat("the list begins with \"", word, "\", not with CMD, CMD-SHELL or NONE"),
                    "write [\"CMD\", ...]");
  }

  void check_watch(const Node& service, const Path& path) {
    const Node* watches = at(service, {"develop", "watch"});
    if (!watches || !watches->is_sequence()) return;
    for (const Node& watch : *watches->sequence()) {
      std::string action = text_of(watch, "action");
      bool needs_target = action != "rebuild" && action != "restart";
      if (sound_ && needs_target && text_of(watch, "target").empty())
        report_.error(watch.span, Path(Path(path, "develop"), "watch"),
                      cat("the action ", action, " needs a target"), "write target:");
    }
  }

  const Node& model_;
  Report& report_;
  /// No mistakes before: what is not there was not written. Otherwise it may have been taken out.
  const bool sound_;
  Section disabled_, services_, networks_, volumes_, configs_, secrets_, models_;
};

}  // namespace

void check_consistency(const Node& model, const Mapping& disabled, Report& report) {
  bool sound = !report.failed();
  Checker(model, disabled, report).check();
  if (sound) check_resources(model, report);
  check_cycles(model, report);
}

}  // namespace estiba::spec
