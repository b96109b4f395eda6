// Where COPY, ADD and bind mounts take files from: the build context or a stage's root, looked at
// through a descriptor. Paths never lead outside it.
#pragma once
#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "imgmgr/build/ignore.hpp"

namespace estiba::img::build {

struct SourceItem {
  std::string source;  ///< path in the tree, without symlinks
  std::string target;  ///< path beneath what is copied; empty: that itself
  struct stat status {};
  std::string symlink;                 ///< its target, for a symlink
  std::optional<std::string> content;  ///< a heredoc: there is no file
};

/// One thing that a source of COPY names: a file, or a directory with all that is in it.
struct SourceMatch {
  std::string name;               ///< what it is called in a destination directory
  std::string parents;            ///< directories kept by --parents
  std::vector<SourceItem> items;  ///< parents before children; the first is the thing itself

  bool is_directory() const { return S_ISDIR(items.front().status.st_mode); }
};

/// Whether files keep their owners (a stage) or become root's (the context).
enum class Owners { kept, reset };

class SourceTree {
 public:
  SourceTree(UniqueFd root, IgnoreRules ignore, Owners owners)
      : root_(std::move(root)), ignore_(std::move(ignore)), owners_(owners) {}

  struct Query {
    std::string pattern;
    IgnoreRules excludes;
    bool keep_parents = false;
  };
  /// What the pattern names, in order. An Error if it has no wildcard and there is no such file.
  std::vector<SourceMatch> find(const Query& query) const;

  FdRef root() const { return root_; }
  Owners owners() const { return owners_; }
  const IgnoreRules& ignored() const { return ignore_; }
  /// Top-most paths that .dockerignore hides.
  std::vector<std::string> hidden() const;

 private:
  std::vector<std::string> expand(const std::string& pattern) const;
  SourceMatch match_at(const std::string& written, const Query& query) const;
  bool walk(FdRef dir, const SourceItem& at, const IgnoreRules& excludes,
            std::vector<SourceItem>& out) const;
  void collect_hidden(FdRef dir, const std::string& path, std::vector<std::string>& out) const;

  UniqueFd root_;
  IgnoreRules ignore_;
  Owners owners_;
};

/// A file that a heredoc brings.
SourceMatch heredoc_match(const std::string& name, std::string content);

/// A hash of names, types, modes, contents and (where they are kept) owners; not of times.
std::string hash_matches(const SourceTree* tree, const std::vector<SourceMatch>& matches);

}  // namespace estiba::img::build
