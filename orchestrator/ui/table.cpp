#include "orchestrator/ui/table.hpp"

#include <algorithm>

#include "base/visible.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator::ui {

std::string table(std::vector<Row> rows, TableStyle style) {
  // A cell with a line end in it would be a row that nobody has written.
  for (Row& row : rows)
    for (std::string& cell : row) cell = visible(cell, LineEnds::escaped);
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), style.min_width);
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]) + style.gap);
  }
  std::string out;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      bool last = i + 1 == row.size();
      if (!last) out.append(widths[i] - display_width(row[i]), ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace estiba::orchestrator::ui
