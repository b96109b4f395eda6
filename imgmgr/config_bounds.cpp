#include "imgmgr/config_bounds.hpp"

#include "base/error.hpp"
#include "imgmgr/foreign_text.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_volumes = 256;
constexpr size_t max_entries = 4096;
constexpr size_t max_history = 10000;
constexpr size_t max_name = 4096;  // PATH_MAX
// MAX_ARG_STRLEN of execve(2): what is longer cannot be given to any program.
constexpr size_t max_argument = size_t{128} << 10;
constexpr size_t max_text = size_t{1} << 20;

void check_count(size_t count, size_t limit, std::string_view what) {
  if (count <= limit) return;
  throw Error(cat("it has ", std::to_string(count), " ", what, ", and no more than ",
                  std::to_string(limit), " are taken"));
}

// What becomes a path, a name or a word of a line.
void check_name(const std::string& text, std::string_view what) {
  if (has_control_characters(text))
    throw Error(cat("its ", what, " \"", one_line(text), "\" has control characters in it"));
  if (text.size() > max_name)
    throw Error(cat("its ", what, " is longer than ", std::to_string(max_name), " bytes"));
}

void check_text(const std::string& text, size_t limit, std::string_view what) {
  if (text.find('\0') != text.npos)
    throw Error(cat("its ", what, " \"", one_line(text), "\" has a NUL in it"));
  if (text.size() > limit)
    throw Error(cat("its ", what, " is longer than ", std::to_string(limit), " bytes"));
}

void check_words(const std::vector<std::string>& words, std::string_view what) {
  check_count(words.size(), max_entries, cat("parts of ", what));
  for (const auto& word : words) check_text(word, max_argument, what);
}

void check_names(const ImageConfig& config) {
  check_count(config.volumes.size(), max_volumes, "volumes");
  check_count(config.exposed_ports.size(), max_entries, "exposed ports");
  check_count(config.labels.size(), max_entries, "labels");
  for (const auto& volume : config.volumes) check_name(volume, "volume");
  for (const auto& port : config.exposed_ports) check_name(port, "exposed port");
  for (const auto& [name, value] : config.labels) {
    check_name(name, "label");
    check_text(value, max_text, cat("label ", one_line(name)));
  }
  check_name(config.architecture, "architecture");
  check_name(config.os, "operating system");
  check_name(config.variant, "variant");
  check_name(config.created, "time of creation");
  check_name(config.user, "user");
  check_name(config.working_dir, "working directory");
  check_name(config.stop_signal, "stop signal");
  check_text(config.author, max_text, "author");
}

}  // namespace

void check_bounds(const ConfigFile& file) {
  const ImageConfig& config = file.config;
  check_count(file.diff_ids.size(), max_layers, "layers");
  check_names(config);
  check_words(config.env, "environment");
  check_words(config.entrypoint, "entrypoint");
  check_words(config.cmd, "command");
  check_words(config.shell, "shell");
  check_words(config.onbuild, "list of ONBUILD");
  if (config.healthcheck) check_words(config.healthcheck->test, "health check");
  check_count(file.history.size(), max_history, "steps of history");
  for (const auto& entry : file.history) {
    check_name(entry.created, "time of a step");
    check_text(entry.created_by, max_text, "history");
    check_text(entry.comment, max_text, "history");
  }
}

}  // namespace estiba::img
