// Tables as Go's tabwriter lays them out: a column is as wide as its widest cell and a gap. Cells
// are foreign text: they are made visible here, on one line each.
#pragma once
#include <string>
#include <vector>

namespace estiba::orchestrator::ui {

using Row = std::vector<std::string>;

struct TableStyle {
  size_t gap = 3;         ///< blanks after the widest cell
  size_t min_width = 10;  ///< of a column, with its gap
};
constexpr TableStyle list_style{3, 10};  ///< ps, volumes
constexpr TableStyle wide_style{3, 20};  ///< ls, images
constexpr TableStyle dense_style{2, 4};  ///< top

/// Every row has as many cells as the first, which is the header.
std::string table(std::vector<Row> rows, TableStyle style = list_style);

}  // namespace estiba::orchestrator::ui
