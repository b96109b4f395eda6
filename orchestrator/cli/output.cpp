#include "orchestrator/cli/output.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/sys.hpp"

namespace estiba::orchestrator {

void print(std::string_view text) {
  if (!text.empty()) sys::write_all(FdRef(STDOUT_FILENO), text, "standard output");
}

void print_aside(std::string_view text) {
  while (!text.empty()) {
    ssize_t written = sys::eintr([&] { return ::write(STDERR_FILENO, text.data(), text.size()); });
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void print_warning(std::string_view sentence) { print_aside(cat("warning: ", sentence, "\n")); }

void print_error(std::string_view sentence, ErrorForm form) {
  if (sentence.empty()) return;
  if (form == ErrorForm::json)
    print_aside(Json{{"error", true}, {"message", sentence}}.dump() + "\n");
  else
    print_aside(cat(sentence, "\n"));
}

}  // namespace estiba::orchestrator
