// `command: a "b c" && d`: split into words as Compose does it, which is no shell: quotes and
// backslashes count, and what follows an operator is dropped.
#include "base/error.hpp"
#include "compose-spec/canonical/canonical.hpp"

namespace estiba::spec::canonical {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_operator(char c) { return std::string_view(";&|<>").find(c) != std::string_view::npos; }

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  SplitCommand split() {
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\\' && quote_ != '\'') {
        escape();
      } else if (is_blank(c) && quote_ == 0) {
        end_word();
      } else if (is_operator(c) && quote_ == 0) {
        return cut();
      } else if (!open_or_close(c)) {
        word_ += c;
        in_word_ = true;
      }
    }
    if (quote_ != 0) refuse_open();
    end_word();
    return std::move(out_);
  }

 private:
  void escape() {
    if (at_ + 1 >= text_.size())
      throw BadShortForm{"nothing follows the backslash at the end of this command", "remove it"};
    word_ += text_[++at_];
    in_word_ = true;
  }

  void end_word() {
    if (in_word_) out_.words.push_back(std::exchange(word_, std::string()));
    in_word_ = false;
  }

  // "2>" belongs to what is left out.
  SplitCommand cut() {
    bool numbered = text_[at_] == '>' && !word_.empty() && word_[0] >= '0' && word_[0] <= '9';
    if (!numbered) end_word();
    out_.rest = text_.substr(numbered ? at_ - word_.size() : at_);
    return std::move(out_);
  }

  // Whether the character only opens or closes: "...", '...'; `...` and $(...) stay as they are.
  bool open_or_close(char c) {
    if ((c == '"' || c == '\'') && (quote_ == 0 || quote_ == c)) {
      in_word_ = true;
      quote_ = quote_ == 0 ? c : '\0';
      return true;
    }
    if (c == '`' && (quote_ == 0 || quote_ == '`')) quote_ = quote_ == 0 ? c : '\0';
    if (c == '(' && quote_ == 0) {
      if (!word_.ends_with('$'))
        throw BadShortForm{"\"(\" cannot stand in a command of words",
                           "quote it, or write the command as a list"};
      quote_ = ')';
    } else if (c == ')' && quote_ == ')') {
      quote_ = 0;
    } else if (c == ')' && quote_ == 0) {
      throw BadShortForm{"\")\" cannot stand in a command of words",
                         "quote it, or write the command as a list"};
    }
    return false;
  }

  [[noreturn]] void refuse_open() const {
    if (quote_ == ')')
      throw BadShortForm{"\"$(\" in this command is never closed", "add the closing \")\""};
    throw BadShortForm{"a quote in this command is never closed", "add the closing quote"};
  }

  std::string_view text_;
  size_t at_ = 0;
  char quote_ = 0;  ///< what would close the quote that is open
  bool in_word_ = false;
  std::string word_;
  SplitCommand out_;
};

}  // namespace

SplitCommand split_command(std::string_view text) { return Splitter(text).split(); }

}  // namespace estiba::spec::canonical
