#include "runtime/rootfs/mount_apply.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "base/beneath.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "runtime/launch/descriptors.hpp"
#include "runtime/rootfs/overlay.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

constexpr unsigned clone_tree = OPEN_TREE_CLONE;

bool is_directory(FdRef fd) { return S_ISDIR(sys::fstat(fd).st_mode); }

UniqueFd clone_mount(FdRef of, unsigned flags) {
  return sys::open_tree(of, "", clone_tree | AT_EMPTY_PATH | flags);
}

void configure(FdRef context, const std::vector<std::string>& options) {
  for (const auto& option : options) {
    size_t equals = option.find('=');
    if (equals == std::string::npos) {
      sys::fsconfig_flag(context, option);
    } else {
      sys::fsconfig_string(context, option.substr(0, equals), option.substr(equals + 1));
    }
  }
}

UniqueFd new_filesystem(const std::string& type, const std::vector<std::string>& options,
                        uint64_t attributes) {
  UniqueFd context = sys::fsopen(type);
  sys::fsconfig_string(context, "source", type);
  configure(context, options);
  sys::fsconfig_create(context);
  return sys::fsmount(context, attributes, type);
}

void make_readonly(FdRef mount, sys::Depth depth, const std::string& subject) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  sys::mount_setattr(mount, attributes, depth, subject);
}

// What containers can write to is looked up once, and mounted from what was found.
UniqueFd open_source(const BindOp& bind) {
  unsigned flags = clone_tree | (bind.recursive ? unsigned{AT_RECURSIVE} : 0U);
  unsigned long refused = bind.follow_links ? 0 : RESOLVE_NO_SYMLINKS;
  UniqueFd source = sys::openat2(FdRef::cwd(), bind.source, O_PATH, 0, refused);
  if (bind.subpath.empty()) return sys::open_tree(source, "", flags | AT_EMPTY_PATH);
  UniqueFd found = with_context([&] { return hold_within(source, bind.subpath); }, "subpath \"",
                                bind.subpath, "\"");
  return sys::open_tree(found, "", flags | AT_EMPTY_PATH);
}

// An unprivileged container cannot have changed its /proc; this is for the others.
void require_procfs(FdRef mount) {
  constexpr ino_t procfs_root = 1;
  if (sys::filesystem_type(mount) != PROC_SUPER_MAGIC || sys::fstat(mount).st_ino != procfs_root)
    throw Error("it is not a procfs");
}

}  // namespace

bool allowed_beneath_proc(const std::string& path) {
  static constexpr std::array names{
      "/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg",
      "/proc/meminfo", "/proc/slabinfo",  "/proc/stat",
      "/proc/swaps",   "/proc/uptime",    "/proc/sys/kernel/ns_last_pid"};
  return std::find(names.begin(), names.end(), path) != names.end();
}

void RootBuilder::open_sources(const std::vector<MountOp>& mounts, std::vector<UniqueFd> lent) {
  size_t next_lent = 0;
  for (const auto& mount : mounts) {
    if (const auto* bind = std::get_if<BindOp>(&mount))
      with_context([&] { sources_.push_back(open_source(*bind)); }, "mounting ", bind->source,
                   " at ", bind->target);
    if (std::holds_alternative<LentOp>(mount)) sources_.push_back(std::move(lent.at(next_lent++)));
  }
  null_ = host_null(O_PATH);
}

void RootBuilder::mount_root(const RootSetup& root) {
  sys::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr);
  root_ = mount_overlay(root, scratch_.root);
  mount_attr attributes{};
  attributes.propagation = MS_PRIVATE;
  sys::mount_setattr(root_, attributes, sys::Depth::one, scratch_.root);
}

void RootBuilder::apply(const std::vector<MountOp>& mounts) {
  for (const auto& mount : mounts) std::visit([&](const auto& op) { operate(op); }, mount);
}

void RootBuilder::operate(const FilesystemOp& op) {
  with_context(
      [&] {
        bool readonly = (op.attributes & MOUNT_ATTR_RDONLY) != 0;
        UniqueFd mount =
            new_filesystem(op.type, op.options, op.attributes & ~uint64_t{MOUNT_ATTR_RDONLY});
        for (const auto& name : op.directories) sys::mkdirat(mount, name, 0755);
        if (readonly) make_readonly(mount, sys::Depth::one, op.target);
        Links links = op.follow_links ? Links::follow : Links::refuse;
        UniqueFd target = directory_beneath(root_, op.target, links);
        if (op.follow_links) refuse_procfs(target, op.target);
        sys::move_mount(mount, target, op.target);
        if (op.type == "proc") proc_ = std::move(mount);
        if (op.type == "devpts") devpts_ = std::move(mount);
      },
      "mounting ", op.type, " at ", op.target);
}

void RootBuilder::operate(const BindOp& op) {
  with_context(
      [&] {
        UniqueFd source = std::move(sources_.at(next_source_++));
        auto depth = op.recursive ? sys::Depth::recursive : sys::Depth::one;
        mount_attr attributes{};
        attributes.propagation = op.propagation;
        attributes.attr_set = op.attributes;
        sys::mount_setattr(source, attributes, depth, op.source);
        if (op.readonly) make_readonly(source, depth, op.source);
        UniqueFd target = is_directory(source) ? directory_beneath(root_, op.target, Links::follow)
                                               : file_beneath(root_, op.target, Links::follow);
        refuse_procfs(target, op.target);
        sys::move_mount(source, target, op.target);
      },
      "mounting ", op.source, " at ", op.target);
}

void RootBuilder::attach_files() {
  if (files_) return;
  files_ = new_filesystem("tmpfs", {"mode=0700"},
                          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  sys::move_mount(files_, sys::open(scratch_.files, O_PATH | O_DIRECTORY), scratch_.files);
}

void RootBuilder::operate(const FileOp& op) {
  with_context(
      [&] {
        attach_files();
        std::string name = std::to_string(next_file_++);
        UniqueFd file = sys::openat(files_, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        sys::write_all(file, op.content, op.target);
        sys::fchown(file, op.uid, op.gid);
        sys::fchmod(file, op.mode);
        UniqueFd mount = sys::open_tree(files_, name, clone_tree);
        UniqueFd target = file_beneath(root_, op.target, Links::follow);
        refuse_procfs(target, op.target);
        sys::move_mount(mount, target, op.target);
      },
      "mounting a file at ", op.target);
}

// Before Linux 6.15 only attached mounts can be cloned: the image is attached aside, what is wanted
// of it is cloned, and the rest goes. Overlay takes no single layer; a layer's own directory is the
// same.
void RootBuilder::operate(const ImageOp& op) {
  with_context(
      [&] {
        bool merged = op.layers.size() > 1;
        UniqueFd image = merged ? mount_overlay({op.layers, "", "", true, false}, scratch_.files)
                                : sys::open(op.layers.at(0), O_PATH | O_DIRECTORY);
        auto wanted = find_beneath(image, cat("/", op.subpath), Links::follow);
        if (!wanted) throw Error(cat("the image has no /", op.subpath));
        UniqueFd mount = clone_mount(*wanted, 0);
        if (merged) sys::umount2(scratch_.files, MNT_DETACH);
        make_readonly(mount, sys::Depth::one, op.target);
        UniqueFd target = is_directory(mount) ? directory_beneath(root_, op.target, Links::follow)
                                              : file_beneath(root_, op.target, Links::follow);
        refuse_procfs(target, op.target);
        sys::move_mount(mount, target, op.target);
      },
      "mounting an image at ", op.target);
}

void RootBuilder::operate(const DeviceOp& op) {
  with_context(
      [&] {
        UniqueFd parent = directory_beneath(root_, fs::parent_path(op.target), Links::refuse);
        std::string name = fs::base_name(op.target);
        dev_t device = makedev(op.major, op.minor);
        ::unlinkat(parent.get(), name.c_str(), 0);
        sys::mknodat(parent, name, op.mode, device);
        UniqueFd made = sys::openat(parent, name, O_PATH | O_NOFOLLOW);
        struct stat status = sys::fstat(made);
        if ((status.st_mode & S_IFMT) != (op.mode & S_IFMT) || status.st_rdev != device)
          throw Error("something else stands in the device's place");
        sys::fchownat(made, "", op.uid, op.gid, AT_EMPTY_PATH);
      },
      "making device ", op.target);
}

void RootBuilder::operate(const LinkOp& op) {
  UniqueFd parent = directory_beneath(root_, fs::parent_path(op.path), Links::refuse);
  sys::symlinkat(op.target, parent, fs::base_name(op.path));
}

void RootBuilder::operate(const LentOp& op) {
  with_context(
      [&] {
        UniqueFd source = std::move(sources_.at(next_source_++));
        if (op.target == "/proc") require_procfs(source);
        UniqueFd target = directory_beneath(root_, op.target, Links::refuse);
        sys::move_mount(source, target, op.target);
        if (op.target == "/proc") proc_ = std::move(source);
      },
      "sharing ", op.target, " of container ", op.container);
}

// One read-only empty tmpfs serves every masked directory. The first one is attached to its target
// by the caller; before Linux 6.15 only attached mounts can be cloned.
UniqueFd RootBuilder::empty_directory() {
  if (empty_) return clone_mount(empty_, 0);
  empty_ = new_filesystem("tmpfs", {"nr_inodes=2", "mode=755"},
                          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  make_readonly(empty_, sys::Depth::one, "an empty directory");
  return sys::dup(empty_);
}

void RootBuilder::operate(const MaskOp& op) {
  with_context(
      [&] {
        auto target = find_beneath(root_, op.path, Links::refuse);
        if (!target) return;
        UniqueFd cover = is_directory(*target) ? empty_directory() : clone_mount(null_, 0);
        sys::move_mount(cover, *target, op.path);
      },
      "masking ", op.path);
}

void RootBuilder::operate(const ReadonlyOp& op) {
  with_context(
      [&] {
        auto target = find_beneath(root_, op.path, Links::refuse);
        if (!target) return;
        UniqueFd mount = clone_mount(*target, AT_RECURSIVE);
        make_readonly(mount, sys::Depth::recursive, op.path);
        sys::move_mount(mount, *target, op.path);
      },
      "making ", op.path, " read-only");
}

// The container's image has no say in where this is written: the procfs is a mount that we made,
// and nothing may be mounted or linked between its root and the file.
void RootBuilder::operate(const SysctlOp& op) {
  try {
    UniqueFd file = sys::openat2(proc_, cat("sys/", op.path), O_WRONLY, 0,
                                 RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
    sys::write_all(file, op.value, op.path);
  } catch (const Error& error) {
    if (op.optional && error.code() == ENOENT) return;
    throw error.within(cat("setting sysctl ", op.path, " to ", op.value));
  }
}

void RootBuilder::refuse_procfs(FdRef target, const std::string& path) const {
  if (sys::filesystem_type(target) != PROC_SUPER_MAGIC) return;
  if (!allowed_beneath_proc(path))
    throw Error(cat("nothing can be mounted inside /proc of a container (", path, ")"));
}

RootBuilder::Terminal RootBuilder::open_console() {
  return with_context(
      [&] {
        Terminal terminal;
        terminal.master = sys::openat(devpts_, "ptmx", O_RDWR | O_NOCTTY);
        int unlocked = 0;
        if (::ioctl(terminal.master.get(), TIOCSPTLCK, &unlocked) != 0)
          throw Error{"ioctl", "TIOCSPTLCK", Errno{errno}};
        int slave = ::ioctl(terminal.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (slave < 0) throw Error{"ioctl", "TIOCGPTPEER", Errno{errno}};
        terminal.slave = UniqueFd{slave};
        UniqueFd dev = directory_beneath(root_, "/dev", Links::refuse);
        sys::openat(dev, "console", O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0600);
        UniqueFd console = sys::openat(dev, "console", O_PATH | O_NOFOLLOW);
        sys::move_mount(clone_mount(terminal.slave, 0), console, "/dev/console");
        return terminal;
      },
      "opening the container's terminal");
}

void RootBuilder::enter(const RootSetup& root) {
  null_.reset();  // the one descriptor of the host's left
  sys::fchdir(root_);
  sys::pivot_root_here();
  // The old root is stacked on the new one at "."; detached, its mounts go with it.
  sys::umount2(".", MNT_DETACH);
  sys::chdir("/");
  if (root.readonly) make_readonly(root_, sys::Depth::one, "/");
}

}  // namespace estiba::runtime
