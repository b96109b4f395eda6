#include "orchestrator/cli/output.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/sys.hpp"
#include "base/visible.hpp"

namespace estiba::orchestrator {

void print_raw(std::string_view bytes) {
  if (!bytes.empty()) sys::write_all(FdRef(STDOUT_FILENO), bytes, "standard output");
}

void print_raw_aside(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written =
        sys::eintr([&] { return ::write(STDERR_FILENO, bytes.data(), bytes.size()); });
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void print(std::string_view text) { print_raw(visible(text)); }

void print_aside(std::string_view text) { print_raw_aside(visible(text)); }

void print_warning(std::string_view sentence) { print_aside(cat("warning: ", sentence, "\n")); }

void print_error(std::string_view sentence, ErrorForm form) {
  if (sentence.empty()) return;
  if (form == ErrorForm::json)
    print_aside(json::dump({{"error", true}, {"message", sentence}}) + "\n");
  else
    print_aside(cat(sentence, "\n"));
}

}  // namespace estiba::orchestrator
