#include "base/visible.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace estiba {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr uint32_t not_utf8 = UINT32_MAX;

struct Character {
  uint32_t code = not_utf8;
  size_t size = 1;  ///< in bytes
};

// RFC 3629: neither longer than needed, nor a surrogate, nor beyond the last plane.
Character character_at(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  uint32_t code = lead & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::array<uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < smallest[size] || code > 0x10ffff || surrogate) return {};
  return {code, size};
}

bool is_between(uint32_t code, uint32_t first, uint32_t last) {
  return code >= first && code <= last;
}

// What a terminal obeys or hides instead of showing it.
bool steers(uint32_t code) {
  return code < 0x20 || is_between(code, 0x7f, 0x9f) || code == 0x61c ||  // Arabic letter mark
         is_between(code, 0x200e, 0x200f) ||                              // marks of direction
         is_between(code, 0x2028, 0x202e) ||  // ends of lines, embeddings and overrides
         is_between(code, 0x2066, 0x206f) ||  // isolates, and what is deprecated
         is_between(code, 0xfff9, 0xfffb) ||  // annotations
         is_between(code, 0xe0000, 0xe007f);  // tags, which nobody sees
}

void append_hex(std::string& out, uint32_t value, int width) {
  for (int shift = 4 * (width - 1); shift >= 0; shift -= 4) out += digits[value >> shift & 0xf];
}

void append_escape(std::string& out, uint32_t code) {
  constexpr uint32_t del = 0x7f;
  if (code < del) {
    out += "\\x";
    append_hex(out, code, 2);
  } else if (code <= 0xffff) {
    out += "\\u";
    append_hex(out, code, 4);
  } else {
    // As JSON has it, a pair of surrogates.
    append_escape(out, 0xd800 + ((code - 0x10000) >> 10));
    append_escape(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
  }
}

// ESC [ digits and semicolons m, the only sequence that changes nothing but the looks of letters;
// 0 if there is none.
size_t colour_length(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  size_t end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

// Takes the first character, or a whole colour, off the text and appends what is shown of it.
class Shown {
 public:
  explicit Shown(LineEnds line_ends) : line_ends_(line_ends) {}

  void take_character(std::string_view& text) {
    Character next = character_at(text);
    bool layout = line_ends_ == LineEnds::kept && (text[0] == '\n' || text[0] == '\t');
    if (next.code == not_utf8) {
      out_ += "\\x";
      append_hex(out_, static_cast<unsigned char>(text[0]), 2);
    } else if (!layout && steers(next.code)) {
      append_escape(out_, next.code);
    } else {
      out_ += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }

  void take_colour(std::string_view& text, size_t length, Colours colours) {
    if (colours == Colours::kept) out_ += text.substr(0, length);
    coloured_ = coloured_ || colours == Colours::kept;
    text.remove_prefix(length);
  }

  std::string end() {
    if (coloured_) out_ += "\x1b[0m";
    return std::move(out_);
  }

 private:
  LineEnds line_ends_;
  std::string out_;
  bool coloured_ = false;
};

}  // namespace

std::string visible(std::string_view text, LineEnds line_ends) {
  Shown shown(line_ends);
  while (!text.empty()) shown.take_character(text);
  return shown.end();
}

std::string visible_output(std::string_view text, Colours colours) {
  Shown shown(LineEnds::kept);
  while (!text.empty()) {
    if (size_t length = colour_length(text))
      shown.take_colour(text, length, colours);
    else
      shown.take_character(text);
  }
  return shown.end();
}

}  // namespace estiba
