// Pulls and pushes in this process: several images at once, interrupts, progress.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "imgmgr/images.hpp"
#include "orchestrator/cli/interrupt_watch.hpp"
#include "orchestrator/commands/command.hpp"
#include "orchestrator/ui/progress.hpp"

namespace estiba::orchestrator {

enum class Direction { pull, push };

struct ImageTransfer {
  std::string image;     ///< as the file or the user writes it
  std::string service;   ///< that it is for; empty: none
  std::string platform;  ///< empty: this host's
  /// Whether the others go on, and the command with them, when this one fails.
  enum class OnFailure { stop, go_on } on_failure = OnFailure::stop;
};

struct TransferOutcome {
  ImageTransfer transfer;
  std::optional<img::Transferred> result;  ///< nothing: it failed, and was passed over
};

/// --parallel, COMPOSE_PARALLEL_LIMIT, or a few.
size_t transfers_at_once(const Invocation& invocation);

class ImageTransfers {
 public:
  ImageTransfers(const Invocation& invocation, const ui::ProgressStyle& style);
  ~ImageTransfers();

  /// All of them, several at once. An Error is the first failure that was not to be passed over;
  /// after an interrupt its exit code is 130.
  std::vector<TransferOutcome> run(Direction direction,
                                   const std::vector<ImageTransfer>& transfers);
  /// Says that nothing is to be done for one, and why.
  void skip(const std::string& image, const std::string& reason);
  void finish();

 private:
  struct Batch;
  void work(Batch& batch, InterruptWatch& watch);
  img::Transferred transfer(Direction direction, const ImageTransfer& transfer,
                            std::stop_token stop);
  void show(const ui::Step& step);
  void on_event(const img::TransferEvent& event);

  img::Images images_;
  bool redraws_;
  size_t at_once_;
  std::mutex mutex_;
  std::unique_ptr<ui::Progress> progress_;
};

}  // namespace estiba::orchestrator
