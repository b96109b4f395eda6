#include "orchestrator/cli/arguments.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::orchestrator {

bool Arguments::on(const std::string& flag) const { return choice(flag).value_or(false); }

std::optional<bool> Arguments::choice(const std::string& flag) const {
  auto written = value(flag);
  if (!written) return std::nullopt;
  std::string word = text::lower(*written);
  if (word == "true" || word == "t" || word == "1") return true;
  if (word == "false" || word == "f" || word == "0") return false;
  throw Error(
      cat("invalid argument \"", *written, "\" for \"--", flag, "\": true or false is meant"));
}

std::optional<std::string> Arguments::value(const std::string& flag) const {
  auto found = values_.find(flag);
  if (found == values_.end()) return std::nullopt;
  return found->second.back();
}

std::string Arguments::value_or(const std::string& flag, const std::string& fallback) const {
  return value(flag).value_or(fallback);
}

std::vector<std::string> Arguments::list(const std::string& flag) const {
  auto found = values_.find(flag);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

std::vector<std::string> Arguments::comma_list(const std::string& flag) const {
  std::vector<std::string> all;
  for (const std::string& written : list(flag))
    for (std::string& part : text::split(written, ','))
      if (!part.empty()) all.push_back(std::move(part));
  return all;
}

std::optional<int64_t> Arguments::number(const std::string& flag) const {
  auto written = value(flag);
  if (!written) return std::nullopt;
  if (auto parsed = text::to_int(*written)) return parsed;
  throw Error(
      cat("invalid argument \"", *written, "\" for \"--", flag, "\": a whole number is meant"));
}

}  // namespace estiba::orchestrator
