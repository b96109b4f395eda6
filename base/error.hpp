// The project's one error type: facts inside, story outside. The innermost layer says which call on
// which subject failed and why; each layer above adds at most one phrase; only the command prints.
// Expected outcomes (not found, would block, timed out) are values, never errors.
#pragma once
#include <cerrno>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace estiba {

/// An errno value; its text is strerror's.
struct Errno {
  int value;
};

/// Concatenates texts (no format strings: the keeper links this and stays small).
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (out.append(std::string_view(parts)), ...);
  return out;
}

class Error : public std::exception {
 public:
  /// A whole sentence for the user, without "error:" and without a final full stop.
  explicit Error(std::string message, int exit_code = 1);
  /// A failed system call: prints as `call subject: strerror(code)`.
  Error(std::string_view call, std::string_view subject, Errno code);

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const { return message_; }
  /// errno of the innermost failed call, 0 if there was none.
  int code() const { return code_; }
  /// What the command exits with: 1, or 125/126/127 as Docker has them.
  int exit_code() const { return exit_code_; }

  /// The same error, told from one layer further out: "phrase: message".
  Error within(std::string_view phrase) const;
  Error with_exit_code(int exit_code) const;

 private:
  std::string message_;
  int code_ = 0;
  int exit_code_ = 1;
};

/// Runs f; an Error that leaves it is told as happening while doing `phrase...`.
template <typename F, typename... Phrase>
decltype(auto) with_context(F&& f, const Phrase&... phrase) {
  try {
    return std::forward<F>(f)();
  } catch (const Error& error) {
    throw error.within(cat(phrase...));
  }
}

}  // namespace estiba
