#include "orchestrator/cli/image_digests.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "imgmgr/registry/pull.hpp"
#include "orchestrator/cli/image_transfers.hpp"
#include "orchestrator/cli/interrupts.hpp"

namespace estiba::orchestrator {
namespace {

std::string pinned(const std::string& image, const std::stop_token& stop) {
  auto reference = img::Reference::parse(image);
  if (!reference) throw Error(cat("\"", image, "\" is not a valid image reference"));
  if (!reference->digest.empty()) return reference->key();
  return cat(reference->full(), "@", img::remote_digest(*reference, stop));
}

struct Questions {
  std::vector<std::string> images;
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::map<std::string, std::string> answers;
  std::optional<Error> failure;
};

void ask(Questions& questions, InterruptWatch& watch) {
  for (size_t i = questions.next++; i < questions.images.size(); i = questions.next++) {
    if (watch.stop_token().stop_requested()) return;
    const std::string& image = questions.images[i];
    try {
      std::string answer = with_context([&] { return pinned(image, watch.stop_token()); },
                                        cat("cannot resolve the digest of image \"", image, "\""));
      std::lock_guard lock(questions.mutex);
      questions.answers[image] = answer;
    } catch (const Error& error) {
      std::lock_guard lock(questions.mutex);
      if (!questions.failure) questions.failure = error;
      watch.stop();
    }
  }
}

}  // namespace

std::map<std::string, std::string> digests_of(const Invocation& invocation,
                                              const std::set<std::string>& images) {
  constexpr int interrupted_code = 130;
  interrupts::install();
  Questions questions{{images.begin(), images.end()}, {}, {}, {}, {}};
  bool interrupted = false;
  {
    InterruptWatch watch([] {});
    {
      std::vector<std::jthread> workers;
      size_t at_once = std::min(transfers_at_once(invocation), images.size());
      for (size_t i = 0; i < at_once; ++i) workers.emplace_back([&] { ask(questions, watch); });
    }
    interrupted = watch.interrupted();
  }
  if (interrupted) throw Error("canceled", interrupted_code);
  if (questions.failure) throw *questions.failure;
  return std::move(questions.answers);
}

}  // namespace estiba::orchestrator
