#include "imgmgr/registry/challenge.hpp"

#include "base/text.hpp"

namespace estiba::img {
namespace {

constexpr std::string_view separators = " \t,=\"";

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void skip(std::string_view characters) {
    size_t start = rest_.find_first_not_of(characters);
    rest_ = start == rest_.npos ? "" : rest_.substr(start);
  }
  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string token() {
    std::string_view found = rest_.substr(0, rest_.find_first_of(separators));
    rest_.remove_prefix(found.size());
    return std::string(found);
  }
  std::string value() {
    if (!take('"')) return token();
    std::string out;
    while (!rest_.empty() && !take('"')) {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    return out;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::string Challenge::value(const std::string& name) const {
  auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> out;
  Scanner scanner(header);
  while (true) {
    scanner.skip(" \t,");
    if (scanner.at_end()) return out;
    std::string word = text::lower(scanner.token());
    scanner.skip(" \t");
    if (scanner.take('=')) {
      scanner.skip(" \t");
      std::string value = scanner.value();
      if (!out.empty() && !word.empty()) out.back().values[word] = value;
    } else if (!word.empty()) {
      out.push_back({word, {}});
    } else {
      scanner.value();  // a quoted text where none belongs
    }
  }
}

}  // namespace estiba::img
