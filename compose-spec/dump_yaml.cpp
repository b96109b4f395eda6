// YAML as Go's yaml.v3 writes it: two blanks of indentation, quotes only where a plain text would
// be read back as something else.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "base/text.hpp"
#include "compose-spec/dump.hpp"
#include "compose-spec/dump_order.hpp"
#include "compose-spec/scalar.hpp"

namespace estiba::spec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) || (c & 0x80); }

// The order of yaml.v3: letters after other characters, numbers by value.
bool natural_less(std::string_view a, std::string_view b) {
  bool digits = false;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] == b[i]) {
      digits = is_digit(a[i]);
      continue;
    }
    bool a_letter = is_letter(a[i]), b_letter = is_letter(b[i]);
    if (a_letter && b_letter)
      return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
    if (a_letter || b_letter) return digits ? a_letter : b_letter;
    size_t a_end = i, b_end = i;
    while (a_end < a.size() && is_digit(a[a_end])) ++a_end;
    while (b_end < b.size() && is_digit(b[b_end])) ++b_end;
    auto a_number = text::to_uint(a.substr(i, a_end - i)).value_or(0);
    auto b_number = text::to_uint(b.substr(i, b_end - i)).value_or(0);
    if (a_number != b_number) return a_number < b_number;
    if (a_end != b_end) return a_end < b_end;
    return a[i] < b[i];
  }
  return a.size() < b.size();
}

bool is_old_boolean(std::string_view text) {
  constexpr std::array<std::string_view, 6> words{"y", "yes", "on", "n", "no", "off"};
  std::string word = text::lower(text);
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "22:30", which YAML 1.1 read as a number of base 60.
bool is_base_60(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  auto parts = text::split(text.substr(0, text.find('.')), ':');
  if (parts.size() < 2 || parts[0].empty() || !is_digit(parts[0][0])) return false;
  return std::all_of(parts.begin() + 1, parts.end(), [](const std::string& part) {
    bool digits = !part.empty() && std::all_of(part.begin(), part.end(), is_digit);
    return digits && (part.size() == 1 || (part.size() == 2 && part[0] < '6'));
  });
}

// "2001-12-14", perhaps with a time: a timestamp to YAML 1.1.
bool looks_like_date(std::string_view text) {
  auto parts = text::split(text.substr(0, text.find_first_of("Tt ")), '-');
  if (parts.size() != 3 || parts[0].size() != 4) return false;
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return !part.empty() && part.size() <= 4 && std::all_of(part.begin(), part.end(), is_digit);
  });
}

bool reads_as_text(std::string_view text) {
  if (is_old_boolean(text) || is_base_60(text) || looks_like_date(text)) return false;
  // A whole number too large for ours is one to other readers.
  bool whole = !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
  return !whole && std::holds_alternative<std::string>(resolve_plain(text));
}

// Whether the characters allow a text without quotes (libyaml's analysis).
bool may_stand_plain(std::string_view text) {
  constexpr std::string_view leading = "#,[]{}&*!|>'\"%@`";
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (leading.find(text[0]) != std::string_view::npos) return false;
  bool mark = text[0] == '-' || text[0] == '?' || text[0] == ':';
  if (mark && (text.size() == 1 || text[1] == ' ')) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return false;
    if (text[i] == '#' && i > 0 && text[i - 1] == ' ') return false;
  }
  return true;
}

// The first byte of what UTF-8 writes in four: emoji and all else beyond 16 bits.
constexpr unsigned char first_of_four = 0xF0;

std::string escaped_code_point(std::string_view bytes) {
  uint32_t code = static_cast<unsigned char>(bytes[0]) & 0x07;
  for (char c : bytes.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3F);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "\\U%08X", code);
  return text.data();
}

bool needs_escapes(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    bool separator = text.substr(i, 2) == "\xE2\x80" && i + 2 < text.size() &&
                     (text[i + 2] == '\xA8' || text[i + 2] == '\xA9');
    bool invisible =
        text.substr(i, 3) == "\xEF\xBB\xBF" ||
        (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0);
    if (separator || invisible || byte >= first_of_four) return true;
  }
  return false;
}

std::string double_quoted(std::string_view text) {
  constexpr std::string_view plain_escapes = "\a\b\t\n\v\f\r\x1B\"\\";
  constexpr std::string_view letters = "abtnvfre\"\\";
  std::string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    size_t known = plain_escapes.find(text[i]);
    std::string_view rest = text.substr(i, 3);
    if (text[i] == '\0') {
      out += "\\0";
    } else if (known != std::string_view::npos) {
      out += cat("\\", letters.substr(known, 1));
    } else if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") {
      out += rest[2] == '\xA8' ? "\\L" : "\\P";
      i += 2;
    } else if (rest == "\xEF\xBB\xBF") {
      out += "\\uFEFF";
      i += 2;
    } else if (byte >= first_of_four && i + 3 < text.size()) {
      out += escaped_code_point(text.substr(i, 4));
      i += 3;
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\x%02X", byte);
      out += code.data();
    } else {
      out += text[i];
    }
  }
  return out + "\"";
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

std::string scalar(std::string_view text) {
  if (!reads_as_text(text) || needs_escapes(text)) return double_quoted(text);
  return may_stand_plain(text) ? std::string(text) : single_quoted(text);
}

// A text over several lines stands as a literal block unless blanks at line ends would be lost.
bool may_stand_literal(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.find(" \n") != std::string_view::npos)
    return false;
  if (text.back() == ' ') return false;
  std::string lines(text);
  std::replace(lines.begin(), lines.end(), '\n', ' ');
  std::replace(lines.begin(), lines.end(), '\t', ' ');
  return !needs_escapes(lines);
}

class YamlWriter {
 public:
  std::string take() { return std::move(out_); }

  void write_mapping(const Mapping& entries, const Type* type, size_t indent) {
    bool first = true;
    for (const Member& member : printed(entries, type)) {
      if (!first || !inline_) out_.append(indent, ' ');
      inline_ = false;
      first = false;
      out_ += key_text(member.key);
      out_ += ':';
      write_value(*member.value, member.type, indent);
    }
  }

 private:
  static std::string key_text(std::string_view key) { return key == "<<" ? "\"<<\"" : scalar(key); }

  static bool is_printed(const Member& member) {
    if (!member.attribute) return true;
    switch (member.attribute->shown) {
      case Shown::never:
        return false;
      case Shown::filled_in_json:
        return !is_empty_below(*member.value, member.type);
      case Shown::null_in_json:
      case Shown::always:
        return !member.value->is_null();
      case Shown::unless_empty:
        break;
    }
    return !is_empty_value(*member.value, member.type);
  }

  static std::vector<Member> printed(const Mapping& entries, const Type* type) {
    std::vector<Member> members = members_in_order(entries, type);
    bool silent = type && type->silent;
    std::erase_if(members, [&](const Member& member) {
      return !is_printed(member) || (silent && !member.attribute);
    });
    auto others = std::find_if(members.begin(), members.end(),
                               [](const Member& member) { return !member.attribute; });
    std::sort(others, members.end(),
              [](const Member& a, const Member& b) { return natural_less(a.key, b.key); });
    return members;
  }

  // What follows "key:" or "-": a value on the same line, or a block below.
  void write_value(const Node& node, const Type* type, size_t indent) {
    if (node.is_mapping() && prints_as_list(type)) {
      Node list{Sequence(), {}};
      for (std::string& text : listed(node, ListOrder::sorted))
        list.sequence()->push_back(Node{std::move(text), {}});
      return write_value(list, nullptr, indent);
    }
    if (auto* items = node.sequence()) {
      if (items->empty()) return end_line(" []");
      out_ += '\n';
      return write_sequence(*items, type ? type->items : nullptr, indent + 2);
    }
    if (auto* entries = node.mapping()) {
      if (printed(*entries, type).empty()) return end_line(" {}");
      out_ += '\n';
      return write_mapping(*entries, type, indent + 2);
    }
    write_scalar(node, type, indent);
  }

  void write_sequence(const Sequence& items, const Type* type, size_t indent) {
    for (const Node& item : items) {
      if (!inline_) out_.append(indent, ' ');
      inline_ = false;
      out_ += '-';
      write_item(item, type, indent);
    }
  }

  // The first line of a nested block stands behind the dash.
  void write_item(const Node& item, const Type* type, size_t indent) {
    auto* entries = item.mapping();
    auto* items = item.sequence();
    if (entries && !printed(*entries, type).empty()) {
      out_ += ' ';
      inline_ = true;
      write_mapping(*entries, type, indent + 2);
    } else if (items && !items->empty()) {
      out_ += ' ';
      inline_ = true;
      write_sequence(*items, type ? type->items : nullptr, indent + 2);
    } else {
      write_value(item, type, indent);
    }
  }

  void write_scalar(const Node& node, const Type* type, size_t indent) {
    if (node.is_null()) return end_line(" null");
    if (auto* number = node.real(); number && !std::isfinite(*number))
      return end_line(std::isnan(*number) ? " .nan" : *number < 0 ? " -.inf" : " .inf");
    if (auto* number = node.real())
      return end_line(cat(
          " ", type && type->cast == Cast::real ? format_real32(*number) : format_real(*number)));
    auto* text = node.string();
    if (!text) return end_line(cat(" ", scalar_text(node)));
    if (may_stand_literal(*text)) return write_literal(*text, indent + 2);
    end_line(cat(" ", scalar(*text)));
  }

  void write_literal(std::string_view text, size_t indent) {
    out_ += " |";
    bool hint = text[0] == ' ' || text[0] == '\n' || text[0] == '\t';
    if (hint) out_ += '2';
    bool ends = text.ends_with('\n');
    out_ += !ends ? "-" : text.ends_with("\n\n") || text == "\n" ? "+" : "";
    out_ += '\n';
    if (ends) text.remove_suffix(1);
    for (const std::string& line : text::split(text, '\n')) {
      if (!line.empty()) out_.append(indent, ' ');
      end_line(line);
    }
  }

  void end_line(std::string_view text) {
    out_ += text;
    out_ += '\n';
  }

  std::string out_;
  bool inline_ = false;
};

}  // namespace

std::string to_yaml(const Node& model, const Type& type) {
  YamlWriter writer;
  writer.write_mapping(*model.mapping(), &type, 0);
  return writer.take();
}

}  // namespace estiba::spec
