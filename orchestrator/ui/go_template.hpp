// The part of Go's text/template that --format uses: fields, pipelines, if/else, range, with, and
// Docker's functions (json, join, split, lower, upper, title, pad, truncate, println, index, len).
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace estiba::orchestrator::ui {

class GoTemplate {
 public:
  /// An Error says what the template's syntax lacks.
  explicit GoTemplate(const std::string& text);
  ~GoTemplate();
  GoTemplate(GoTemplate&&) noexcept;

  /// An Error names a field that the value does not have.
  std::string render(const Json& value) const;

  struct Node;

 private:
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace estiba::orchestrator::ui
