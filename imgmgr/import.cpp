#include "imgmgr/import.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/sys.hpp"
#include "imgmgr/changes.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img {
namespace {

// Bytes of the source when it is a file; 0: unknown.
uint64_t source_size(FdRef fd) {
  struct stat status = sys::fstat(fd);
  return S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
}

std::function<void(uint64_t)> byte_listener(const Progress& progress, uint64_t total) {
  if (!progress) return {};
  return [&progress, total](uint64_t read) {
    progress("unpacking",
             total == 0 ? -1.0 : static_cast<double>(read) / static_cast<double>(total));
  };
}

struct Layer {
  Digest diff_id;
  uint64_t size = 0;
};

Layer unpack(FdRef source, const std::string& subject, const std::string& into,
             const Progress& progress) {
  sys::mkdir(into, 0755);
  UniqueFd root = sys::open(into, O_RDONLY | O_DIRECTORY);
  if (::fchmod(root.get(), 0755) != 0) throw Error{"chmod", into, Errno{errno}};
  TarStream stream(source, subject, byte_listener(progress, source_size(source)));
  Extracted extracted = extract_layer(stream, root, {});
  return {stream.finish(), extracted.size};
}

ConfigFile describe(const Layer& layer, const std::string& subject, const ImportRequest& request) {
  ConfigFile file;
  file.config = apply_changes({}, request.changes);
  file.config.architecture = host_architecture();
  file.config.os = "linux";
  file.config.created = format_rfc3339(wall_now());
  file.diff_ids = {layer.diff_id};
  std::string comment = request.message.empty() ? cat("Imported from ", subject) : request.message;
  file.history = {{file.config.created, "", comment, false}};
  return file;
}

}  // namespace

std::string host_architecture() {
  struct utsname names {};
  ::uname(&names);
  std::string machine = names.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine == "riscv64" || machine == "s390x" || machine == "ppc64le") return machine;
  if (machine.starts_with("armv")) return "arm";
  if (machine.starts_with("i")) return "386";
  return machine;
}

std::string import_stream(const Store& store, FdRef fd, const std::string& subject,
                          const ImportRequest& request) {
  // Before the long work: a misspelt change fails at once.
  apply_changes({}, request.changes);
  {
    auto lock = store.lock_for_writing();
    store.sweep();
  }
  WorkDir work = store.make_work_dir();
  std::string unpacked = fs::join(work.path(), "root");
  Layer layer = unpack(fd, subject, unpacked, request.progress);
  if (request.before_commit) request.before_commit();
  auto lock = store.lock_for_writing();
  store.add_layer(layer.diff_id, unpacked, layer.size);
  return store.add_image(describe(layer, subject, request), request.reference).text();
}

std::string import_file(const Store& store, const std::string& file, const ImportRequest& request) {
  if (file == "-") return import_stream(store, FdRef(STDIN_FILENO), "standard input", request);
  UniqueFd fd = sys::open(file, O_RDONLY);
  return import_stream(store, fd, file, request);
}

}  // namespace estiba::img
