// An overlay(5) mount that is seen through a descriptor alone: never attached, in no mount table,
// gone with its last descriptor.
#pragma once
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace estiba {

/// Who sees to it that changes reach the disk: whoever keeps `upper`, or the kernel, which then
/// waits for the whole disk when the mount ends (the option "volatile" of overlay is the
/// difference).
enum class OverlaySync { by_keeper, by_kernel };

struct OverlayDirs {
  std::vector<std::string> lower;  ///< topmost first
  std::string upper, work;
  OverlaySync sync = OverlaySync::by_keeper;
};

/// An Error that says what to do if the kernel has no overlay file system.
void require_overlay();

/// Whether this kernel takes layers one by one ("lowerdir+", Linux 6.7).
bool overlay_appends_layers();
/// For a kernel that does not: "lowerdir=..." of short names, which `open` keeps valid. An Error
/// for more layers than mount(2) has room for, about 200.
std::string overlay_lower_option(const std::vector<std::string>& lower,
                                 std::vector<UniqueFd>& open);

/// The layers' merged content, read-only. One layer is opened as it is: it has nothing to merge.
UniqueFd overlay_view(const std::vector<std::string>& lower);
/// As a process would see it; changes go to `upper` in the form of a layer (no redirects, no
/// metadata-only copies).
UniqueFd overlay_mount(const OverlayDirs& dirs);

/// For programs that need a path: the same at a directory, until the object goes. Without `upper`
/// it is read-only.
class AttachedOverlay {
 public:
  AttachedOverlay(const OverlayDirs& dirs, std::string target);
  AttachedOverlay(AttachedOverlay&& other) noexcept;
  AttachedOverlay& operator=(AttachedOverlay&&) = delete;
  ~AttachedOverlay();
  const std::string& path() const { return target_; }
  /// What is at a path beneath it, at a place of its own that is made for it. The path is resolved
  /// once, here, and no link in it counts: somebody may change what it leads to at any time.
  AttachedOverlay part(const std::string& subpath, std::string target) const;

 private:
  explicit AttachedOverlay(std::string target) : target_(std::move(target)) {}
  std::string target_;
};

/// Detaches every mount at or beneath the directory: what a killed process left attached.
void detach_mounts_beneath(const std::string& path);

}  // namespace estiba
