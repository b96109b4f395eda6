#include "imgmgr/build/layer_step.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "base/node.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "imgmgr/build/step_turn.hpp"
#include "imgmgr/layer_tar.hpp"

namespace estiba::img::build {
namespace {

// The merged root takes its attributes from the upper directory: they must be those beneath.
void copy_root_attributes(const std::string& from, const std::string& to) {
  struct stat status = sys::fstat(sys::open(from, O_PATH | O_DIRECTORY));
  UniqueFd root = sys::open(to, O_PATH | O_DIRECTORY);
  node::set_owner(root, status.st_uid, status.st_gid, to);
  node::set_mode(root, status.st_mode & 07777, to);
}

LayerDirs make_dirs(Engine& engine, const StageState& state) {
  std::string base = engine.scratch_dir("step");
  LayerDirs out{engine.lower(state), fs::join(base, "upper"), fs::join(base, "work")};
  fs::make_dirs(out.upper, 0755);
  fs::make_dirs(out.work, 0700);
  copy_root_attributes(out.lower.front(), out.upper);
  return out;
}

// What was written later becomes as old as the build is said to be.
void clamp_times(FdRef dir, const timespec& latest) {
  for (const auto& name : node::names_in(dir, "the new layer")) {
    UniqueFd held = node::hold(dir, name);
    struct stat status = sys::fstat(held);
    if (S_ISDIR(status.st_mode)) clamp_times(node::open_directory(held, name), latest);
    if (status.st_mtim.tv_sec >= latest.tv_sec) node::set_times(held, {latest, latest}, name);
  }
}

CacheRecord commit(const Engine& engine, const LayerDirs& dirs) {
  UniqueFd upper = sys::open(dirs.upper, O_RDONLY | O_DIRECTORY);
  if (engine.epoch()) clamp_times(upper, {engine.epoch()->count(), 0});
  LayerTar tar = write_layer_tar(upper, {});
  CacheRecord record{std::nullopt, engine.now(), {}};
  if (tar.entries == 0) return record;
  record.diff_id = tar.diff_id;
  engine.store().add_layer(tar.diff_id, dirs.upper, tar.content_size);
  return record;
}

// A record whose layer is still there. Without the cache, only what was made since this build
// began: another stage, or a build beside this one, has just done the same.
std::optional<CacheRecord> remembered(const Engine& engine, const std::string& key,
                                      const LayerStep& step) {
  auto record = engine.cache().find(key);
  if (!record) return std::nullopt;
  if (!step.may_be_old && record->stored < engine.begun()) return std::nullopt;
  if (record->diff_id && !engine.store().has_layer(*record->diff_id)) return std::nullopt;
  return record;
}

CacheRecord make(Engine& engine, const StageState& state, const LayerStep& step) {
  if (!step.changes_files) return {std::nullopt, engine.now(), {}};
  LayerDirs dirs = make_dirs(engine, state);
  step.run(dirs);
  return commit(engine, dirs);
}

}  // namespace

Origin run_layer_step(Engine& engine, StageState& state, const LayerStep& step) {
  std::string epoch = engine.epoch() ? engine.now() : "";
  std::string beneath;
  for (const auto& diff_id : state.diff_ids) beneath += cat(beneath.empty() ? "" : ",", diff_id);
  std::string key = Sha256::of(cat(beneath, "\n", epoch, step.key));
  auto record = remembered(engine, key, step);
  Origin origin = Origin::cached;
  if (!record) {
    std::optional<StepTurn> turn;
    if (step.changes_files) {
      turn.emplace(engine, key);
      record = remembered(engine, key, step);
    }
    if (!record && step.may_be_old) record = engine.brought(key);
    if (!record) {
      origin = Origin::made;
      record = make(engine, state, step);
      engine.cache().put(key, *record);
    }
  }
  if (record->diff_id) state.diff_ids.push_back(*record->diff_id);
  state.created = record->created;
  engine.note_step(key, *record);
  return origin;
}

}  // namespace estiba::img::build
