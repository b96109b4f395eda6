#include "orchestrator/ui/go_template.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/ui/template_syntax.hpp"

namespace estiba::orchestrator::ui {
namespace {

Json field_of(const Json& value, const std::string& name) {
  if (value.is_object()) {
    if (auto found = value.find(name); found != value.end()) return *found;
    std::vector<std::string> names;
    for (const auto& [key, each] : value.items()) names.push_back(key);
    auto near = text::nearest(name, names);
    throw Error(cat("template: there is no field \"", name, "\"",
                    near ? cat("; did you mean \"", *near, "\"?")
                         : cat("; there are ", text::join(names, ", "))));
  }
  throw Error(cat("template: \".", name, "\" is asked of a value without fields"));
}

/// `.Label "KEY"`: Docker's only method with an argument; Labels is "KEY=VALUE,...".
Json label_of(const Json& value, const std::string& key) {
  for (const std::string& label : text::split(printed(field_of(value, "Labels")), ','))
    if (label.starts_with(key + "=")) return label.substr(key.size() + 1);
  return "";
}

bool is_label_method(const Operand& operand) {
  auto* field = std::get_if<Field>(&operand);
  return field && field->path == std::vector<std::string>{"Label"};
}

class Renderer {
 public:
  explicit Renderer(const Json& value) : dot_(value) { variables_["$"] = value; }

  void run(const Nodes& nodes) {
    for (const auto& node : nodes) std::visit([&](const auto& kind) { render(kind); }, node->what);
  }
  std::string take() { return std::move(out_); }

 private:
  void render(const TextNode& node) { out_ += node.text; }
  void render(const PrintNode& node) {
    Json value = evaluate(node.pipeline);
    if (node.pipeline.variables.empty()) out_ += printed(value);
  }
  void render(const IfNode& node) {
    run(is_true(evaluate(node.condition)) ? node.then : node.otherwise);
  }
  void render(const WithNode& node) {
    Json value = evaluate(node.value);
    if (!is_true(value)) return run(node.otherwise);
    Json outer = std::exchange(dot_, value);
    run(node.body);
    dot_ = outer;
  }
  void render(const RangeNode& node) {
    Json list = evaluate(node.list);
    if (!is_true(list)) return run(node.otherwise);
    Json outer = dot_;
    // items() gives an array's indices and an object's keys alike.
    for (const auto& [key, each] : list.items()) {
      const auto& names = node.list.variables;
      if (names.size() == 1) variables_[names[0]] = each;
      if (names.size() == 2) {
        variables_[names[0]] = list.is_array() ? Json(std::stoll(key)) : Json(key);
        variables_[names[1]] = each;
      }
      dot_ = each;
      run(node.body);
    }
    dot_ = outer;
  }

  Json evaluate(const Pipeline& pipeline) {
    std::optional<Json> value;
    for (const Call& call : pipeline.calls) value = call_with(call, value);
    if (pipeline.variables.size() == 1) variables_[pipeline.variables[0]] = *value;
    return *value;
  }

  /// In a pipeline the value so far is the last argument.
  Json call_with(const Call& call, const std::optional<Json>& piped) {
    auto* function = std::get_if<Function>(&call[0]);
    if (is_label_method(call[0]) && call.size() == 2)
      return label_of(dot_, printed(value_of(call[1])));
    if (!function) {
      if (call.size() > 1 || piped) throw Error("template: only a function takes arguments");
      return value_of(call[0]);
    }
    std::vector<Json> arguments;
    for (size_t i = 1; i < call.size(); ++i) arguments.push_back(value_of(call[i]));
    if (piped) arguments.push_back(*piped);
    return call_function(function->name, arguments);
  }

  Json value_of(const Operand& operand) {
    return std::visit([&](const auto& kind) { return value(kind); }, operand);
  }
  Json value(const Constant& constant) { return constant.value; }
  Json value(const Function& function) { return call_function(function.name, {}); }
  Json value(const Group& group) { return follow(evaluate(*group.inner), group.path); }
  Json value(const Field& field) {
    if (field.variable.empty()) return follow(dot_, field.path);
    auto found = variables_.find(field.variable);
    if (found == variables_.end())
      throw Error(cat("template: undefined variable ", field.variable));
    return follow(found->second, field.path);
  }
  static Json follow(Json value, const std::vector<std::string>& path) {
    for (const std::string& name : path) value = field_of(value, name);
    return value;
  }

  Json dot_;
  std::map<std::string, Json> variables_;
  std::string out_;
};

}  // namespace

GoTemplate::GoTemplate(const std::string& text) : nodes_(parse_template(text)) {}
GoTemplate::~GoTemplate() = default;
GoTemplate::GoTemplate(GoTemplate&&) noexcept = default;

std::string GoTemplate::render(const Json& value) const {
  Renderer renderer(value);
  renderer.run(nodes_);
  return renderer.take();
}

}  // namespace estiba::orchestrator::ui
