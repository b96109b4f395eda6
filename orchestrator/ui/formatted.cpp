#include "orchestrator/ui/formatted.hpp"

#include <cctype>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "orchestrator/ui/go_template.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator::ui {
namespace {

/// "\t" and "\n" as people write them in a shell's single quotes.
std::string unescaped(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    bool escape =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 't' || text[i + 1] == 'n');
    if (escape)
      out += text[++i] == 't' ? '\t' : '\n';
    else
      out += text[i];
  }
  return out;
}

/// "RunningFor" → "RUNNING FOR": a column's title from the field's name.
std::string title_of(const std::string& field) {
  std::string out;
  for (size_t i = 0; i < field.size(); ++i) {
    bool begins = i > 0 && std::isupper(static_cast<unsigned char>(field[i])) != 0 &&
                  std::islower(static_cast<unsigned char>(field[i - 1])) != 0;
    if (begins) out += ' ';
    out += static_cast<char>(std::toupper(static_cast<unsigned char>(field[i])));
  }
  return out;
}

std::string as_table(const std::string& text, const std::vector<Json>& rows) {
  GoTemplate parsed(text);
  std::vector<Row> lines;
  if (!rows.empty()) {
    Json titles = Json::object();
    for (const auto& [field, value] : rows[0].items()) titles[field] = title_of(field);
    lines.push_back(text::split(parsed.render(titles), '\t'));
  }
  for (const Json& row : rows) lines.push_back(text::split(parsed.render(row), '\t'));
  return table(lines);
}

}  // namespace

std::string formatted(const std::string& format, const std::vector<Json>& rows) {
  std::string out;
  if (format == "json") {
    for (const Json& row : rows) out += json::dump(row) + "\n";
    return out;
  }
  std::string text = unescaped(format);
  if (text.starts_with("table ")) return as_table(text.substr(6), rows);
  GoTemplate parsed(text);
  for (const Json& row : rows) out += parsed.render(row) + "\n";
  return out;
}

}  // namespace estiba::orchestrator::ui
