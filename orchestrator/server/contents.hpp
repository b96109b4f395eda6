// What a container's configs, secrets and seccomp profile hold. It is read once, when the container
// is made, and kept in its own folder: whatever becomes of the files and of the names that led to
// them, each later start has what the first one had. A container that can write the folder that a
// secret came from could otherwise put a link there and be handed any file of the host.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "orchestrator/server/instance.hpp"

namespace estiba::orchestrator {

using Contents = std::map<std::string, std::string>;

/// A file as it was read: where it lay once every link was followed, and what it held.
struct ReadFile {
  std::string path, content;
};

/// "configs/NAME", "secrets/NAME", seccomp_content → the file that the model names for it. An Error
/// says which cannot be read, or is no plain file.
std::map<std::string, ReadFile> read_files(const Instance& instance);

/// Writes them into the container's folder, for root alone, and notes them in the record.
void keep_files(const Paths& paths, ContainerRecord& record,
                const std::map<std::string, ReadFile>& files);

/// What was kept, and what stands in the model itself.
Contents kept_contents(const Paths& paths, const Instance& instance);
/// What was kept under this key alone, if anything.
std::optional<std::string> kept_content(const Paths& paths, const ContainerRecord& record,
                                        const std::string& key);

/// By key, the paths of the kept files that are still plain files where they were: bound, without
/// following any link, they show what is edited in them.
std::map<std::string, std::string> files_in_place(const ContainerRecord& record);

}  // namespace estiba::orchestrator
