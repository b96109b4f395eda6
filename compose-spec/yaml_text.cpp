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

uint32_t characters(std::string_view text) {
  auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<uint32_t>(std::count_if(text.begin(), text.end(), starts));
}

Span span_of(std::string_view text, size_t at, uint32_t source) {
  std::string_view before = text.substr(0, at);
  auto lines = std::count(before.begin(), before.end(), '\n');
  size_t line_start = before.rfind('\n');
  if (line_start != std::string_view::npos) before.remove_prefix(line_start + 1);
  return {source, static_cast<uint32_t>(lines + 1), characters(before) + 1};
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
  std::string_view problem;
  std::string_view message;
  std::string_view hint;
};

// What libyaml says, and what is meant.
constexpr std::array<Rule, 18> rules{{
    {"mapping values are not allowed in this context", "a \":\" cannot stand here",
     "quote the value if the colon belongs to it, or check the indentation"},
    {"mapping keys are not allowed in this context", "a key cannot stand here",
     "check the indentation"},
    {"block sequence entries are not allowed in this context", "a \"- \" cannot stand here",
     "begin a list on a line of its own"},
    {"could not find expected ':'", "a key without a colon", "write \"key: value\""},
    {"did not find expected key", "this line fits no level of the mapping above it",
     "indent it exactly as its siblings"},
    {"did not find expected '-' indicator", "this line fits no level of the list above it",
     "begin it with \"- \", or indent it exactly as its siblings"},
    {"did not find expected <document start>", "nothing may follow the document's only value",
     "check the indentation, or begin another document with ---"},
    {"found unknown escape character", "\"\\\" begins no escape that YAML knows",
     "double it, or write the value in single quotes"},
    {"found unexpected document indicator", "a quote is never closed", "add the closing quote"},
    {"found unexpected end of stream", "a quote is never closed", "add the closing quote"},
    {"found a tab character that violates indentation", "a tab is used for indentation",
     "YAML wants spaces"},
    {"found a tab character where an indentation space is expected",
     "a tab is used for indentation", "YAML wants spaces"},
    {"did not find expected alphabetic or numeric character",
     "a name must follow this sign without a blank", "quote the value if it begins with * or &"},
    {"did not find expected comment or line break",
     "the text of a | or > block begins on the next line", "move it there, indented"},
    {"found undefined tag handle", "this tag's handle is not defined", "remove the tag"},
    {"did not find expected node content", "a value is missing here", ""},
    {"found character that cannot start any token", "this character cannot begin a value",
     "quote the value"},
    {"found duplicate %YAML directive", "%YAML is written twice", "remove one of them"},
}};

// Where a quote opens that its own line does not close: the byte.
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
std::optional<Span> key_without_colon(const SyntaxError& error, const Sources& sources) {
  if (error.problem != "mapping values are not allowed in this context") return std::nullopt;
  Span above = line_above(error.span, sources);
  std::string_view line = sources.line(above);
  bool sibling =
      above.line < error.span.line && indentation(line) == indentation(sources.line(error.span));
  if (!sibling || line.find(':') != std::string_view::npos) return std::nullopt;
  return above;
}

// A bracket that is still open where the parser meets what cannot be in it.
Finding explain_flow(const SyntaxError& error, const Sources& sources) {
  bool list = error.context == "while parsing a flow sequence";
  std::string_view closing = list ? "]" : "}";
  if (error.span.line == error.context_span.line && !text::trim(sources.line(error.span)).empty())
    return {error.span, cat("a comma or \"", closing, "\" is missing before this"),
            "quote the value if what follows belongs to it"};
  return {error.context_span, cat("a \"", list ? "[" : "{", "\" is never closed"),
          cat("close it with \"", closing, "\"")};
}

// A quote is seen to be open at the end of the file, or at the quote that was to open the next
// text; it is shown where it opens.
std::optional<Finding> explain_quote(const SyntaxError& error, const Sources& sources) {
  for (Span above{error.span.source, error.span.line, 1}; above.line > 0; --above.line) {
    auto found = open_quote(sources.line(above));
    if (!found) continue;
    above.column = characters(sources.line(above).substr(0, *found)) + 1;
    return Finding{above, "a quote is never closed", "add the closing quote"};
  }
  return std::nullopt;
}

Finding explain_syntax_error(const SyntaxError& error, const Sources& sources) {
  Span span = error.span;
  std::string_view line = sources.line(span);
  size_t tab = indentation(line).find('\t');
  if (tab != std::string_view::npos) {
    span.column = static_cast<uint32_t>(tab + 1);
    return {span, "a tab is used for indentation", "YAML wants spaces"};
  }
  for (Span near : {span, line_above(span, sources)}) {
    if (!lacks_blank_after_colon(sources.line(near))) continue;
    near.column = static_cast<uint32_t>(sources.line(near).find(':') + 1);
    return {near, "a blank is missing after this colon", "write \"key: value\""};
  }
  if (auto above = key_without_colon(error, sources))
    return {*above, "a colon is missing in this line", "write \"key: value\""};
  if (error.context == "while parsing a flow sequence" ||
      error.context == "while parsing a flow mapping")
    return explain_flow(error, sources);
  if (error.context == "while scanning a quoted scalar" && error.problem.ends_with("of stream"))
    if (auto found = explain_quote(error, sources)) return *found;
  bool at_start = error.context == "while scanning a simple key";
  for (const Rule& rule : rules)
    if (error.problem == rule.problem)
      return {at_start ? error.context_span : span, std::string(rule.message),
              std::string(rule.hint)};
  return {span, cat("not valid YAML: ", error.problem), ""};
}

}  // namespace estiba::spec
