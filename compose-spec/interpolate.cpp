#include "compose-spec/interpolate.hpp"

#include "base/error.hpp"

namespace estiba::spec {
namespace {

class Interpolator {
 public:
  Interpolator(const Environment& environment, InterpolationLog& log, Report& report)
      : log_(log),
        report_(report),
        template_(
            [&environment](const std::string& name) {
              auto found = environment.find(name);
              return found == environment.end() ? nullptr : &found->second;
            },
            [this](const std::string& name) { warn_unset(name); }) {}

  void walk(Node& node, const Path& path) {
    if (auto* text = node.string()) {
      if (text->find('$') != std::string::npos) expand(node, *text, path);
    } else if (auto* items = node.sequence()) {
      for (size_t i = 0; i < items->size(); ++i) walk((*items)[i], Path(path, i));
    } else if (auto* entries = node.mapping()) {
      for (Entry& entry : *entries) walk(entry.value, Path(path, entry.key));
    }
  }

 private:
  void expand(Node& node, std::string& text, const Path& path) {
    current_ = &node;
    path_ = &path;
    try {
      text = template_.expand(text);
    } catch (const TemplateError& error) {
      report_.error(node.span, path, error.message, error.hint);
      text.clear();
    }
  }

  void warn_unset(const std::string& name) {
    if (!log_.warned.insert(name).second) return;
    report_.warning(current_->span, *path_,
                    cat("the variable \"", name, "\" is not set and becomes empty"));
  }

  InterpolationLog& log_;
  Report& report_;
  const Node* current_ = nullptr;
  const Path* path_ = nullptr;
  Template template_;
};

}  // namespace

void interpolate(Node& root, const Environment& environment, InterpolationLog& log,
                 Report& report) {
  Interpolator(environment, log, report).walk(root, Path());
}

void collect_variables(const Node& root, std::map<std::string, Variable>& variables) {
  if (auto* text = root.string()) collect_variables(std::string_view(*text), variables);
  if (auto* items = root.sequence())
    for (const Node& item : *items) collect_variables(item, variables);
  if (auto* entries = root.mapping())
    for (const Entry& entry : *entries) collect_variables(entry.value, variables);
}

}  // namespace estiba::spec
