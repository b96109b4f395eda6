// --format: rows as JSON lines, through a Go template, or as a table that a template describes.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"

namespace estiba::orchestrator::ui {

/// "json", "table TEMPLATE" or TEMPLATE; one line a row.
std::string formatted(const std::string& format, const std::vector<Json>& rows);

}  // namespace estiba::orchestrator::ui
