// One object of a filesystem, held by a descriptor from the first look at it to the last use: what
// its name means by then does not matter. For trees that somebody else may change meanwhile, such
// as a container's files. A name is one component in an open directory and is never followed; a
// device, FIFO or socket is never opened.
#pragma once
#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"

namespace estiba::node {

/// The entry itself, be it a link; for all functions here that take a node.
UniqueFd hold(FdRef dir, const std::string& name);
/// As hold; nothing if there is no such entry.
std::optional<UniqueFd> find(FdRef dir, const std::string& name);
/// Whether both are the same object.
bool same(const struct stat& one, const struct stat& other);
/// Whether something is mounted just there.
bool is_mount_point(FdRef node);

enum class Use { read, write };
/// A held regular file opened; an Error if it is anything else.
UniqueFd open_file(FdRef node, Use use, std::string_view subject);
/// A held directory opened to be read.
UniqueFd open_directory(FdRef node, std::string_view subject);
/// The entry of that name opened to be read; an Error if it is no directory.
UniqueFd directory_in(FdRef dir, const std::string& name);
/// Names in a directory, sorted, without . and ..
std::vector<std::string> names_in(FdRef dir, std::string_view subject);
/// What a held link says.
std::string link_text(FdRef node, std::string_view subject);

/// A new file, open to be written; an Error if the name is taken.
UniqueFd make_file(FdRef dir, const std::string& name, mode_t mode);
/// The same; nothing if the name is taken.
std::optional<UniqueFd> make_file_if_free(FdRef dir, const std::string& name, mode_t mode);
/// A new directory, open to be read.
UniqueFd make_directory(FdRef dir, const std::string& name, mode_t mode);
/// A new link, held.
UniqueFd make_link(FdRef dir, const std::string& name, const std::string& text);
/// A new device or FIFO, held; `like` says type, mode and device.
UniqueFd make_special(FdRef dir, const std::string& name, const struct stat& like);
/// One more name for a held node.
void add_name(FdRef node, FdRef dir, const std::string& name);
/// Removes a name, which is no directory's.
void remove_name(FdRef dir, const std::string& name);

void set_owner(FdRef node, uid_t uid, gid_t gid, std::string_view subject);
/// Not for a link, which has none. After the owner: a change of owner clears the set-user-id bit.
void set_mode(FdRef node, mode_t mode, std::string_view subject);
struct Times {
  timespec accessed, modified;
};
void set_times(FdRef node, const Times& times, std::string_view subject);
/// Names of extended attributes; none where the filesystem has none.
std::vector<std::string> attribute_names(FdRef node);
std::optional<std::string> attribute(FdRef node, const std::string& name);
/// 0, or the errno of what speaks against it: filesystems without attributes are many.
int set_attribute(FdRef node, const std::string& name, std::string_view value);

/// A file that takes a name in a directory when it is whole: written under another name first,
/// which goes again unless it has taken its own.
class Replacement {
 public:
  Replacement(FdRef dir, std::string name);
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;
  ~Replacement();

  FdRef file() const { return file_; }
  /// Whatever has the name loses it; an Error if that is a directory.
  void take();

 private:
  FdRef dir_;
  std::string name_, temporary_;
  UniqueFd file_;
};

}  // namespace estiba::node
