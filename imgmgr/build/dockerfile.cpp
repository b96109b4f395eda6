#include "imgmgr/build/dockerfile.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"

namespace estiba::img::build {
namespace {

using text::trim;

// As other builders have it, so that a file that builds here builds there.
constexpr size_t max_line = 65535;

std::string_view without_newline(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view left_trimmed(std::string_view line) {
  size_t start = line.find_first_not_of(" \t");
  return start == std::string_view::npos ? std::string_view{} : line.substr(start);
}

bool is_comment(std::string_view line) { return left_trimmed(line).starts_with('#'); }

struct Directive {
  std::string name, value;
};

// "# name=value"; nothing ends the list of directives.
std::optional<Directive> parse_directive(std::string_view line) {
  line = trim(line);
  if (!line.starts_with('#')) return std::nullopt;
  size_t equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string name = text::lower(trim(line.substr(1, equals - 1)));
  bool is_word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
  std::string value(trim(line.substr(equals + 1)));
  if (!is_word || value.empty()) return std::nullopt;
  return Directive{name, value};
}

// Another one is a comment, and ends the list of directives.
bool is_known(const std::string& directive) {
  return directive == "syntax" || directive == "escape" || directive == "check";
}

class Parser {
 public:
  explicit Parser(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    size_t start = 0;
    while (start < text.size()) {
      size_t end = std::min(text.find('\n', start), text.size() - 1);
      lines_.push_back(text.substr(start, end + 1 - start));
      start = end + 1;
    }
  }

  Dockerfile run() {
    read_directives();
    while (at_ < lines_.size()) {
      if (trim(lines_[at_]).empty() || is_comment(lines_[at_])) {
        comment_ = trim(lines_[at_]);
        ++at_;
      } else {
        read_statement();
      }
    }
    if (out_.statements.empty()) throw SyntaxError(1, "the file has no instructions");
    return std::move(out_);
  }

 private:
  void read_directives() {
    std::set<std::string> seen;
    // Directives stand before everything else, and are comments too: the cursor stays.
    for (size_t i = 0; i < lines_.size(); ++i) {
      auto directive = parse_directive(lines_[i]);
      if (!directive || !is_known(directive->name)) return;
      int line = static_cast<int>(i) + 1;
      if (!seen.insert(directive->name).second)
        throw SyntaxError(line, cat("the directive \"", directive->name, "\" is given twice"));
      if (directive->name == "check") out_.check = directive->value;
      if (directive->name != "escape") continue;
      if (directive->value != "\\" && directive->value != "`")
        throw SyntaxError(line, "the escape directive must be ` or \\");
      out_.escape = directive->value.front();
    }
  }

  std::string_view take_line() {
    std::string_view line = without_newline(lines_[at_++]);
    if (line.size() > max_line)
      throw SyntaxError(static_cast<int>(at_), "the line is longer than 65535 bytes");
    return line;
  }

  // Whether the line goes on; its escape character and the blanks after it are taken off. A doubled
  // one is a character of its own.
  bool strip_continuation(std::string_view& line) const {
    std::string_view body = line;
    while (body.ends_with(' ') || body.ends_with('\t')) body.remove_suffix(1);
    if (!body.ends_with(out_.escape)) return false;
    body.remove_suffix(1);
    if (body.ends_with(out_.escape)) return false;
    line = body;
    return true;
  }

  std::string read_logical_line(std::vector<int>& empty_lines) {
    std::string_view part = left_trimmed(take_line());
    bool goes_on = strip_continuation(part);
    std::string joined(part);
    while (goes_on && at_ < lines_.size()) {
      part = take_line();
      if (trim(part).empty()) empty_lines.push_back(static_cast<int>(at_));
      if (trim(part).empty() || is_comment(part)) continue;
      goes_on = strip_continuation(part);
      joined += part;
    }
    return joined;
  }

  void read_statement() {
    SourceStatement out;
    out.line = static_cast<int>(at_) + 1;
    out.comment = std::exchange(comment_, {});
    out.comment.erase(0, out.comment.find_first_not_of("# "));
    out.text = read_logical_line(out.empty_lines);
    try {
      out.statement = split_statement(out.text, out_.escape);
      for (const auto& start : heredoc_starts(out.statement))
        out.heredocs.push_back(read_heredoc(start));
    } catch (const SyntaxError&) {
      throw;
    } catch (const Error& error) {
      throw SyntaxError(out.line, error.message());
    }
    out_.statements.push_back(std::move(out));
  }

  std::vector<HeredocStart> heredoc_starts(Statement statement) const {
    while (statement.keyword == "ONBUILD") statement = split_statement(statement.rest, out_.escape);
    if (statement.keyword != "RUN" && statement.keyword != "COPY" && statement.keyword != "ADD")
      return {};
    std::vector<HeredocStart> out;
    if (statement.rest.find("<<") == std::string::npos) return out;
    for (const auto& word : split_words(statement.rest, out_.escape))
      if (auto start = parse_heredoc_start(word, out_.escape)) out.push_back(*start);
    return out;
  }

  Heredoc read_heredoc(const HeredocStart& start) {
    Heredoc out{start.name, "", start.expand};
    int begin = static_cast<int>(at_);
    while (at_ < lines_.size()) {
      std::string_view line = lines_[at_++];
      if (start.strip_tabs) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
      if (without_newline(line) == start.name) return out;
      out.content += line;
    }
    throw SyntaxError(begin, cat("the heredoc \"", start.name, "\" is never ended"));
  }

  std::vector<std::string_view> lines_;
  size_t at_ = 0;
  std::string comment_;
  Dockerfile out_;
};

}  // namespace

std::optional<HeredocStart> parse_heredoc_start(const std::string& word, char escape) {
  std::string_view rest = word;
  // A descriptor number may stand before: 0<<EOF.
  rest.remove_prefix(std::min(rest.find_first_not_of("0123456789"), rest.size()));
  if (!rest.starts_with("<<")) return std::nullopt;
  rest.remove_prefix(2);
  HeredocStart out;
  if (rest.starts_with('-')) {
    out.strip_tabs = true;
    rest.remove_prefix(1);
  }
  if (rest.empty() || rest.find('<') != std::string_view::npos) return std::nullopt;
  auto nothing = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  WordRules rules{.escape = escape, .unset = Unset::kept};
  auto words = expand_words(rest, nothing, rules);
  if (words.size() != 1) return std::nullopt;
  out.name = words.front();
  out.expand = out.name == rest;
  return out;
}

Dockerfile parse_dockerfile(std::string_view text) { return Parser(text).run(); }

}  // namespace estiba::img::build
