// The syntax tree of a --format template.
#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/ui/go_template.hpp"

namespace estiba::orchestrator::ui {

struct Pipeline;

struct Constant {
  Json value;
};
/// `.A.B`, `$.A`, `$x.A`: the variable's name is "" for the dot, "$" for the whole value.
struct Field {
  std::string variable;
  std::vector<std::string> path;
};
struct Function {
  std::string name;
};
/// `(pipeline).A`
struct Group {
  std::unique_ptr<Pipeline> inner;
  std::vector<std::string> path;
};
using Operand = std::variant<Constant, Field, Function, Group>;

/// A function and its arguments, or one operand alone.
using Call = std::vector<Operand>;

struct Pipeline {
  std::vector<std::string> variables;  ///< `$i, $x :=` in front of it
  std::vector<Call> calls;
};

using Nodes = std::vector<std::unique_ptr<GoTemplate::Node>>;

struct TextNode {
  std::string text;
};
struct PrintNode {
  Pipeline pipeline;
};
struct IfNode {
  Pipeline condition;
  Nodes then, otherwise;
};
struct RangeNode {
  Pipeline list;
  Nodes body, otherwise;
};
struct WithNode {
  Pipeline value;
  Nodes body, otherwise;
};

struct GoTemplate::Node {
  std::variant<TextNode, PrintNode, IfNode, RangeNode, WithNode> what;
};

Nodes parse_template(const std::string& text);

/// Calls `name`; an Error if there is no such function or its arguments do not fit.
Json call_function(const std::string& name, const std::vector<Json>& arguments);
/// As Go prints a value.
std::string printed(const Json& value);
/// Go's notion of an empty value: false, 0, "", an empty list or map, nothing.
bool is_true(const Json& value);

}  // namespace estiba::orchestrator::ui
