#include "imgmgr/registry/refusal.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_shown = 300;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// It ends up in one sentence on somebody's terminal.
std::string one_line(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters of two bytes each.
    bool pair =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (pair) text[i + 1] = ' ';
    if (pair || byte < ' ' || byte == 0x7f) text[i] = ' ';
  }
  if (text.size() > max_shown) {
    size_t end = max_shown;
    while (end > 0 && is_continuation(text[end])) --end;
    text.resize(end);
  }
  return std::string(text::trim(text));
}

}  // namespace

std::string told_reason(std::string_view body) {
  try {
    Json document = parse_json(body, "its answer");
    auto errors = json::objects_at(document, "errors");
    if (errors.empty()) return "";
    for (const char* key : {"message", "code"})
      if (auto text = json::string_at(*errors.front(), key); text && !text->empty())
        return one_line(*text);
  } catch (const Error&) {
    return "";  // not every registry keeps to the form
  }
  return "";
}

}  // namespace estiba::img
