#include "imgmgr/build/engine.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "imgmgr/build/stage_runner.hpp"
#include "imgmgr/import.hpp"

namespace estiba::img::build {
namespace {

constexpr std::string_view image_scheme = "docker-image://";

constexpr const char* epoch_argument = "SOURCE_DATE_EPOCH";

constexpr const char* usual_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

StageState scratch_state(const Platform& platform) {
  StageState out;
  out.config.os = platform.os;
  out.config.architecture = platform.architecture;
  out.config.variant = platform.variant;
  out.config.working_dir.assign(1, '/');
  return out;
}

std::optional<std::chrono::seconds> epoch_of(const BuildOptions& options) {
  auto given = options.build_args.find(epoch_argument);
  if (given == options.build_args.end() || given->second.empty()) return std::nullopt;
  auto seconds = text::to_int(given->second);
  if (!seconds || *seconds < 0)
    throw Error(cat(epoch_argument, "=", given->second, " is not a number of seconds"));
  return std::chrono::seconds{*seconds};
}

// An image that does not say what it is for will do for everything.
bool is_for(const Platform& wanted, const ImageConfig& config) {
  Platform is{config.os, config.architecture, config.variant};
  return is.architecture.empty() || platform_fit(wanted, is) > 0;
}

}  // namespace

std::string Engine::now() const { return format_rfc3339(epoch_ ? WallTime{*epoch_} : wall_now()); }

std::string host_platform() { return cat("linux/", host_architecture()); }

Engine::Engine(Parts parts)
    : parts_(std::move(parts)),
      epoch_(epoch_of(parts_.options)),
      platform_(parts_.options.platform.empty() ? host_platform_of_images()
                                                : parse_platform(parts_.options.platform)),
      cache_(parts_.store.path()),
      layers_held_(parts_.store.hold_layers()),
      work_(parts_.store.make_work_dir()) {
  set_global_args();
  outer_stop_.emplace(parts_.options.stop, [this] { stop_.request_stop(); });
}

Engine::~Engine() {
  stop_.request_stop();
  for (auto& [stage, slot] : slots_)
    if (slot.thread.joinable()) slot.thread.join();
}

void Engine::set_global_args() {
  global_args_ = {{"TARGETPLATFORM", platform_.text()},   {"TARGETOS", platform_.os},
                  {"TARGETARCH", platform_.architecture}, {"TARGETVARIANT", platform_.variant},
                  {"BUILDPLATFORM", host_platform()},     {"BUILDOS", "linux"},
                  {"BUILDARCH", host_architecture()},     {"BUILDVARIANT", ""}};
  const std::string& target = parts_.options.target;
  global_args_["TARGETSTAGE"] = target.empty() ? "default" : target;
  Lookup lookup = [this](const std::string& name) -> std::optional<std::string> {
    auto found = global_args_.find(name);
    return found == global_args_.end() ? std::nullopt : std::optional(found->second);
  };
  WordRules rules{.escape = parts_.program.escape};
  for (const auto& step : parts_.program.global_args) {
    for (const auto& arg : std::get<Arg>(step.instruction).args) {
      auto given = parts_.options.build_args.find(arg.name);
      if (given != parts_.options.build_args.end()) {
        global_args_[arg.name] = given->second;
        used_arg(arg.name);
      } else if (arg.value) {
        global_args_[arg.name] = expand_word(*arg.value, lookup, rules);
      }
    }
  }
}

StageState Engine::run(size_t stage) {
  StageState out;
  try {
    out = need(stage, parts_.program.stages.size());
  } catch (const Error&) {
    // The first failure is the one to tell of: others are its consequences.
    std::lock_guard lock(mutex_);
    if (first_failure_) std::rethrow_exception(first_failure_);
    throw;
  }
  return out;
}

// Under the lock.
void Engine::start(size_t stage) {
  auto [slot, is_new] = slots_.try_emplace(stage);
  if (is_new) slot->second.thread = std::thread([this, stage] { run_slot(stage); });
}

void Engine::run_slot(size_t stage) {
  std::optional<StageState> result;
  std::exception_ptr failure;
  try {
    {
      std::lock_guard lock(mutex_);
      for (size_t needed : static_needs(parts_.program, stage)) start(needed);
    }
    result = run_stage(*this, stage);
  } catch (...) {
    failure = std::current_exception();
  }
  std::lock_guard lock(mutex_);
  if (failure && !first_failure_) {
    first_failure_ = failure;
    stop_.request_stop();
  }
  Slot& slot = slots_.at(stage);
  slot.result = std::move(result);
  slot.failure = failure;
  slot.ended = true;
  changed_.notify_all();
}

bool Engine::would_wait_forever(size_t stage, size_t asking) const {
  for (size_t at = stage;;) {
    if (at == asking) return true;
    auto next = waiting_.find(at);
    if (next == waiting_.end()) return false;
    at = next->second;
  }
}

const StageState& Engine::need(size_t stage, size_t asking) {
  std::unique_lock lock(mutex_);
  if (would_wait_forever(stage, asking)) {
    const std::string& name = parts_.program.stages[stage].from.name;
    throw Error(cat("stages depend on one another in a circle, through \"",
                    name.empty() ? std::to_string(stage) : name, "\""));
  }
  start(stage);
  waiting_[asking] = stage;
  changed_.wait(lock, [&] { return slots_.at(stage).ended; });
  waiting_.erase(asking);
  Slot& slot = slots_.at(stage);
  if (slot.failure) std::rethrow_exception(slot.failure);
  return *slot.result;
}

ImageRecord Engine::base_image(const std::string& reference, const Platform& platform) {
  const auto& pull = parts_.options.pull;
  auto named = parts_.images.find(reference);
  bool fits = named && is_for(platform, named->config);
  if (fits && !(parts_.options.pull_always && pull)) return *named;
  if (!pull && named)
    throw Error(cat("image \"", reference, "\" is here for ", named->config.os, "/",
                    named->config.architecture, ", and not for ", platform.text()));
  if (!pull)
    throw Error(cat("image \"", reference, "\" is not here; import, bootstrap or pull it first"));
  bool takes_name = (!named || fits) && platform == host_platform_of_images();
  std::lock_guard lock(pull_mutex_);
  std::string key = cat(reference, " ", platform.text());
  BaseImage wanted{reference, platform.text()};
  if (takes_name) wanted.platform.clear();
  if (!pulled_.contains(key)) pulled_[key] = pull(wanted);
  auto record = parts_.images.find(pulled_.at(key));
  if (!record) throw Error(cat("image \"", reference, "\" went while it was needed"));
  return *record;
}

StageState Engine::image(const std::string& reference, const Platform& platform) {
  if (reference == "scratch") {
    StageState out = scratch_state(platform);
    set_variable(out.config.env, "PATH", std::string(usual_path).substr(5));
    return out;
  }
  ImageRecord record = base_image(reference, platform);
  StageState out;
  for (const auto& diff_id : record.diff_ids) out.diff_ids.push_back(Digest::required(diff_id));
  out.config = record.config;
  out.history = record.history;
  out.created = record.config.created;
  if (!variable(out.config.env, "PATH")) out.config.env.emplace_back(usual_path);
  return out;
}

StageState Engine::source_state(const std::string& name, size_t asking) {
  auto context = parts_.options.contexts.find(name);
  if (context != parts_.options.contexts.end() && context->second.starts_with(image_scheme))
    return image(context->second.substr(image_scheme.size()), platform_);
  auto stage = parts_.program.stage(name);
  if (!stage) return image(name, platform_);
  if (*stage > asking)
    throw Error(cat("cannot copy from stage \"", name,
                    "\": it needs to be defined before the stage that does"));
  return need(*stage, asking);
}

std::optional<std::string> Engine::context_directory(const std::string& name) const {
  auto context = parts_.options.contexts.find(name);
  if (context == parts_.options.contexts.end() || context->second.starts_with(image_scheme))
    return std::nullopt;
  return context->second;
}

std::vector<std::string> Engine::lower(const StageState& state) const {
  std::vector<std::string> out = parts_.store.layer_dirs(state.diff_ids);
  if (out.empty()) {
    std::string empty = fs::join(work_.path(), "empty");
    fs::make_dirs(empty, 0755);
    out.push_back(empty);
  }
  return out;
}

std::string Engine::scratch_dir(const std::string& name) {
  std::string path = cat(work_.path(), "/", std::to_string(++scratch_count_), "-", name);
  fs::make_dirs(path, 0755);
  return path;
}

void Engine::check_stopped() const {
  if (stop_.stop_requested()) throw Error("the build was stopped");
}

void Engine::emit(const BuildEvent& event) {
  if (!parts_.options.on_event) return;
  std::lock_guard lock(event_mutex_);
  parts_.options.on_event(event);
}

void Engine::used_arg(const std::string& name) {
  std::lock_guard lock(mutex_);
  used_args_.insert(name);
}

void Engine::open_caches() {
  for (const auto& path : parts_.options.cache_from) {
    try {
      caches_.push_back(CacheDirectory::read(path));
    } catch (const std::exception& error) {
      emit(BuildWarning{cat("nothing can be taken from ", error.what())});
    }
  }
}

std::optional<CacheRecord> Engine::brought(const std::string& key) {
  for (const auto& cache : caches_) {
    auto record = cache.find(key);
    if (!record) continue;
    try {
      if (record->diff_id && !parts_.store.has_layer(*record->diff_id))
        cache.fetch(parts_.store, *record->diff_id, scratch_dir("brought"));
    } catch (const Error& error) {
      emit(BuildWarning{cat("a step is not taken from ", error.message())});
      continue;
    }
    cache_.put(key, *record);
    return record;
  }
  return std::nullopt;
}

void Engine::note_step(const std::string& key, const CacheRecord& record) {
  if (parts_.options.cache_to.empty()) return;
  std::lock_guard lock(mutex_);
  steps_done_[key] = record;
}

void Engine::keep_caches() const {
  for (const auto& path : parts_.options.cache_to)
    with_context([&] { write_cache_directory(parts_.store, path, steps_done_); },
                 "keeping the build's steps in ", path);
}

void Engine::warn_of_unused_args() {
  for (const auto& [name, value] : parts_.options.build_args)
    if (!used_args_.contains(name) && !is_proxy_argument(name) && name != epoch_argument)
      emit(BuildWarning{cat("build argument ", name, " was given, but no ARG takes it")});
}

}  // namespace estiba::img::build
