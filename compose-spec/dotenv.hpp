// The .env grammar: K=V, export, quotes, escapes, comments, values over several lines, expansion.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace estiba::spec {

struct DotenvError {
  int line = 0;
  int column = 1;
  std::string message;
  std::string hint;
};

struct DotenvOptions {
  /// Where a name without value, and a variable in a value, is looked up first.
  std::function<const std::string*(const std::string&)> lookup;
  /// Hears of a variable that has no value.
  std::function<void(const std::string&)> unset;
};

/// Names and values in file order; a name without value that is set nowhere is left out. Throws
/// DotenvError.
std::vector<std::pair<std::string, std::string>> parse_dotenv(std::string_view text,
                                                              const DotenvOptions& options);
/// `format: raw` of env_file: everything behind the first "=" as it is.
std::vector<std::pair<std::string, std::string>> parse_raw_env(std::string_view text,
                                                               const DotenvOptions& options);

}  // namespace estiba::spec
