// $VAR, ${VAR:-default} and their kin in one text. Shared by Compose values and dotenv files.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace estiba::spec {

/// A variable as `config --variables` lists it.
struct Variable {
  std::string default_value, presence_value;
  bool required = false;
  bool operator==(const Variable&) const = default;
};

struct TemplateError {
  size_t at = 0;  ///< byte in the text
  std::string message;
  std::string hint;
};

class Template {
 public:
  using Lookup = std::function<const std::string*(const std::string& name)>;
  using Unset = std::function<void(const std::string& name)>;

  /// `unset` hears of each variable without a value that has no default either.
  Template(Lookup lookup, Unset unset) : lookup_(std::move(lookup)), unset_(std::move(unset)) {}

  /// The text with its variables replaced. Throws TemplateError.
  std::string expand(std::string_view text) const { return expand(text, 0, 0); }

 private:
  std::string expand(std::string_view text, size_t offset, int depth) const;
  std::string braced(std::string_view inside, size_t offset, int depth) const;
  std::string operated(const std::string& name, std::string_view rest, size_t offset,
                       int depth) const;

  Lookup lookup_;
  Unset unset_;
};

/// Adds the variables a text uses. Faulty templates are left to expand.
void collect_variables(std::string_view text, std::map<std::string, Variable>& variables);

}  // namespace estiba::spec
