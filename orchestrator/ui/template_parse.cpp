#include <cctype>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/ui/template_syntax.hpp"

namespace estiba::orchestrator::ui {
namespace {

/// Text, or what stands between {{ and }}.
struct Piece {
  bool action = false;
  std::string text;
};

void trim_right(std::string& text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
}

std::vector<Piece> pieces_of(const std::string& text) {
  std::vector<Piece> pieces;
  size_t at = 0;
  bool trim_next = false;
  while (at <= text.size()) {
    size_t open = text.find("{{", at);
    std::string plain = text.substr(at, open == text.npos ? open : open - at);
    if (trim_next) plain.erase(0, plain.find_first_not_of(" \t\n"));
    bool trims = open != text.npos && text.compare(open, 3, "{{-") == 0;
    if (trims) trim_right(plain);
    if (!plain.empty()) pieces.push_back({false, plain});
    if (open == text.npos) break;
    size_t close = text.find("}}", open);
    if (close == text.npos) throw Error("template: a {{ has no }}");
    size_t begin = open + (trims ? 3 : 2);
    trim_next = close > begin && text[close - 1] == '-';
    size_t end = trim_next ? close - 1 : close;
    pieces.push_back({true, std::string(text::trim(text.substr(begin, end - begin)))});
    at = close + 2;
  }
  return pieces;
}

class ActionParser {
 public:
  explicit ActionParser(const std::string& text) : text_(text) {}

  Pipeline pipeline() {
    Pipeline out;
    take_variables(out);
    out.calls.push_back(call());
    while (take('|')) out.calls.push_back(call());
    return out;
  }
  void end() {
    skip_blanks();
    if (at_ < text_.size()) fail(cat("unexpected \"", text_.substr(at_), "\""));
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(cat("template: ", why, " in {{", text_, "}}"));
  }
  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(char wanted) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  std::string name() {
    size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_'))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }
  void take_variables(Pipeline& out) {
    size_t assign = text_.find(":=");
    if (assign == text_.npos) return;
    for (const std::string& part : text::split(text_.substr(at_, assign - at_), ',')) {
      std::string variable(text::trim(part));
      if (!variable.starts_with('$')) fail("a variable begins with $");
      out.variables.push_back(variable);
    }
    at_ = assign + 2;
  }
  std::vector<std::string> path() {
    std::vector<std::string> fields;
    while (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      std::string field = name();
      if (field.empty()) break;
      fields.push_back(field);
    }
    return fields;
  }
  Call call() {
    Call words;
    while (true) {
      skip_blanks();
      if (at_ >= text_.size() || text_[at_] == '|' || text_[at_] == ')') break;
      words.push_back(operand());
    }
    if (words.empty()) fail("something is missing");
    return words;
  }
  Operand operand() {
    char first = text_[at_];
    if (first == '.') return Field{"", path()};
    if (first == '"' || first == '`') return Constant{quoted(first)};
    if (first == '(') return group();
    if (first == '$') {
      ++at_;
      std::string variable = cat("$", name());
      return Field{variable, path()};
    }
    if (std::isdigit(static_cast<unsigned char>(first)) || first == '-') return number();
    std::string word = name();
    if (word.empty()) fail(cat("unexpected '", std::string(1, first), "'"));
    if (word == "true" || word == "false") return Constant{word == "true"};
    if (word == "nil") return Constant{nullptr};
    return Function{word};
  }
  Operand group() {
    ++at_;
    auto inner = std::make_unique<Pipeline>(pipeline());
    if (!take(')')) fail("a ( has no )");
    return Group{std::move(inner), path()};
  }
  Operand number() {
    size_t begin = at_++;
    while (at_ < text_.size() &&
           (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.'))
      ++at_;
    std::string digits = text_.substr(begin, at_ - begin);
    if (auto whole = text::to_int(digits)) return Constant{*whole};
    fail(cat("\"", digits, "\" is no number"));
  }
  std::string quoted(char mark) {
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == mark) {
        ++at_;
        return out;
      }
      bool escape = c == '\\' && mark == '"' && at_ + 1 < text_.size();
      if (escape) {
        char next = text_[++at_];
        c = next == 'n' ? '\n' : next == 't' ? '\t' : next;
      }
      out += c;
    }
    fail("a quote stays open");
  }

  const std::string text_;
  size_t at_ = 0;
};

class TemplateParser {
 public:
  explicit TemplateParser(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  Nodes whole() {
    Nodes nodes = until_end();
    if (at_ < pieces_.size()) throw Error(cat("template: unexpected {{", pieces_[at_].text, "}}"));
    return nodes;
  }

 private:
  static std::string first_word(const std::string& text) {
    return text.substr(0, text.find_first_of(" \t("));
  }

  /// Stops before {{end}} and {{else...}}.
  Nodes until_end() {
    Nodes nodes;
    for (; at_ < pieces_.size(); ++at_) {
      const Piece& piece = pieces_[at_];
      std::string word = piece.action ? first_word(piece.text) : "";
      if (word == "end" || word == "else") return nodes;
      if (auto node = node_of(piece, word)) nodes.push_back(std::move(node));
    }
    return nodes;
  }

  std::unique_ptr<GoTemplate::Node> node_of(const Piece& piece, const std::string& word) {
    if (!piece.action) return make(TextNode{piece.text});
    if (piece.text.starts_with("/*")) return nullptr;
    if (word == "if") return block<IfNode>(piece.text.substr(2));
    if (word == "range") return block<RangeNode>(piece.text.substr(5));
    if (word == "with") return block<WithNode>(piece.text.substr(4));
    return make(PrintNode{action(piece.text)});
  }

  template <typename Kind>
  std::unique_ptr<GoTemplate::Node> block(const std::string& head) {
    Pipeline pipeline = action(head);
    ++at_;
    Nodes body = until_end();
    Nodes otherwise;
    if (at_ >= pieces_.size()) throw Error("template: an {{end}} is missing");
    std::string tail = pieces_[at_].text;
    if (tail.starts_with("else")) {
      std::string rest(text::trim(std::string_view(tail).substr(4)));
      if (rest.starts_with("if")) {
        // {{else if}}: its own {{end}} is this block's as well.
        otherwise.push_back(block<IfNode>(rest.substr(2)));
        return make(Kind{std::move(pipeline), std::move(body), std::move(otherwise)});
      }
      ++at_;
      otherwise = until_end();
      if (at_ >= pieces_.size()) throw Error("template: an {{end}} is missing");
    }
    return make(Kind{std::move(pipeline), std::move(body), std::move(otherwise)});
  }

  static Pipeline action(const std::string& text) {
    ActionParser parser(text);
    Pipeline pipeline = parser.pipeline();
    parser.end();
    return pipeline;
  }

  template <typename Kind>
  static std::unique_ptr<GoTemplate::Node> make(Kind kind) {
    return std::make_unique<GoTemplate::Node>(GoTemplate::Node{std::move(kind)});
  }

  std::vector<Piece> pieces_;
  size_t at_ = 0;
};

}  // namespace

Nodes parse_template(const std::string& text) { return TemplateParser(pieces_of(text)).whole(); }

}  // namespace estiba::orchestrator::ui
