// Builds a container's root in the calling process's own mount namespace: the overlay, then the
// mount plan in order, each target resolved beneath the root, then pivot_root. Decides nothing;
// runs in the child between clone3 and execve.
#pragma once
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "runtime/launch/request.hpp"

namespace estiba::runtime {

/// Empty host directories on which the child, in its own namespace, attaches root and files (and,
/// one after the other, images).
struct Scratch {
  std::string root, files;
};

class RootBuilder {
 public:
  explicit RootBuilder(Scratch scratch) : scratch_(std::move(scratch)) {}

  /// Detached copies of bind sources, taken while the mounts still are the host's peers, so that
  /// shared propagation can be kept where it was asked for. `lent` are those of the LentOps, in
  /// their order.
  void open_sources(const std::vector<MountOp>& mounts, std::vector<UniqueFd> lent);
  /// Makes every mount of this namespace a slave of the host's, so that nothing done here is seen
  /// there, and attaches the overlay.
  void mount_root(const RootSetup& root);
  void apply(const std::vector<MountOp>& mounts);
  /// A pty of the container's own devpts, bound on /dev/console.
  struct Terminal {
    UniqueFd master, slave;
  };
  Terminal open_console();
  /// pivot_root; afterwards no path leads to the host.
  void enter(const RootSetup& root);

 private:
  void operate(const FilesystemOp& op);
  void operate(const BindOp& op);
  void operate(const FileOp& op);
  void operate(const DeviceOp& op);
  void operate(const LinkOp& op);
  void operate(const LentOp& op);
  void operate(const MaskOp& op);
  void operate(const ReadonlyOp& op);
  void operate(const SysctlOp& op);
  void operate(const ImageOp& op);
  void attach_files();
  void refuse_procfs(FdRef target, const std::string& path) const;
  UniqueFd empty_directory();

  Scratch scratch_;
  UniqueFd root_, proc_, devpts_, files_, null_, empty_;
  std::vector<UniqueFd> sources_;
  size_t next_source_ = 0;
  size_t next_file_ = 0;
};

/// An errno-free check shared with the plan: whether a mount at this path beneath /proc is one that
/// is known to be harmless (files that lxcfs provides).
bool allowed_beneath_proc(const std::string& path);

}  // namespace estiba::runtime
