#include "imgmgr/build/words.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::img::build {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_special_parameter(char c) {
  return std::string_view("@*#?-$!").find(c) != std::string_view::npos;
}

// Collects words while text is produced; only text from outside quotes can end a word.
class WordList {
 public:
  void add_splittable(std::string_view text) {
    for (char c : text) {
      if (is_blank(c)) {
        end_word();
      } else {
        word_ += c;
        started_ = true;
      }
    }
  }
  void add_solid(std::string_view text) {
    word_ += text;
    started_ = true;
  }
  std::vector<std::string> finish() {
    end_word();
    return std::move(words_);
  }

 private:
  void end_word() {
    if (started_) words_.push_back(std::move(word_));
    word_.clear();
    started_ = false;
  }
  std::vector<std::string> words_;
  std::string word_;
  bool started_ = false;
};

class Scanner {
 public:
  Scanner(std::string_view text, const Lookup& lookup, const WordRules& rules)
      : text_(text), lookup_(lookup), rules_(rules) {}

  std::string whole() { return until('\0', Escapes::removed); }
  std::vector<std::string> words() {
    until('\0', Escapes::removed);
    return words_.finish();
  }

 private:
  enum class Escapes { removed, kept };

  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return text_[at_]; }

  // Up to `stop` outside quotes, which is consumed, or to the end ('\0').
  std::string until(char stop, Escapes escapes) {
    std::string out;
    while (!at_end()) {
      char c = peek();
      if (stop != '\0' && c == stop) {
        ++at_;
        return out;
      }
      out += step(c, stop, escapes);
    }
    if (stop != '\0') throw Error(cat("\"", std::string(1, stop), "\" is missing after \"${\""));
    return out;
  }

  std::string step(char c, char stop, Escapes escapes) {
    bool top = stop == '\0';
    if (rules_.quoting == Quoting::shell && (c == '\'' || c == '"')) {
      std::string quoted = c == '\'' ? single_quoted() : double_quoted();
      if (top) words_.add_solid(quoted);
      return quoted;
    }
    if (c == '$') {
      std::string value = dollar();
      if (top) words_.add_splittable(value);
      return value;
    }
    ++at_;
    if (c == rules_.escape) return escaped(top, escapes);
    std::string plain(1, c);
    if (top) words_.add_splittable(plain);
    return plain;
  }

  std::string escaped(bool top, Escapes escapes) {
    bool keep = escapes == Escapes::kept || rules_.quotes == Quotes::kept;
    std::string out;
    if (keep) out += rules_.escape;
    if (at_end()) {
      // A lone escape at the end stands for nothing.
    } else {
      out += peek();
      ++at_;
    }
    if (top && !out.empty()) words_.add_solid(out);
    return out;
  }

  std::string single_quoted() {
    size_t close = text_.find('\'', at_ + 1);
    if (close == std::string_view::npos) throw Error("a single quote is never closed");
    std::string_view inner = text_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    return rules_.quotes == Quotes::kept ? cat("'", inner, "'") : std::string(inner);
  }

  std::string double_quoted() {
    std::string out;
    ++at_;
    while (!at_end()) {
      char c = peek();
      if (c == '"') {
        ++at_;
        return rules_.quotes == Quotes::kept ? cat("\"", out, "\"") : out;
      }
      if (c == '$') {
        out += dollar();
        continue;
      }
      ++at_;
      if (c == rules_.escape && !at_end()) {
        char next = peek();
        bool special = next == '"' || next == '$' || next == rules_.escape;
        if (!special || rules_.quotes == Quotes::kept) out += c;
        c = next;
        ++at_;
      }
      out += c;
    }
    throw Error("a double quote is never closed");
  }

  std::string name() {
    size_t start = at_;
    if (at_end()) return "";
    if (is_name_start(peek())) {
      while (!at_end() && (is_name_start(peek()) || is_digit(peek()))) ++at_;
    } else if (is_digit(peek())) {
      while (!at_end() && is_digit(peek())) ++at_;
    } else if (is_special_parameter(peek())) {
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  std::string dollar() {
    size_t start = at_++;
    if (!at_end() && peek() == '{') {
      ++at_;
      return braces(start);
    }
    std::string variable = name();
    if (variable.empty()) return "$";
    return value_or_text(variable, start);
  }

  std::string value_or_text(const std::string& variable, size_t start) const {
    if (auto value = lookup_(variable)) return *value;
    return rules_.unset == Unset::kept ? std::string(text_.substr(start, at_ - start)) : "";
  }

  std::string braces(size_t start) {
    std::string variable = name();
    if (variable.empty()) throw Error("\"${\" is not followed by a variable's name");
    if (at_end()) throw Error(cat("\"}\" is missing after \"${", variable, "\""));
    char modifier = peek();
    ++at_;
    if (modifier == '}') return value_or_text(variable, start);
    bool colon = modifier == ':';
    if (colon) {
      if (at_end()) throw Error(cat("\"}\" is missing after \"${", variable, "\""));
      modifier = peek();
      ++at_;
    }
    auto value = lookup_(variable);
    std::string result = modified(variable, modifier, colon);
    if (!value && rules_.unset == Unset::kept) return std::string(text_.substr(start, at_ - start));
    return result;
  }

  std::string modified(const std::string& variable, char modifier, bool colon) {
    auto value = lookup_(variable);
    bool set = value && !(colon && value->empty());
    switch (modifier) {
      case '+': {
        std::string word = until('}', Escapes::removed);
        return set ? word : "";
      }
      case '-': {
        std::string word = until('}', Escapes::removed);
        return set ? *value : word;
      }
      case '?':
        return required(variable, set ? value : std::nullopt);
      case '#':
      case '%':
        if (!colon) return trimmed(modifier, value.value_or(""));
        break;
      case '/':
        if (!colon) return substituted(value.value_or(""));
        break;
      default:
        break;
    }
    throw Error(cat("\"", std::string(1, modifier), "\" is no modifier of ${", variable, "...}"));
  }

  std::string required(const std::string& variable, const std::optional<std::string>& value) {
    std::string word = until('}', Escapes::removed);
    if (value) return *value;
    throw Error(cat(variable, ": ", word.empty() ? "is not set" : word));
  }

  std::string trimmed(char modifier, const std::string& value) {
    Match match = Match::shortest;
    if (!at_end() && peek() == modifier) {
      match = Match::longest;
      ++at_;
    }
    std::string pattern = until('}', Escapes::kept);
    return modifier == '#' ? without_prefix(value, pattern, match)
                           : without_suffix(value, pattern, match);
  }

  std::string substituted(const std::string& value) {
    Occurrences which = Occurrences::first;
    if (!at_end() && peek() == '/') {
      which = Occurrences::all;
      ++at_;
    }
    std::string pattern = until('/', Escapes::kept);
    return replaced(value, pattern, until('}', Escapes::removed), which);
  }

  std::string_view text_;
  const Lookup& lookup_;
  const WordRules& rules_;
  WordList words_;
  size_t at_ = 0;
};

}  // namespace

std::string expand_word(std::string_view text, const Lookup& lookup, const WordRules& rules) {
  return Scanner(text, lookup, rules).whole();
}

std::vector<std::string> expand_words(std::string_view text, const Lookup& lookup,
                                      const WordRules& rules) {
  return Scanner(text, lookup, rules).words();
}

std::vector<std::string> split_words(std::string_view text, char escape) {
  std::vector<std::string> out;
  std::string word;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote == '\0' && is_blank(c)) {
      if (!word.empty()) out.push_back(std::exchange(word, {}));
      continue;
    }
    word += c;
    if (c == escape && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    }
  }
  if (!word.empty()) out.push_back(word);
  return out;
}

}  // namespace estiba::img::build
