#include "orchestrator/cli/image_output.hpp"

#include "base/error.hpp"
#include "orchestrator/cli/session.hpp"

namespace estiba::orchestrator {

ImageProgress::ImageProgress(const Invocation& invocation, std::string id)
    : progress_(
          ui::make_progress(progress_style(invocation, std::string(invocation.command.name)))),
      id_(std::move(id)) {}

img::Progress ImageProgress::listener() {
  return [this](const std::string& what, double fraction) {
    bool known = fraction >= 0 && progress_->redraws();
    std::string percent = known ? cat(std::to_string(static_cast<int>(fraction * 100)), "%") : "";
    std::string change = what + percent;
    if (change == last_) return;
    last_ = change;
    progress_->show({id_, what, ui::StepState::working, percent});
  };
}

void ImageProgress::done(const std::string& status) {
  progress_->show({id_, status, ui::StepState::done, ""});
  progress_->finish();
}

}  // namespace estiba::orchestrator
