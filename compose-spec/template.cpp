#include "compose-spec/template.hpp"

#include "base/error.hpp"

namespace estiba::spec {
namespace {

constexpr int deepest = 32;

bool starts_name(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool in_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

size_t name_length(std::string_view text) {
  if (text.empty() || !starts_name(text[0])) return 0;
  size_t length = 1;
  while (length < text.size() && in_name(text[length])) ++length;
  return length;
}

// The place of the "}" that closes the "${" before `text`, inner pairs skipped.
size_t closing_brace(std::string_view text) {
  int depth = 1;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '$' && at + 1 < text.size() && text[at + 1] == '{') {
      ++depth;
      ++at;
    } else if (text[at] == '}' && --depth == 0) {
      return at;
    }
  }
  return std::string_view::npos;
}

TemplateError invalid(size_t at, std::string_view text) {
  return {at, cat("\"", text.substr(0, 40), "\" is no valid variable"),
          "write $$ for a dollar sign that stays"};
}

// "NAME:-word" taken apart; the operator is empty for "NAME".
struct Expression {
  std::string name, operation;
  std::string_view word;
};

std::optional<Expression> parse_expression(std::string_view inside) {
  size_t length = name_length(inside);
  if (length == 0) return std::nullopt;
  Expression out{std::string(inside.substr(0, length)), {}, inside.substr(length)};
  if (out.word.empty()) return out;
  size_t colon = out.word[0] == ':' ? 1 : 0;
  if (out.word.size() <= colon ||
      std::string_view("-?+").find(out.word[colon]) == std::string::npos)
    return std::nullopt;
  out.operation = out.word.substr(0, colon + 1);
  out.word.remove_prefix(colon + 1);
  return out;
}

}  // namespace

std::string Template::expand(std::string_view text, size_t offset, int depth) const {
  if (depth > deepest)
    throw TemplateError{offset, "variables are nested more than 32 levels deep", ""};
  std::string out;
  size_t at = 0;
  while (true) {
    size_t dollar = text.find('$', at);
    out += text.substr(at, dollar - at);
    if (dollar == std::string_view::npos) return out;
    std::string_view rest = text.substr(dollar + 1);
    if (rest.starts_with('$')) {
      out += '$';
      at = dollar + 2;
    } else if (rest.starts_with('{')) {
      size_t end = closing_brace(rest.substr(1));
      if (end == std::string_view::npos)
        throw TemplateError{offset + dollar, "\"${\" is never closed",
                            "close it with }, or write $$ for a dollar sign that stays"};
      out += braced(rest.substr(1, end), offset + dollar, depth);
      at = dollar + end + 3;
    } else if (size_t length = name_length(rest)) {
      out += operated(std::string(rest.substr(0, length)), {}, offset + dollar, depth);
      at = dollar + 1 + length;
    } else {
      // "$(date)", "$5" and a lone "$" are no variables; Compose leaves them as they are.
      out += '$';
      at = dollar + 1;
    }
  }
}

std::string Template::braced(std::string_view inside, size_t offset, int depth) const {
  auto expression = parse_expression(inside);
  if (!expression) throw invalid(offset, cat("${", inside, "}"));
  std::string_view rest = inside.substr(expression->name.size());
  return operated(expression->name, rest, offset, depth);
}

// `rest` is what follows the name: nothing, or an operator and its word.
std::string Template::operated(const std::string& name, std::string_view rest, size_t offset,
                               int depth) const {
  const std::string* value = lookup_(name);
  if (rest.empty()) {
    if (!value && unset_) unset_(name);
    return value ? *value : std::string();
  }
  bool empty_counts_as_unset = rest[0] == ':';
  char operation = rest[empty_counts_as_unset ? 1 : 0];
  std::string_view word = rest.substr(empty_counts_as_unset ? 2 : 1);
  bool present = value && !(empty_counts_as_unset && value->empty());
  if (operation == '+') return present ? expand(word, offset, depth + 1) : std::string();
  if (present) return *value;
  std::string expanded = expand(word, offset, depth + 1);
  if (operation == '-') return expanded;
  throw TemplateError{offset,
                      cat("required variable ", name, " is missing a value",
                          expanded.empty() ? "" : ": ", expanded),
                      "set it in the environment or in the .env file"};
}

void collect_variables(std::string_view text, std::map<std::string, Variable>& variables) {
  for (size_t at = text.find('$'); at < text.size(); at = text.find('$', at)) {
    std::string_view rest = text.substr(++at);
    if (rest.starts_with('$')) {
      ++at;
    } else if (rest.starts_with('{')) {
      size_t end = closing_brace(rest.substr(1));
      auto expression = parse_expression(rest.substr(1, end));
      if (end == std::string_view::npos || !expression) continue;
      Variable& variable = variables[expression->name];
      if (expression->operation.ends_with('-')) variable.default_value = expression->word;
      if (expression->operation.ends_with('+')) variable.presence_value = expression->word;
      if (expression->operation.ends_with('?')) variable.required = true;
      collect_variables(expression->word, variables);
      at += end + 2;
    } else if (size_t length = name_length(rest)) {
      variables[std::string(rest.substr(0, length))];
      at += length;
    }
  }
}

}  // namespace estiba::spec
