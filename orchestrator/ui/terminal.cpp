#include "orchestrator/ui/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace estiba::orchestrator::ui {
namespace {

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

}  // namespace

bool is_terminal(FdRef fd) { return ::isatty(fd.get()) == 1; }

Size terminal_size(FdRef fd) {
  winsize size{};
  if (::ioctl(fd.get(), TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

bool colours_for(FdRef fd, std::string_view wanted) {
  if (wanted == "always") return true;
  if (wanted == "never" || is_set("NO_COLOR")) return false;
  if (is_set("CLICOLOR_FORCE")) return true;
  const char* term = std::getenv("TERM");
  bool dumb = term && std::string_view(term) == "dumb";
  return !dumb && is_terminal(fd);
}

size_t display_width(std::string_view text) {
  size_t columns = 0;
  for (char byte : text) columns += is_continuation(byte) ? 0 : 1;
  return columns;
}

std::string shortened(std::string_view text, size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  size_t kept = 0, end = 0;
  while (end < text.size() && kept < columns - 1) {
    ++end;
    while (end < text.size() && is_continuation(text[end])) ++end;
    ++kept;
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace estiba::orchestrator::ui
