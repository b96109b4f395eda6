// Files as the project uses them: read whole, replaced whole, locked by flock(2), removed by tree.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"

namespace estiba::fs {

/// The whole file; throws if it is larger than max_size bytes.
std::string read_all(const std::string& path, size_t max_size = size_t{64} << 20);
/// Of a file that is open already; messages call it `subject`.
std::string read_all(FdRef fd, const std::string& subject, size_t max_size = size_t{64} << 20);
/// As read_all, but nothing if the file does not exist.
std::optional<std::string> read_if_exists(const std::string& path,
                                          size_t max_size = size_t{64} << 20);
/// Whether a crash of the machine may lose the new content (never: tear it).
enum class Durability { synced, relaxed };
/// Replaces the file: temporary in the same directory, (fsync), rename, (fsync of the directory).
void write_atomic(const std::string& path, std::string_view content, mode_t mode = 0600,
                  Durability durability = Durability::synced);
/// mkdir -p; existing directories are left as they are.
void make_dirs(const std::string& path, mode_t mode = 0700);
/// As make_dirs, for a directory whose own directories come and go a lot and have nothing to do
/// with each other.
void make_spread_dir(const std::string& path);
/// Names in a directory, sorted, without . and ..; empty if it does not exist.
std::vector<std::string> list_dir(const std::string& path);
/// rm -rf that follows no symlink, enters no mount, and works on descriptors; a path that does not
/// exist is fine.
void remove_tree(const std::string& path);
/// The same of a name in an open directory; messages call it `subject`.
void remove_entry(FdRef dir, const std::string& name, const std::string& subject);
bool exists(const std::string& path);
/// "/a/./b//../c" → "/a/c", lexically; keeps a relative path relative.
std::string clean_path(std::string_view path);
std::string join(std::string_view base, std::string_view relative);
/// Whether a path, lexically, is not one within where it starts: absolute, or with too many "..".
bool leads_out(std::string_view path);
std::string parent_path(std::string_view path);
std::string base_name(std::string_view path);

/// An exclusive or shared flock(2) on a file that is created if needed; released with its owner.
class FileLock {
 public:
  enum class Mode { shared, exclusive };
  static FileLock acquire(const std::string& path, Mode mode);
  static std::optional<FileLock> try_acquire(const std::string& path, Mode mode);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace estiba::fs
