#include "imgmgr/commit.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "imgmgr/changes.hpp"
#include "imgmgr/layer_extract.hpp"
#include "imgmgr/layer_tar.hpp"

namespace estiba::img {
namespace {

// By way of a tar, as if the layer had been carried elsewhere: sockets and overlay's own marks of
// the running container stay behind, and what is hashed is what was copied.
LayerTar copy_layer(const std::string& upper, const std::string& work, const std::string& into) {
  UniqueFd archive = sys::open(work, O_TMPFILE | O_RDWR, 0600);
  UniqueFd from = sys::open(upper, O_RDONLY | O_DIRECTORY);
  LayerTar tar = write_layer_tar(
      from, [&](std::string_view data) { sys::write_all(archive, data, "a copy of the layer"); });
  fs::make_dirs(into, 0755);
  UniqueFd to = sys::open(into, O_RDONLY | O_DIRECTORY);
  if (tar.entries > 0) {
    constexpr const char* subject = "a container's layer";
    TarStream stream(pieces_of(archive, {0, tar.tar_size}, subject), subject);
    extract_layer(stream, to, {});
  }
  return tar;
}

ConfigFile describe(ConfigFile file, const CommitRequest& request) {
  ImageConfig begin = request.config.value_or(file.config);
  file.config = apply_changes(begin, request.changes);
  file.config.created = format_rfc3339(wall_now());
  file.config.author = request.author;
  // As the step that made the layer, history has what the container ran.
  file.history.push_back({file.config.created, text::join(begin.cmd, " "), request.message, true});
  return file;
}

}  // namespace

std::string commit_container(const Store& store, const CommitRequest& request,
                             const std::string& reference) {
  auto held = store.hold_layers();
  // Before the long work: a misspelt change fails at once.
  ConfigFile file = describe(store.config(Digest::required(request.image_id)), request);
  WorkDir work = store.make_work_dir();
  std::string unpacked = fs::join(work.path(), "layer");
  LayerTar tar = copy_layer(request.upper, work.path(), unpacked);
  auto lock = store.lock_for_writing();
  if (tar.entries > 0) {
    store.add_layer(tar.diff_id, unpacked, tar.content_size);
    file.diff_ids.push_back(tar.diff_id);
    file.history.back().empty_layer = false;
  }
  return store.add_image(file, reference).text();
}

}  // namespace estiba::img
