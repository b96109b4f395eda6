// The files of a container that does not run, as its process would see them: the image's layers and
// its own, with volumes and binds in place. What is in memory only (tmpfs, /proc, /dev) and images
// that were mounted are not there.
#pragma once
#include "base/overlay.hpp"
#include "orchestrator/cli/container_info.hpp"
#include "orchestrator/cli/copy.hpp"
#include "orchestrator/paths.hpp"

namespace estiba::orchestrator {

enum class Access { read, write };

/// Mounted in a mount namespace that this process enters for it and nobody else sees.
class StoppedContainer {
 public:
  StoppedContainer(const Paths& paths, const ContainerInfo& container, Access access);
  FileTree files() const;

 private:
  AttachedOverlay root_;
};

}  // namespace estiba::orchestrator
