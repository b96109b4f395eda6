// A parsed command line: flags by their long name, and the words that are no flags.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace estiba::orchestrator {

class Arguments {
 public:
  /// What is not a flag: services, a command, files.
  std::vector<std::string> words;

  void add(const std::string& flag, std::string value) {
    values_[flag].push_back(std::move(value));
  }
  bool given(const std::string& flag) const { return values_.contains(flag); }
  /// A switch: given, and not as --flag=false.
  bool on(const std::string& flag) const;
  /// The last value; an Error if it is neither true nor false. Nothing if the flag is not given.
  std::optional<bool> choice(const std::string& flag) const;
  std::optional<std::string> value(const std::string& flag) const;
  std::string value_or(const std::string& flag, const std::string& fallback) const;
  /// Every value of a flag that may be repeated.
  std::vector<std::string> list(const std::string& flag) const;
  /// As `list`, with values that may also be written as one, with commas.
  std::vector<std::string> comma_list(const std::string& flag) const;
  /// An Error that names the flag if its value is not a whole number.
  std::optional<int64_t> number(const std::string& flag) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

}  // namespace estiba::orchestrator
