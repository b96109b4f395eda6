// Reading and writing cgroup files, for both drivers; and what the v2 tree gives even where it has
// no controllers: kill, freeze and device programs.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "runtime/cgroup/driver.hpp"

namespace estiba::runtime::cgroup {

void write_file(const std::string& path, const std::string& value);
void apply_writes(const std::string& directory, const std::vector<Write>& writes);
/// 0 if there is no such file, or it says "max".
uint64_t read_number(const std::string& path);
/// The number behind `key` in a "key number" file.
uint64_t read_key(const std::string& path, const std::string& key);
std::vector<pid_t> processes_in(const std::string& directory);
/// The directories above `name` in this hierarchy. Those that are not there yet are ours, and
/// marked as such: a parent that somebody else has made stays, limits and all.
void make_parents(const std::string& root, const std::string& name);
/// Takes away those of them that are ours and empty, but for the common "estiba".
void remove_parents(const std::string& root, const std::string& name);
/// rmdir with its children's; waits a moment for processes that are just ending.
void remove_directory(const std::string& directory);

class UnifiedTree {
 public:
  explicit UnifiedTree(std::string root) : root_(std::move(root)) {}
  std::string directory(const std::string& name) const { return root_ + "/" + name; }
  /// A fresh directory with its device program.
  std::string create(const std::string& name, const std::optional<Resources>& devices);
  bool exists(const std::string& name) const;
  void kill_all(const std::string& name);
  void set_frozen(const std::string& name, Driver::State state);
  Driver::State state(const std::string& name) const;
  void remove(const std::string& name);
  void release();

 private:
  FdRef program_for(const Resources& resources);

  std::string root_;
  /// Loaded device programs by their rules: most containers have the same.
  std::map<std::vector<std::string>, UniqueFd> programs_;
};

}  // namespace estiba::runtime::cgroup
