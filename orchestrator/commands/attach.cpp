// attach: our streams on those of a container's main process, from now on. The output is read from
// the log, which goes on undisturbed; the input is the container's own pipe or terminal.
#include <poll.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/attached.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/logs/follower.hpp"
#include "orchestrator/logs/printer.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {0, "index", Takes::value, "N", "The Nth container of the service"},
    {0, "no-stdin", Takes::nothing, "", "Leave standard input alone"},
    {0, "sig-proxy", Takes::nothing, "", "--sig-proxy=false: Ctrl-C ends the attachment alone"},
    {0, "detach-keys", Takes::value, "KEYS", "What detaches: ctrl-p,ctrl-q if not given"},
};

/// "ctrl-p,ctrl-q" as the bytes that a terminal sends.
std::string parse_keys(const std::string& text) {
  std::string keys;
  for (const std::string& word : text::split(text, ',')) {
    if (word.size() == 1) {
      keys += word;
    } else if (word.size() == 6 && word.starts_with("ctrl-") && word[5] >= '@' && word[5] <= 'z') {
      keys += static_cast<char>(word[5] & 0x1f);
    } else {
      throw Error(cat("invalid --detach-keys: \"", word, "\" is neither a key nor ctrl-KEY"));
    }
  }
  return keys;
}

class Attachment {
 public:
  Attachment(const Invocation& invocation, const ContainerInfo& container)
      : invocation_(invocation),
        container_(container),
        keys_(parse_keys(invocation.arguments.value_or("detach-keys", "ctrl-p,ctrl-q"))),
        printer_({.prefix = false, .separate_errors = true}),
        follower_(
            [this](const std::string& name, const LogLine& line) { printer_.print(name, line); }),
        client_(Client::connect(invocation.paths)) {}

  int run() {
    interrupts::install();
    follower_.watch();
    LogFilter from_now;
    from_now.tail = 0;
    follower_.add(container_.id, container_.service, container_.log_path, from_now);
    client_.send("attach", {{"id", container_.id}});
    while (!exit_code_) step();
    follower_.finish(container_.id);
    printer_.flush();
    return *exit_code_;
  }

 private:
  void step() {
    bool reads = input_ && !invocation_.arguments.on("no-stdin");
    pollfd all[] = {{client_.fd().get(), POLLIN, 0},
                    {follower_.fd().get(), POLLIN, 0},
                    {interrupts::fd().get(), POLLIN, 0},
                    {reads ? STDIN_FILENO : -1, POLLIN, 0}};
    if (::poll(all, std::size(all), client_.has_message() ? 0 : -1) < 0 && errno != EINTR)
      throw Error("poll", "attach", Errno{errno});
    if (all[1].revents) follower_.read_changed();
    printer_.flush();
    if (all[2].revents) on_signal();
    if (all[3].revents) pump_input();
    if (all[0].revents || client_.has_message()) on_message();
  }

  void on_message() {
    auto message = client_.receive();
    if (!message) throw Error("the server ended; the container goes on: attach again");
    if (auto result = client_.result_in(*message)) {
      exit_code_ = static_cast<int>(json::int_at(*result, "exit_code").value_or(0));
      return;
    }
    std::vector<UniqueFd> fds = client_.take_fds();
    if (fds.empty()) return;
    input_ = std::move(fds.front());
    if (container_.tty && have_terminal()) raw_.emplace(FdRef(STDIN_FILENO));
  }

  void pump_input() {
    char bytes[4096];
    ssize_t got = sys::eintr([&] { return ::read(STDIN_FILENO, bytes, sizeof bytes); });
    if (got <= 0) return input_.reset();
    std::string_view typed(bytes, static_cast<size_t>(got));
    if (raw_ && ends_with_keys(typed)) throw Error("read escape sequence");
    sys::write_all(input_, typed, "the container's standard input");
  }

  /// Whether the detach keys were typed, perhaps one by one: their beginning has gone to the
  /// container then, as no one can know what follows.
  bool ends_with_keys(std::string_view typed) {
    typed_ += typed;
    if (typed_.size() > keys_.size()) typed_.erase(0, typed_.size() - keys_.size());
    return typed_ == keys_;
  }

  void on_signal() {
    if (interrupts::take() == 0) return;
    if (!invocation_.arguments.choice("sig-proxy").value_or(true)) throw Error("", 130);
    Client::connect(invocation_.paths)
        .call("exec_signal",
              {{"exec_id", container_.id}, {"signal", std::to_string(interrupts::last_signal())}});
  }

  const Invocation& invocation_;
  const ContainerInfo& container_;
  std::string keys_, typed_;
  LogPrinter printer_;
  LogFollower follower_;
  Client client_;
  UniqueFd input_;
  std::optional<RawTerminal> raw_;
  std::optional<int> exit_code_;
};

int run(const Invocation& invocation) {
  ContainerInfo container = running_container(invocation, invocation.words()[0]);
  return Attachment(invocation, container).run();
}

}  // namespace

extern const Command attach_command{.name = "attach",
                                    .usage = "[OPTIONS] SERVICE",
                                    .summary = "Attach input, output and errors to a container",
                                    .flags = flags,
                                    .min_words = 1,
                                    .run = run};

}  // namespace estiba::orchestrator
