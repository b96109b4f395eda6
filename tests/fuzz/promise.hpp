// What targets promise, and a folder for those that need files.
#pragma once
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace estiba::fuzz {

inline void promise(bool kept) {
  if (!kept) std::abort();
}

/// What is told of a mistake is one sentence, whatever it quotes.
inline void promise_sentence(std::string_view message) {
  promise(!message.empty());
  for (char c : message) promise(static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
}

/// Runs f; an Error is a proper answer if it is a sentence, and anything else thrown is none.
template <typename F>
void answered(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    promise_sentence(error.message());
  }
}

/// The same for mistakes whose messages quote names as files or archives have them, which may hold
/// any byte but NUL.
template <typename F>
void told(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    promise(!error.message().empty());
  }
}

/// In memory, used again and again, and removed at the end.
class Directory {
 public:
  Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// While it lives this thread, and those it starts, reach files with nobody's rights: what is fed
/// with archives must not be able to write to this machine, even if it breaks all its promises.
class Nobody {
 public:
  Nobody();
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;
  ~Nobody();
  static constexpr unsigned id = 65534;
};

}  // namespace estiba::fuzz
