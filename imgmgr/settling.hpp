// A layer is published as soon as it is complete, and reaches the disk later, while nobody waits.
// Until then it carries a mark that names this start of the machine; a layer with the mark of
// another start was perhaps never wholly on the disk, and does not count.
#pragma once
#include <string>

namespace estiba::img {

/// To be called before the layer's directory is published: whatever a crash leaves of it then has
/// the mark.
void mark_unsettled(const std::string& layer);
/// Whether the layer is there and wholly so: on the disk, or written since the machine started.
bool is_whole(const std::string& layer);
/// Starts a process that nobody waits for: it brings what was written so far to the disk, then
/// takes the marks from the layers in this directory. Without any marked there is nothing to do.
void settle_later(const std::string& layers);

}  // namespace estiba::img
