#include "imgmgr/build/tree_source.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/node.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "imgmgr/overlay_marks.hpp"
#include "imgmgr/resolve_path.hpp"

namespace estiba::img::build {
namespace {

std::string beneath(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : cat(directory, "/", name);
}

// An escaped character is none. A name without any is taken as it is written, escapes and all.
bool has_wildcard(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '*' || text[i] == '?' || text[i] == '[') {
      return true;
    }
  }
  return false;
}

// A socket of the context is sent as a file without content.
void take_as_file(SourceItem& item) {
  item.status.st_mode = S_IFREG | (item.status.st_mode & 07777);
  item.content.emplace();
}

// "/" and ".." do not leave the root: "../../a" is "a".
std::string confined(const std::string& path) { return fs::clean_path(cat("/", path)).substr(1); }

// With --parents "a/./b/c" keeps "b" only.
std::string kept_parents(const std::string& written) {
  size_t pivot = written.find("/./");
  std::string rest = pivot == std::string::npos ? written : written.substr(pivot + 3);
  std::string parent = fs::parent_path(confined(rest));
  return parent == "." ? "" : parent;
}

void add_field(Sha256& hash, std::string_view text) {
  hash.update(std::to_string(text.size()));
  hash.update(":");
  hash.update(text);
}

void hash_content(Sha256& hash, FdRef root, const SourceItem& item) {
  UniqueFd fd = file_in_root(root, item.source);
  std::string buffer(size_t{256} << 10, '\0');
  hash.update(std::to_string(item.status.st_size));
  while (size_t got = sys::read(fd, buffer.data(), buffer.size(), item.source))
    hash.update({buffer.data(), got});
}

void hash_item(Sha256& hash, const SourceTree* tree, const SourceItem& item) {
  add_field(hash, item.target);
  add_field(hash, std::to_string(item.status.st_mode));
  if (tree && tree->owners() == Owners::kept)
    add_field(hash,
              cat(std::to_string(item.status.st_uid), ":", std::to_string(item.status.st_gid)));
  if (S_ISCHR(item.status.st_mode) || S_ISBLK(item.status.st_mode))
    add_field(hash, std::to_string(item.status.st_rdev));
  add_field(hash, item.symlink);
  if (item.content) {
    add_field(hash, *item.content);
  } else if (S_ISREG(item.status.st_mode)) {
    hash_content(hash, tree->root(), item);
  }
}

}  // namespace

std::vector<SourceMatch> SourceTree::find(const Query& query) const {
  std::vector<SourceMatch> out;
  if (!has_wildcard(query.pattern)) {
    out.push_back(match_at(query.pattern, query));
    return out;
  }
  for (const auto& path : expand(confined(query.pattern))) out.push_back(match_at(path, query));
  return out;
}

// Goes down one component of the pattern at a time; what does not exist matches nothing.
std::vector<std::string> SourceTree::expand(const std::string& pattern) const {
  std::vector<std::string> found = {""};
  if (!is_well_formed(pattern))
    throw Error(cat("\"", pattern, "\" is not a valid pattern: an escape or a [ is not complete"));
  for (const auto& part : text::split(pattern, '/')) {
    std::vector<std::string> next;
    for (const auto& directory : found) {
      if (part.find_first_of("*?[\\") == std::string::npos) {
        next.push_back(beneath(directory, part));
        continue;
      }
      std::string resolved = resolve_in_root(root_, directory);
      auto status = status_in_root(root_, resolved);
      if (!status || !S_ISDIR(status->st_mode)) continue;
      for (const auto& name : node::names_in(directory_in_root(root_, resolved), resolved))
        if (pattern_matches(part, name)) next.push_back(beneath(directory, name));
    }
    found = std::move(next);
  }
  std::erase_if(found, [this](const std::string& path) {
    std::string resolved = resolve_in_root(root_, path);
    return !status_in_root(root_, resolved) || ignore_.ignores(resolved);
  });
  return found;
}

SourceMatch SourceTree::match_at(const std::string& written, const Query& query) const {
  std::string path = confined(written);
  SourceItem top;
  top.source = resolve_in_root(root_, path);
  auto status = status_in_root(root_, top.source);
  bool hidden = ignore_.ignores(top.source) && !ignore_.may_reinclude();
  if (!status || hidden) throw Error(cat("\"/", path, "\": not found"));
  top.status = *status;
  // The context's own directory is where it happens to lie, and no part of it.
  if (top.source.empty() && owners_ == Owners::reset) top.status.st_mode = S_IFDIR | 0755;
  SourceMatch out;
  out.name = fs::base_name(path);
  if (query.keep_parents) out.parents = kept_parents(written);
  if (S_ISDIR(status->st_mode)) {
    bool any = walk(directory_in_root(root_, top.source), top, query.excludes, out.items);
    if (!any && ignore_.ignores(top.source)) throw Error(cat("\"/", path, "\": not found"));
    if (out.items.empty()) out.items.push_back(top);
  } else {
    if (ignore_.ignores(top.source)) throw Error(cat("\"/", path, "\": not found"));
    if (S_ISSOCK(status->st_mode)) take_as_file(top);
    out.items.push_back(top);
  }
  return out;
}

// Adds the directory and what is in it. False: all of it is ignored, and nothing was added.
bool SourceTree::walk(FdRef dir, const SourceItem& at, const IgnoreRules& excludes,
                      std::vector<SourceItem>& out) const {
  size_t before = out.size();
  out.push_back(at);
  for (const auto& name : node::names_in(dir, at.source)) {
    SourceItem item;
    item.source = beneath(at.source, name);
    item.target = beneath(at.target, name);
    if (excludes.ignores(item.target)) continue;
    bool ignored = ignore_.ignores(item.source);
    UniqueFd held = node::hold(dir, name);
    item.status = sys::fstat(held);
    if (is_whiteout(item.status)) continue;
    if (S_ISDIR(item.status.st_mode)) {
      if (ignored && !ignore_.may_reinclude()) continue;
      walk(node::open_directory(held, item.source), item, excludes, out);
      continue;
    }
    bool is_socket = S_ISSOCK(item.status.st_mode);
    if (ignored || (is_socket && owners_ == Owners::kept)) continue;
    if (is_socket) take_as_file(item);
    if (S_ISLNK(item.status.st_mode)) item.symlink = node::link_text(held, item.source);
    out.push_back(item);
  }
  bool nothing_inside = out.size() == before + 1;
  if (!nothing_inside || at.source.empty() || !ignore_.ignores(at.source)) return true;
  out.resize(before);
  return false;
}

std::vector<std::string> SourceTree::hidden() const {
  std::vector<std::string> out;
  if (!ignore_.empty()) collect_hidden(root_, "", out);
  return out;
}

void SourceTree::collect_hidden(FdRef dir, const std::string& path,
                                std::vector<std::string>& out) const {
  for (const auto& name : node::names_in(dir, path)) {
    std::string full = beneath(path, name);
    auto held = node::find(dir, name);
    if (!held) continue;
    bool is_directory = S_ISDIR(sys::fstat(*held).st_mode);
    bool ignored = ignore_.ignores(full);
    if (ignored && !(is_directory && ignore_.may_reinclude())) {
      out.push_back(full);
    } else if (is_directory) {
      collect_hidden(node::open_directory(*held, full), full, out);
    }
  }
}

SourceMatch heredoc_match(const std::string& name, std::string content) {
  SourceItem item;
  item.status.st_mode = S_IFREG | 0644;
  item.content = std::move(content);
  return {name, "", {std::move(item)}};
}

std::string hash_matches(const SourceTree* tree, const std::vector<SourceMatch>& matches) {
  Sha256 hash;
  for (const auto& match : matches) {
    add_field(hash, match.name);
    add_field(hash, match.parents);
    hash.update(std::to_string(match.items.size()));
    for (const auto& item : match.items) hash_item(hash, item.content ? nullptr : tree, item);
  }
  return hash.finish();
}

}  // namespace estiba::img::build
