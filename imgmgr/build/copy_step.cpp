#include "imgmgr/build/copy_step.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "base/copy_tree.hpp"
#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/node.hpp"
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

UniqueFd make_directory(FdRef root, const std::string& resolved) {
  return node::make_directory(directory_in_root(root, parent_of(resolved)), leaf_of(resolved),
                              0700);
}

// Makes what is missing of a resolved path.
void make_missing(FdRef root, const std::string& resolved, const NewDirectory& attributes) {
  if (resolved.empty()) return;
  auto status = status_in_root(root, resolved);
  if (status && S_ISDIR(status->st_mode)) return;
  if (status) throw Error(cat("cannot copy to non-directory: /", resolved));
  make_missing(root, parent_of(resolved), attributes);
  UniqueFd made = make_directory(root, resolved);
  node::set_owner(made, attributes.owner.uid, attributes.owner.gid, cat("/", resolved));
  node::set_mode(made, attributes.mode, cat("/", resolved));
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
    return TarStream::is_archive(file_in_root(tree_->root(), item.source));
  }

  void unpack(const SourceItem& item, const std::string& place) {
    // --chmod is about files that are copied: neither what is unpacked nor where.
    make_missing(root_, place, {missing_.owner, 0755});
    UniqueFd source = file_in_root(tree_->root(), item.source);
    UniqueFd target = directory_in_root(root_, place);
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
      } else if (take_directory(target)) {
        made.emplace_back(target, &item);
      }
    }
    // Attributes of directories come last: a mode may forbid nothing to root, but each file written
    // moves the time.
    for (auto entry = made.rbegin(); entry != made.rend(); ++entry)
      set_attributes(*entry->second, directory_in_root(root_, entry->first), entry->first);
  }

  // False: it is there already, and stays as it is.
  bool take_directory(const std::string& resolved) {
    auto status = status_in_root(root_, resolved);
    if (status && S_ISDIR(status->st_mode)) return false;
    if (status) throw Error(cat("cannot copy to non-directory: /", resolved));
    make_directory(root_, resolved);
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
    UniqueFd parent = directory_in_root(root_, parent_of(resolved));
    std::string name = leaf_of(resolved);
    if (auto there = node::find(parent, name)) {
      if (S_ISDIR(sys::fstat(*there).st_mode))
        throw Error(cat("cannot replace the directory /", resolved, " by a file"));
      node::remove_name(parent, name);
    }
    set_attributes(item, make_node(item, parent, name), resolved);
  }

  UniqueFd make_node(const SourceItem& item, FdRef parent, const std::string& name) {
    if (S_ISLNK(item.status.st_mode)) return node::make_link(parent, name, item.symlink);
    if (!S_ISREG(item.status.st_mode)) return node::make_special(parent, name, item.status);
    UniqueFd out = node::make_file(parent, name, 0600);
    if (item.content) {
      sys::write_all(out, *item.content, name);
      return out;
    }
    UniqueFd in = file_in_root(tree_->root(), item.source);
    copy_content(in, out, item.source);
    if (tree_->owners() == Owners::kept) copy_attributes(in, out, item.source);
    return out;
  }

  Owner owner_of(const SourceItem& item) const {
    if (request_.owner) return *request_.owner;
    if (item.content || tree_->owners() == Owners::reset) return {};
    return {item.status.st_uid, item.status.st_gid};
  }

  void set_attributes(const SourceItem& item, FdRef made, const std::string& resolved) {
    std::string subject = cat("/", resolved);
    Owner owner = owner_of(item);
    node::set_owner(made, owner.uid, owner.gid, subject);
    if (!S_ISLNK(item.status.st_mode)) {
      mode_t mode = request_.mode ? request_.mode->apply(item.status.st_mode)
                                  : item.status.st_mode & permission_bits;
      node::set_mode(made, mode, subject);
    }
    if (!item.content) node::set_times(made, {item.status.st_mtim, item.status.st_mtim}, subject);
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
