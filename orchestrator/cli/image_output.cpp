#include "orchestrator/cli/image_output.hpp"

#include "base/error.hpp"
#include "orchestrator/cli/session.hpp"

namespace estiba::orchestrator {

ImageProgress::ImageProgress(const Invocation& invocation, std::string id)
    : progress_(ui::make_progress(progress_style(invocation, std::string(invocation.command.name)))),
      id_(std::move(id)) {}

img::Progress ImageProgress::listener() {
  return [this](const std::string& what, double fraction) {
    std::string percent =
        fraction < 0 ? "" : cat(std::to_string(static_cast<int>(fraction * 100)), "%");
    // The plain form prints every change: only whole steps and full tens are changes.
    std::string change = what + percent.substr(0, percent.size() > 2 ? percent.size() - 2 : 0);
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
