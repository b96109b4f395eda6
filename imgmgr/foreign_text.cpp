#include "imgmgr/foreign_text.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_shown = 300;

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// U+0080 to U+009F, which are two bytes each.
bool begins_c1_control(std::string_view text) {
  return text.size() > 1 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out(text.substr(0, max_shown + 1));
  for (size_t i = 0; i < out.size(); ++i) {
    if (begins_c1_control(std::string_view(out).substr(i))) out[i] = out[i + 1] = ' ';
    if (is_control(out[i])) out[i] = ' ';
  }
  if (out.size() > max_shown) {
    size_t end = max_shown;
    while (end > 0 && is_continuation(out[end])) --end;
    out.resize(end);
  }
  return std::string(text::trim(out));
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

}  // namespace estiba::img
