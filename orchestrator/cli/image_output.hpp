// Progress of what the image store does in this process.
#pragma once
#include <memory>
#include <string>

#include "imgmgr/images.hpp"
#include "orchestrator/commands/command.hpp"
#include "orchestrator/ui/progress.hpp"

namespace estiba::orchestrator {

class ImageProgress {
 public:
  ImageProgress(const Invocation& invocation, std::string id);
  img::Progress listener();
  void done(const std::string& status);

 private:
  std::unique_ptr<ui::Progress> progress_;
  std::string id_;
  std::string last_;
};

}  // namespace estiba::orchestrator
