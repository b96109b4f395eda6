#include "base/error.hpp"

#include <cstring>

namespace estiba {

Error::Error(std::string message, int exit_code)
    : message_(std::move(message)), exit_code_(exit_code) {}

Error::Error(std::string_view call, std::string_view subject, Errno code)
    : message_(cat(call, subject.empty() ? "" : " ", subject, ": ",
                   strerrordesc_np(code.value) ? strerrordesc_np(code.value) : "unknown error")),
      code_(code.value) {}

Error Error::within(std::string_view phrase) const {
  Error outer = *this;
  outer.message_ = cat(phrase, ": ", message_);
  return outer;
}

Error Error::with_exit_code(int exit_code) const {
  Error other = *this;
  other.exit_code_ = exit_code;
  return other;
}

}  // namespace estiba
