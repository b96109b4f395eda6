#include "imgmgr/build/copy_step.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/copy_tree.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "imgmgr/resolve_path.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img::build {
namespace {

constexpr mode_t permission_bits = 07777;

std::string beneath(const std::string& directory, const std::string& name) {
  if (directory.empty() || name.empty()) return cat(directory, name);
  return cat(directory, "/", name);
}

std::string parent_of(const std::string& resolved) {
  size_t slash = resolved.rfind('/');
  return slash == std::string::npos ? "" : resolved.substr(0, slash);
}

std::string leaf_of(const std::string& resolved) {
  return resolved.substr(resolved.rfind('/') + 1);
}

struct NewDirectory {
  Owner owner;
  mode_t mode = 0755;
};

// Makes what is missing of a resolved path.
void make_missing(FdRef root, const std::string& resolved, const NewDirectory& attributes) {
  if (resolved.empty()) return;
  auto status = status_in_root(root, resolved);
  if (status && S_ISDIR(status->st_mode)) return;
  if (status) throw Error(cat("cannot copy to non-directory: /", resolved));
  make_missing(root, parent_of(resolved), attributes);
  UniqueFd parent = open_in_root(root, parent_of(resolved), O_RDONLY | O_DIRECTORY);
  std::string name = leaf_of(resolved);
  if (::mkdirat(parent.get(), name.c_str(), 0700) != 0)
    throw Error{"mkdir", cat("/", resolved), Errno{errno}};
  if (::fchownat(parent.get(), name.c_str(), attributes.owner.uid, attributes.owner.gid,
                 AT_SYMLINK_NOFOLLOW) != 0 ||
      ::fchmodat(parent.get(), name.c_str(), attributes.mode, 0) != 0)
    throw Error{"chown", cat("/", resolved), Errno{errno}};
}

class Copier {
 public:
  Copier(FdRef root, const SourceTree* tree, const CopyRequest& request)
      : root_(root), tree_(tree), request_(request) {
    missing_.owner = request.owner.value_or(Owner{});
    if (request.mode && request.mode->absolute()) missing_.mode = *request.mode->absolute();
  }

  void copy(const SourceMatch& match) {
    std::string place = resolve_in_root(root_, beneath(request_.target, match.parents));
    if (match.is_directory()) {
      if (request_.keep_parents) place = beneath(place, match.name);
      copy_directory(match, place);
    } else if (request_.unpack == Unpack::archives && is_archive(match.items.front())) {
      unpack(match.items.front(), place);
    } else {
      copy_file(match, place);
    }
  }

 private:
  bool is_archive(const SourceItem& item) const {
    if (item.content || !S_ISREG(item.status.st_mode)) return false;
    return TarStream::is_archive(open_in_root(tree_->root(), item.source, O_RDONLY));
  }

  void unpack(const SourceItem& item, const std::string& place) {
    // --chmod is about files that are copied: neither what is unpacked nor where.
    make_missing(root_, place, {missing_.owner, 0755});
    UniqueFd source = open_in_root(tree_->root(), item.source, O_RDONLY);
    UniqueFd target = open_in_root(root_, place, O_RDONLY | O_DIRECTORY);
    TarStream stream(source, item.source);
    ExtractOptions options;
    options.whiteouts = WhiteoutNames::literal;
    options.owner = request_.owner;
    extract_layer(stream, target, options);
  }

  // Its content: the directory itself is not copied, and is made as any other that is missing.
  void copy_directory(const SourceMatch& match, const std::string& place) {
    make_missing(root_, request_.keep_parents ? parent_of(place) : place, missing_);
    std::vector<std::pair<std::string, const SourceItem*>> made;
    for (const auto& item : match.items) {
      std::string target = beneath(place, item.target);
      if (!S_ISDIR(item.status.st_mode)) {
        write_item(item, target);
      } else if (make_directory(target)) {
        made.emplace_back(target, &item);
      }
    }
    // Attributes of directories come last: a mode may forbid nothing to root, but each file written
    // moves the time.
    for (auto entry = made.rbegin(); entry != made.rend(); ++entry)
      set_attributes(*entry->second, entry->first);
  }

  // False: it is there already, and stays as it is.
  bool make_directory(const std::string& resolved) {
    auto status = status_in_root(root_, resolved);
    if (status && S_ISDIR(status->st_mode)) return false;
    if (status) throw Error(cat("cannot copy to non-directory: /", resolved));
    UniqueFd parent = open_in_root(root_, parent_of(resolved), O_RDONLY | O_DIRECTORY);
    if (::mkdirat(parent.get(), leaf_of(resolved).c_str(), 0700) != 0)
      throw Error{"mkdir", cat("/", resolved), Errno{errno}};
    return true;
  }

  void copy_file(const SourceMatch& match, std::string place) {
    auto status = status_in_root(root_, place);
    bool into = request_.target.ends_with('/') || request_.keep_parents ||
                (status && S_ISDIR(status->st_mode));
    if (into) place = beneath(place, match.name);
    make_missing(root_, parent_of(place), missing_);
    write_item(match.items.front(), place);
  }

  void write_item(const SourceItem& item, const std::string& resolved) {
    UniqueFd parent = open_in_root(root_, parent_of(resolved), O_RDONLY | O_DIRECTORY);
    std::string name = leaf_of(resolved);
    if (auto there = status_in_root(root_, resolved)) {
      if (S_ISDIR(there->st_mode))
        throw Error(cat("cannot replace the directory /", resolved, " by a file"));
      if (::unlinkat(parent.get(), name.c_str(), 0) != 0)
        throw Error{"unlink", cat("/", resolved), Errno{errno}};
    }
    make_node(item, parent, name);
    set_attributes(item, resolved);
  }

  void make_node(const SourceItem& item, FdRef parent, const std::string& name) {
    if (S_ISREG(item.status.st_mode)) {
      UniqueFd out = sys::openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
      if (item.content) {
        sys::write_all(out, *item.content, name);
      } else {
        UniqueFd in = open_in_root(tree_->root(), item.source, O_RDONLY);
        copy_content(in, out, item.source);
        if (tree_->owners() == Owners::kept) copy_attributes(in, out, item.source);
      }
      return;
    }
    int result =
        S_ISLNK(item.status.st_mode)
            ? ::symlinkat(item.symlink.c_str(), parent.get(), name.c_str())
            : ::mknodat(parent.get(), name.c_str(), item.status.st_mode, item.status.st_rdev);
    if (result != 0) throw Error{"mknod", name, Errno{errno}};
  }

  Owner owner_of(const SourceItem& item) const {
    if (request_.owner) return *request_.owner;
    if (item.content || tree_->owners() == Owners::reset) return {};
    return {item.status.st_uid, item.status.st_gid};
  }

  void set_attributes(const SourceItem& item, const std::string& resolved) {
    UniqueFd parent = open_in_root(root_, parent_of(resolved), O_RDONLY | O_DIRECTORY);
    std::string name = resolved.empty() ? std::string(1, '.') : leaf_of(resolved);
    Owner owner = owner_of(item);
    if (::fchownat(parent.get(), name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0)
      throw Error{"chown", cat("/", resolved), Errno{errno}};
    if (!S_ISLNK(item.status.st_mode)) {
      mode_t mode = request_.mode ? request_.mode->apply(item.status.st_mode)
                                  : item.status.st_mode & permission_bits;
      if (::fchmodat(parent.get(), name.c_str(), mode, 0) != 0)
        throw Error{"chmod", cat("/", resolved), Errno{errno}};
    }
    if (item.content) return;
    std::array<timespec, 2> times{item.status.st_mtim, item.status.st_mtim};
    if (::utimensat(parent.get(), name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
      throw Error{"utimensat", cat("/", resolved), Errno{errno}};
  }

  FdRef root_;
  const SourceTree* tree_;
  const CopyRequest& request_;
  NewDirectory missing_;
};

}  // namespace

void copy_into(FdRef root, const SourceTree* tree, const std::vector<SourceMatch>& matches,
               const CopyRequest& request) {
  Copier copier(root, tree, request);
  for (const auto& match : matches) copier.copy(match);
}

void make_directories(FdRef root, const std::string& path, Owner owner) {
  make_missing(root, resolve_in_root(root, path), {owner, 0755});
}

}  // namespace estiba::img::build
