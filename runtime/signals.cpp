// Signal names as Compose files and command lines write them.
#include <signal.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "runtime/containers.hpp"

namespace estiba::runtime {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 34> names{{
    {"hup", SIGHUP},       {"int", SIGINT},     {"quit", SIGQUIT}, {"ill", SIGILL},
    {"trap", SIGTRAP},     {"abrt", SIGABRT},   {"iot", SIGIOT},   {"bus", SIGBUS},
    {"fpe", SIGFPE},       {"kill", SIGKILL},   {"usr1", SIGUSR1}, {"segv", SIGSEGV},
    {"usr2", SIGUSR2},     {"pipe", SIGPIPE},   {"alrm", SIGALRM}, {"term", SIGTERM},
    {"stkflt", SIGSTKFLT}, {"chld", SIGCHLD},   {"cld", SIGCHLD},  {"cont", SIGCONT},
    {"stop", SIGSTOP},     {"tstp", SIGTSTP},   {"ttin", SIGTTIN}, {"ttou", SIGTTOU},
    {"urg", SIGURG},       {"xcpu", SIGXCPU},   {"xfsz", SIGXFSZ}, {"vtalrm", SIGVTALRM},
    {"prof", SIGPROF},     {"winch", SIGWINCH}, {"io", SIGIO},     {"poll", SIGPOLL},
    {"pwr", SIGPWR},       {"sys", SIGSYS},
}};
// The first two real-time signals belong to the C library; names count from the kernel's 34 on.
constexpr int first_real_time = 34, last_real_time = 64;

std::optional<int> real_time(std::string_view name) {
  bool from_first = name.starts_with("rtmin");
  if (!from_first && !name.starts_with("rtmax")) return std::nullopt;
  std::string_view rest = name.substr(5);
  int64_t offset = 0;
  if (!rest.empty()) {
    if (rest.front() != (from_first ? '+' : '-')) return std::nullopt;
    auto number = text::to_uint(rest.substr(1));
    if (!number || *number > last_real_time - first_real_time) return std::nullopt;
    offset = static_cast<int64_t>(*number);
  }
  return static_cast<int>(from_first ? first_real_time + offset : last_real_time - offset);
}

}  // namespace

std::optional<int> parse_signal(const std::string& text) {
  if (auto number = text::to_int(text)) {
    if (*number < 1 || *number > last_real_time) return std::nullopt;
    return static_cast<int>(*number);
  }
  std::string name = text::lower(text);
  if (name.starts_with("sig")) name.erase(0, 3);
  for (const auto& [known, number] : names)
    if (known == name) return number;
  return real_time(name);
}

}  // namespace estiba::runtime
