#include "compose-spec/dotenv.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "compose-spec/template.hpp"

namespace estiba::spec {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

bool in_name(char c) {
  auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || byte >= 0x80 ||
         std::string_view("_.-[]").find(c) != std::string::npos;
}

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && (is_blank(text.back()) || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

std::string without_carriage_returns(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 >= text.size() || text[i + 1] != '\n') out += text[i];
  return out;
}

// Up to three octal digits after "\0".
size_t octal_length(std::string_view digits) {
  size_t length = 0;
  while (length < 3 && length < digits.size() && digits[length] >= '0' && digits[length] <= '7')
    ++length;
  return length;
}

// The escapes of a double-quoted value. A dollar sign becomes "$$", which expansion turns back.
std::string expand_escapes(std::string_view text) {
  constexpr std::string_view letters = "abfnrtv\"\\";
  constexpr std::string_view values = "\a\b\f\n\r\t\v\"\\";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    char next = text[++i];
    size_t known = letters.find(next);
    size_t octal = next == '0' ? octal_length(text.substr(i + 1)) : 0;
    if (known != std::string_view::npos) {
      out += values[known];
    } else if (next == '$') {
      out += "$$";
    } else if (octal > 0) {
      out += static_cast<char>(*text::to_uint(text.substr(i + 1, octal), 8));
      i += octal;
    } else {
      out += '\\';
      out += next;
    }
  }
  return out;
}

class Parser {
 public:
  Parser(std::string_view text, const DotenvOptions& options) : text_(text), options_(options) {}

  std::vector<std::pair<std::string, std::string>> parse() {
    while (skip_to_statement()) statement();
    return std::move(found_);
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }

  bool skip_to_statement() {
    while (!at_end()) {
      if (is_blank(text_[at_]) || text_[at_] == '\n') {
        ++at_;
      } else if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return true;
      }
    }
    return false;
  }

  void statement() {
    std::string_view rest = text_.substr(at_);
    if (rest.starts_with("export") && rest.size() > 6 && is_blank(rest[6])) {
      at_ += 6;
      skip_blanks();
    }
    size_t start = at_;
    while (!at_end() && text_[at_] != '=' && text_[at_] != ':' && text_[at_] != '\n') {
      if (!in_name(text_[at_]) && !is_blank(text_[at_]))
        fail(at_, cat("\"", text_.substr(at_, 1), "\" cannot be part of a variable's name"),
             "write NAME=value");
      ++at_;
    }
    std::string name(trim_end(text_.substr(start, at_ - start)));
    if (name.empty()) fail(start, "a variable's name is missing", "write NAME=value");
    if (std::any_of(name.begin(), name.end(), is_blank))
      fail(start, cat("the name \"", name, "\" contains a blank"), "write NAME=value");
    if (at_end() || text_[at_] == '\n') return inherit(name);
    ++at_;
    skip_blanks();
    set(name, value());
  }

  void skip_blanks() {
    while (!at_end() && is_blank(text_[at_])) ++at_;
  }

  void inherit(const std::string& name) {
    if (const std::string* value = lookup(name)) set(name, *value);
  }

  std::string value() {
    if (!at_end() && (text_[at_] == '"' || text_[at_] == '\'')) return quoted(text_[at_]);
    size_t start = at_;
    size_t end = std::min(text_.find('\n', at_), text_.size());
    at_ = end;
    std::string_view line = text_.substr(start, end - start);
    return expand(trim_end(line.substr(0, line.find(" #"))), start);
  }

  std::string quoted(char quote) {
    size_t start = at_++;
    std::string out;
    for (; !at_end(); ++at_) {
      char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        char next = text_[++at_];
        if (next != quote) out += '\\';
        out += next;
      } else if (c == quote) {
        ++at_;
        return quote == '"' ? expand(expand_escapes(out), start) : out;
      } else {
        out += c;
      }
    }
    fail(start, "a quote is never closed", "add the closing quote");
  }

  std::string expand(std::string_view raw, size_t start) const {
    Template expansion([this](const std::string& name) { return lookup(name); }, options_.unset);
    try {
      return expansion.expand(raw);
    } catch (const TemplateError& error) {
      fail(start, error.message, error.hint);
    }
  }

  const std::string* lookup(const std::string& name) const {
    if (const std::string* outer = options_.lookup ? options_.lookup(name) : nullptr) return outer;
    auto own = values_.find(name);
    return own == values_.end() ? nullptr : &own->second;
  }

  void set(const std::string& name, std::string value) {
    values_[name] = value;
    found_.emplace_back(name, std::move(value));
  }

  [[noreturn]] void fail(size_t at, std::string message, std::string hint) const {
    std::string_view before = text_.substr(0, at);
    size_t line_start = before.rfind('\n');
    size_t column = line_start == std::string_view::npos ? at : at - line_start - 1;
    auto lines = std::count(before.begin(), before.end(), '\n');
    throw DotenvError{static_cast<int>(lines) + 1, static_cast<int>(column) + 1, std::move(message),
                      std::move(hint)};
  }

  std::string_view text_;
  const DotenvOptions& options_;
  size_t at_ = 0;
  std::map<std::string, std::string> values_;
  std::vector<std::pair<std::string, std::string>> found_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_dotenv(std::string_view text,
                                                              const DotenvOptions& options) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::string clean = without_carriage_returns(text);
  return Parser(clean, options).parse();
}

std::vector<std::pair<std::string, std::string>> parse_raw_env(std::string_view text,
                                                               const DotenvOptions& options) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<std::pair<std::string, std::string>> found;
  int number = 0;
  for (const std::string& line : text::split(without_carriage_returns(text), '\n')) {
    ++number;
    std::string_view rest = line;
    while (!rest.empty() && is_blank(rest[0])) rest.remove_prefix(1);
    if (rest.empty() || rest[0] == '#') continue;
    size_t equals = rest.find('=');
    std::string name(rest.substr(0, equals));
    if (name.empty())
      throw DotenvError{number, 1, "a variable's name is missing", "write NAME=value"};
    if (equals != std::string_view::npos) {
      found.emplace_back(name, rest.substr(equals + 1));
    } else if (const std::string* value = options.lookup ? options.lookup(name) : nullptr) {
      found.emplace_back(name, *value);
    }
  }
  return found;
}

}  // namespace estiba::spec
