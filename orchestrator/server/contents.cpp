#include "orchestrator/server/contents.hpp"

#include <fcntl.h>

#include "base/beneath.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "orchestrator/lower.hpp"
#include "orchestrator/security_options.hpp"
#include "orchestrator/server/observe.hpp"

namespace estiba::orchestrator {
namespace {

std::string path_of(FdRef fd) { return cat("/proc/self/fd/", std::to_string(fd.get())); }

bool is_plain_file(FdRef fd) { return S_ISREG(sys::fstat(fd).st_mode); }

// Looked at before it is opened to be read: opening a FIFO would wait, opening a device may do
// anything.
ReadFile read_file(const std::string& path) {
  if (!path.starts_with('/')) throw Error(cat(path, " is relative, and nothing says to what"));
  UniqueFd found = sys::open(path, O_PATH);
  if (!is_plain_file(found)) throw Error(cat(path, " is not a plain file"));
  return {sys::readlink(path_of(found)), fs::read_all(path_of(found))};
}

std::string folder_of(const Paths& paths, const ContainerRecord& record) {
  return cat(paths.container(record.id), "/contents");
}

// Keys may hold what no file name can; a number always is one.
std::string place_of(const Paths& paths, const ContainerRecord& record, const std::string& key) {
  auto found = record.kept_files.find(key);
  auto number = std::distance(record.kept_files.begin(), found);
  return cat(folder_of(paths, record), "/", std::to_string(number));
}

using Objects = std::map<std::string, spec::FileObject>;

template <typename Use>
void each_object(const Instance& instance, Use use) {
  for (const auto& [prefix, objects] :
       {std::pair<const char*, const Objects*>{"configs/", &instance.model.configs},
        std::pair<const char*, const Objects*>{"secrets/", &instance.model.secrets}})
    for (const auto& [key, object] : *objects) use(cat(prefix, key), object);
}

}  // namespace

std::map<std::string, ReadFile> read_files(const Instance& instance) {
  std::map<std::string, ReadFile> files;
  const std::string base = label(instance.record.labels, labels::working_dir);
  auto read = [&](const std::string& key, const std::string& path) {
    with_context([&] { files[key] = read_file(fs::join(base, path)); }, "service \"",
                 instance.record.service, "\": ", key);
  };
  each_object(instance, [&](const std::string& key, const spec::FileObject& object) {
    if (!object.file.empty()) read(key, object.file);
  });
  std::string profile = security_options(instance.service()).seccomp;
  if (!profile.empty() && profile != "unconfined") read(seccomp_content, profile);
  return files;
}

void keep_files(const Paths& paths, ContainerRecord& record,
                const std::map<std::string, ReadFile>& files) {
  for (const auto& [key, file] : files) record.kept_files[key] = file.path;
  if (!files.empty()) fs::make_dirs(folder_of(paths, record), 0700);
  for (const auto& [key, file] : files)
    fs::write_atomic(place_of(paths, record, key), file.content, 0600, fs::Durability::relaxed);
}

std::optional<std::string> kept_content(const Paths& paths, const ContainerRecord& record,
                                        const std::string& key) {
  if (!record.kept_files.contains(key)) return std::nullopt;
  return fs::read_all(place_of(paths, record, key));
}

Contents kept_contents(const Paths& paths, const Instance& instance) {
  Contents contents;
  each_object(instance, [&](const std::string& key, const spec::FileObject& object) {
    if (object.content) contents[key] = *object.content;
  });
  for (const auto& [key, path] : instance.record.kept_files)
    contents[key] = fs::read_all(place_of(paths, instance.record, key));
  return contents;
}

std::map<std::string, std::string> files_in_place(const ContainerRecord& record) {
  std::map<std::string, std::string> in_place;
  for (const auto& [key, path] : record.kept_files) {
    if (key == seccomp_content) continue;
    try {
      UniqueFd file = hold_beneath(sys::open("/", O_PATH | O_DIRECTORY), path, Links::refuse);
      if (is_plain_file(file)) in_place[key] = path;
    } catch (const Error&) {
      continue;  // gone, or behind a link now: the container gets what was kept
    }
  }
  return in_place;
}

}  // namespace estiba::orchestrator
