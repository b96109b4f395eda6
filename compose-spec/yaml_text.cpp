#include "compose-spec/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::spec {
namespace {

// Bytes of the UTF-8 sequence at the start of `text`; 0 if there is none (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  unsigned first = byte(0);
  if (first < 0x80) return 1;
  size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  unsigned second = byte(1);
  bool out_of_range = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return out_of_range ? 0 : length;
}

Span span_of(std::string_view text, size_t at, uint32_t source) {
  std::string_view before = text.substr(0, at);
  auto lines = std::count(before.begin(), before.end(), '\n');
  size_t line_start = before.rfind('\n');
  size_t column = line_start == std::string_view::npos ? at : at - line_start - 1;
  return {source, static_cast<uint32_t>(lines + 1), static_cast<uint32_t>(column + 1)};
}

std::string_view indentation(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

// "key:value" without the blank that makes it a key.
bool lacks_blank_after_colon(std::string_view line) {
  std::string_view text = text::trim(line);
  if (text.starts_with("- ")) text = text::trim(text.substr(2));
  size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 >= text.size()) return false;
  auto in_key = [](char c) { return c == '_' || c == '-' || (c >= 'a' && c <= 'z'); };
  return text[colon + 1] != ' ' && text[colon + 1] != '/' &&
         std::all_of(text.begin(), text.begin() + static_cast<long>(colon), in_key);
}

// The last line above `span` that is not empty and not a comment.
Span line_above(Span span, const Sources& sources) {
  while (span.line > 1) {
    --span.line;
    std::string_view text = text::trim(sources.line(span));
    if (!text.empty() && text[0] != '#') {
      span.column = static_cast<uint32_t>(indentation(sources.line(span)).size() + 1);
      return span;
    }
  }
  return span;
}

struct Rule {
  std::string_view parser_message;
  std::string_view message;
  std::string_view hint;
};

constexpr std::array<Rule, 10> rules{{
    {"illegal map value", "a \":\" cannot stand here",
     "quote the value if the colon belongs to it, or check the indentation"},
    {"illegal map key", "a key cannot stand here", "check the indentation"},
    {"end of map not found", "this line fits no level of the mapping above it",
     "indent it exactly as its siblings"},
    {"end of sequence not found", "this line fits no level of the list above it",
     "begin it with \"- \", or indent it exactly as its siblings"},
    {"end of map flow not found", "a \"{\" is never closed", "close it with \"}\""},
    {"end of sequence flow not found", "a \"[\" is never closed", "close it with \"]\""},
    {"illegal block entry", "a \"- \" cannot stand here", "begin a list on a line of its own"},
    {"illegal document indicator in scalar", "a quote is never closed", "add the closing quote"},
    {"illegal EOF in scalar", "a quote is never closed", "add the closing quote"},
    {"unknown token", "this character cannot begin a value", "quote the value"},
}};

// Where a quote opens that its own line does not close.
std::optional<size_t> open_quote(std::string_view line) {
  char quote = 0;
  size_t opened = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    bool may_open = i == 0 || std::string_view(" ,[{").find(line[i - 1]) != std::string_view::npos;
    if (quote == 0 && (c == '"' || c == '\'') && may_open) {
      quote = c;
      opened = i;
    } else if (quote == '"' && c == '\\') {
      ++i;
    } else if (c == quote) {
      quote = 0;
    }
  }
  return quote ? std::optional(opened) : std::nullopt;
}

// The last bracket above the span that nothing closes.
std::optional<size_t> open_bracket(std::string_view line, int& depth) {
  for (size_t i = line.size(); i-- > 0;) {
    if (line[i] == '}' || line[i] == ']') ++depth;
    if ((line[i] == '{' || line[i] == '[') && --depth < 0) return i;
  }
  return std::nullopt;
}

// The parser sees that something is never closed only at the end of the file; people want to see
// where it opens.
Span opening_of(std::string_view message, Span span, const Sources& sources) {
  bool quote = message.ends_with("in scalar");
  if (!quote && !message.ends_with("flow not found")) return span;
  int depth = 0;
  for (Span above{span.source, span.line, 1}; above.line > 0; --above.line) {
    std::string_view line = sources.line(above);
    auto found = quote ? open_quote(line) : open_bracket(line, depth);
    if (!found) continue;
    above.column = static_cast<uint32_t>(*found + 1);
    return above;
  }
  return span;
}

}  // namespace

bool check_encoding(std::string_view text, uint32_t source, Report& report) {
  for (size_t at = 0; at < text.size();) {
    auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte < 0x7F) {
      ++at;
      continue;
    }
    bool control = byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
    size_t length = utf8_length(text.substr(at, 4));
    if (length == 0 || control || byte == 0x7F) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "0x%02x", byte);
      report.error(span_of(text, at, source), Path(),
                   cat("byte ", code.data(), control ? " is a control character" : " is not UTF-8"),
                   "a Compose file is UTF-8 text");
      return false;
    }
    at += length;
  }
  return true;
}

// "image nginx" above "user: x": to YAML one text over two lines, until the colon.
std::optional<Span> key_without_colon(std::string_view message, Span span, const Sources& sources) {
  if (message != "illegal map value") return std::nullopt;
  Span above = line_above(span, sources);
  std::string_view line = sources.line(above);
  bool sibling = above.line < span.line && indentation(line) == indentation(sources.line(span));
  if (!sibling || line.find(':') != std::string_view::npos) return std::nullopt;
  return above;
}

// The name that begins after the sign at `at`.
std::string name_after(std::string_view text, size_t at) {
  std::string_view rest = text.substr(std::min(at + 1, text.size()));
  return std::string(rest.substr(0, rest.find_first_of(" \t\r\n,[]{}")));
}

Finding explain_unknown_anchor(Span span, const Sources& sources) {
  std::string name = name_after(sources.line(span), span.column - 1);
  std::string_view text = sources.text(span.source);
  std::vector<std::string> anchors;
  for (size_t at = text.find('&'); at != text.npos; at = text.find('&', at + 1))
    anchors.push_back(name_after(text, at));
  auto near = text::nearest(name, anchors);
  return {span, cat("there is no anchor \"&", name, "\" above this alias"),
          near ? cat("did you mean \"*", *near, "\"?")
               : "define it above in the same document, or quote the value if it begins with *"};
}

// What closes the bracket stands in the same line: something before it should not.
std::optional<Finding> explain_missing_comma(std::string_view message, Span span,
                                             const Sources& sources) {
  bool list = message == "end of sequence flow not found";
  if (!list && message != "end of map flow not found") return std::nullopt;
  char opening = list ? '[' : '{', closing = list ? ']' : '}';
  std::string_view line = sources.line(span);
  std::string_view rest = line.substr(std::min<size_t>(span.column - 1, line.size()));
  if (std::ranges::count(rest, closing) <= std::ranges::count(rest, opening)) return std::nullopt;
  return Finding{span, cat("a comma or \"", std::string(1, closing), "\" is missing before this"),
                 "quote the value if what follows belongs to it"};
}

Finding explain_syntax_error(std::string_view message, Span span, const Sources& sources) {
  std::string_view line = sources.line(span);
  size_t tab = indentation(line).find('\t');
  if (tab != std::string_view::npos) {
    span.column = static_cast<uint32_t>(tab + 1);
    return {span, "a tab is used for indentation", "YAML wants spaces"};
  }
  if (lacks_blank_after_colon(line)) {
    span.column = static_cast<uint32_t>(line.find(':') + 1);
    return {span, "a blank is missing after this colon", "write \"key: value\""};
  }
  Span above = line_above(span, sources);
  if (lacks_blank_after_colon(sources.line(above))) {
    above.column = static_cast<uint32_t>(sources.line(above).find(':') + 1);
    return {above, "a blank is missing after this colon", "write \"key: value\""};
  }
  if (message == "the referenced anchor is not defined")
    return explain_unknown_anchor(span, sources);
  if (message.starts_with("unknown escape character"))
    return {span, "\"\\\" begins no escape that YAML knows",
            "double it, or write the value in single quotes"};
  if (auto comma = explain_missing_comma(message, span, sources)) return *comma;
  if (auto bare = key_without_colon(message, span, sources))
    return {*bare, "a colon is missing in this line", "write \"key: value\""};
  for (const Rule& rule : rules)
    if (message == rule.parser_message)
      return {opening_of(message, span, sources), std::string(rule.message),
              std::string(rule.hint)};
  return {span, cat("not valid YAML: ", message), ""};
}

}  // namespace estiba::spec
