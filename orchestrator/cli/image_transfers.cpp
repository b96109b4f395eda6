#include "orchestrator/cli/image_transfers.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/text.hpp"
#include "base/units.hpp"
#include "orchestrator/cli/interrupts.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/cli/session.hpp"

namespace estiba::orchestrator {
namespace {

constexpr int interrupted_code = 130;
constexpr size_t default_at_once = 4;

struct StatusWords {
  const char *doing, *done;
};

StatusWords words_of(Direction direction) {
  return direction == Direction::pull ? StatusWords{"Pulling", "Pulled"}
                                      : StatusWords{"Pushing", "Pushed"};
}

std::string bytes_of(const img::TransferEvent& event) {
  if (event.total == 0) return "";
  return cat(units::human_size(event.done), "/", units::human_size(event.total));
}

std::string step_id(const std::string& image) { return cat("Image ", image); }

// Who wants it, and what was to be done: the reason follows.
std::string phrase_of(Direction direction, const ImageTransfer& transfer) {
  std::string service = transfer.service.empty() ? "" : cat("services.", transfer.service, ": ");
  return cat(service, direction == Direction::pull ? "cannot pull" : "cannot push", " image \"",
             transfer.image, "\"");
}

}  // namespace

size_t transfers_at_once(const Invocation& invocation) {
  auto limit = text::to_int(invocation.globals.value_or(
      "parallel", environment_value("COMPOSE_PARALLEL_LIMIT").value_or("")));
  return limit && *limit > 0 ? static_cast<size_t>(*limit) : default_at_once;
}

ImageTransfers::ImageTransfers(const Invocation& invocation, const ui::ProgressStyle& style)
    : images_(invocation.paths.root),
      redraws_(style.kind == ui::ProgressKind::tty),
      at_once_(transfers_at_once(invocation)),
      progress_(ui::make_progress(style)) {
  interrupts::install();
}

ImageTransfers::~ImageTransfers() = default;

void ImageTransfers::show(const ui::Step& step) {
  std::lock_guard lock(mutex_);
  progress_->show(step);
}

void ImageTransfers::on_event(const img::TransferEvent& event) {
  std::string bytes = event.ended ? "" : bytes_of(event);
  // Line by line, a percentage that goes up would drown everything else.
  if (!bytes.empty() && !redraws_ && event.done < event.total) return;
  show({event.layer, event.status, event.ended ? ui::StepState::done : ui::StepState::working,
        redraws_ ? bytes : ""});
}

img::Transferred ImageTransfers::transfer(Direction direction, const ImageTransfer& transfer,
                                          std::stop_token stop) {
  img::TransferOptions options{transfer.platform,
                               [this](const img::TransferEvent& event) { on_event(event); }, stop};
  StatusWords words = words_of(direction);
  show({step_id(transfer.image), words.doing, ui::StepState::working, ""});
  try {
    auto out = with_context(
        [&] {
          return direction == Direction::pull ? images_.pull(transfer.image, options)
                                              : images_.push(transfer.image, options);
        },
        phrase_of(direction, transfer));
    show({step_id(transfer.image), words.done, ui::StepState::done, ""});
    return out;
  } catch (const Error&) {
    bool passed_over = transfer.on_failure == ImageTransfer::OnFailure::go_on;
    bool told = stop.stop_requested();
    show({step_id(transfer.image), told ? "Interrupted" : "Failed",
          passed_over ? ui::StepState::warning : ui::StepState::error, ""});
    throw;
  }
}

struct ImageTransfers::Batch {
  Direction direction;
  const std::vector<ImageTransfer>& transfers;
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::vector<TransferOutcome> outcomes;
  std::optional<Error> failure;
};

void ImageTransfers::work(Batch& batch, InterruptWatch& watch) {
  for (size_t i = batch.next++; i < batch.transfers.size(); i = batch.next++) {
    if (watch.stop_token().stop_requested()) return;
    const ImageTransfer& one = batch.transfers[i];
    try {
      auto result = transfer(batch.direction, one, watch.stop_token());
      std::lock_guard lock(batch.mutex);
      batch.outcomes.push_back({one, result});
    } catch (const Error& error) {
      std::lock_guard lock(batch.mutex);
      batch.outcomes.push_back({one, std::nullopt});
      if (one.on_failure == ImageTransfer::OnFailure::go_on) {
        std::lock_guard showing(mutex_);
        progress_->warn(error.message());
        continue;
      }
      // The first failure is the one to tell of: others are its consequences.
      if (!batch.failure) batch.failure = error;
      watch.stop();
    }
  }
}

std::vector<TransferOutcome> ImageTransfers::run(Direction direction,
                                                 const std::vector<ImageTransfer>& transfers) {
  Batch batch{direction, transfers, {}, {}, {}, {}};
  bool interrupted = false;
  {
    InterruptWatch watch([this] {
      std::lock_guard lock(mutex_);
      progress_->tick();
    });
    {
      std::vector<std::jthread> workers;
      for (size_t i = 0; i < std::min(at_once_, transfers.size()); ++i)
        workers.emplace_back([&] { work(batch, watch); });
    }
    interrupted = watch.interrupted();
  }
  if (!batch.failure && !interrupted) return std::move(batch.outcomes);
  finish();
  if (interrupted) throw Error("canceled", interrupted_code);
  throw *batch.failure;
}

void ImageTransfers::skip(const std::string& image, const std::string& reason) {
  show({step_id(image), "Skipped", ui::StepState::done, reason});
}

void ImageTransfers::finish() {
  std::lock_guard lock(mutex_);
  progress_->finish();
}

}  // namespace estiba::orchestrator
