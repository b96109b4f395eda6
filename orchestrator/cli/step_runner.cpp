#include "orchestrator/cli/step_runner.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "orchestrator/step_json.hpp"

namespace estiba::orchestrator {
namespace {

using img::build::StepRequest;
using Output = std::function<void(std::string_view)>;

constexpr int killed = 137;

/// One step's talk with the server, to its end.
class Conversation {
 public:
  struct Wanted {
    const Json& params;
    std::stop_token stop;
  };
  Conversation(Client& client, Wanted wanted, const Output& output)
      : client_(client), wanted_(wanted), output_(output), stop_(sys::eventfd()) {}

  /// The exit code; nothing if the server ended before it answered.
  std::optional<int> run() {
    std::stop_callback wake(wanted_.stop, [this] {
      uint64_t one = 1;
      sys::write_all(stop_, {reinterpret_cast<const char*>(&one), sizeof one}, "eventfd");
    });
    client_.send("step", wanted_.params);
    while (!over_ || !pipes_.empty()) step();
    if (!stopping_ && answered_ && !code_) throw Error("the server ended before the command did");
    if (stopping_) return code_.value_or(killed);
    return code_;
  }

 private:
  // Waits for anything to happen and deals with all of it.
  void step() {
    std::vector<pollfd> waiting{{over_ ? -1 : client_.fd().get(), POLLIN, 0},
                                {stopping_ ? -1 : stop_.get(), POLLIN, 0}};
    for (const UniqueFd& pipe : pipes_) waiting.push_back({pipe.get(), POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) return;
      throw Error("poll", "a build step", Errno{errno});
    }
    // From the back: a pipe at its end is taken out.
    for (size_t i = pipes_.size(); i-- > 0;)
      if (waiting[i + 2].revents != 0) read_pipe(i);
    if (waiting[0].revents != 0) read_messages();
    if (waiting[1].revents != 0) stop();
  }

  void read_pipe(size_t index) {
    char bytes[16384];
    size_t got = sys::read(pipes_[index], bytes, sizeof bytes, "the command's output");
    if (got > 0) return output_({bytes, got});
    pipes_.erase(pipes_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void read_messages() {
    do {
      auto message = client_.receive();
      if (!message) {
        over_ = true;
        return;
      }
      answered_ = true;
      if (auto result = client_.result_in(*message)) {
        code_ = static_cast<int>(json::required_int(*result, "exit_code"));
        over_ = true;
      }
      for (UniqueFd& fd : client_.take_fds()) pipes_.push_back(std::move(fd));
    } while (client_.has_message());
  }

  // Half of the connection is closed: the server kills the command, and ends the stream when
  // nothing of it is left. Only then may the layer be touched.
  void stop() {
    stopping_ = true;
    ::shutdown(client_.fd().get(), SHUT_WR);
  }

  Client& client_;
  Wanted wanted_;
  const Output& output_;
  UniqueFd stop_;
  std::vector<UniqueFd> pipes_;
  std::optional<int> code_;
  bool over_ = false, answered_ = false, stopping_ = false;
};

}  // namespace

void ServerSteps::announce() {
  std::lock_guard lock(mutex_);
  if (session_) return;
  Client client = Client::connect(paths_);
  build_ = text::random_hex(16);
  client.send("build", {{"build", build_}});
  // Its answer means that steps may name it. None (the server was ending) is no harm: they do
  // without.
  client.receive();
  session_ = std::move(client);
}

int ServerSteps::run(const StepRequest& request, const Output& output) {
  announce();
  Json params = step_to_json(request);
  params["build"] = build_;
  for (int attempt = 0; attempt < attempts_at_an_ending_server; ++attempt) {
    Client client = Client::connect(paths_);
    if (auto code = Conversation(client, {params, request.stop}, output).run()) return *code;
  }
  throw Error(cat("the server ended before it answered; ", paths_.run_dir, "/estiba.log says why"));
}

void ServerSteps::finish() {
  if (!session_) return;
  // Before the session ends, so that there is a server to be waited for.
  Client last = Client::connect(paths_);
  ::shutdown(session_->fd().get(), SHUT_WR);
  while (session_->receive()) {
  }
  session_.reset();
  last.call("ps", Json::object());
}

}  // namespace estiba::orchestrator
