#include "compose-spec/project_files.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "compose-spec/files.hpp"
#include "compose-spec/yaml_reader.hpp"

namespace estiba::spec {
namespace {

constexpr std::array<std::string_view, 4> default_names{
    "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"};
constexpr std::array<std::string_view, 4> override_names{
    "compose.override.yaml", "compose.override.yml", "docker-compose.override.yml",
    "docker-compose.override.yaml"};

std::string variable(const Environment& environment, const char* name) {
  auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string absolute(const std::string& path, const std::string& directory) {
  return fs::clean_path(fs::join(directory, path));
}

template <size_t N>
std::vector<std::string> existing(const std::string& directory,
                                  const std::array<std::string_view, N>& names) {
  std::vector<std::string> found;
  for (std::string_view name : names)
    if (std::string path = fs::join(directory, name); fs::exists(path)) found.push_back(path);
  return found;
}

void warn_several(Session& session, const std::vector<std::string>& found) {
  if (found.size() < 2) return;
  session.report.warning(
      {}, Path(),
      cat("several Compose files are here: ", text::join(found, ", "), "; the first is used"));
}

std::vector<std::string> search(Session& session, const std::string& start) {
  for (std::string directory = start;; directory = fs::parent_path(directory)) {
    auto found = existing(directory, default_names);
    if (!found.empty()) {
      warn_several(session, found);
      auto overrides = existing(directory, override_names);
      warn_several(session, overrides);
      found.resize(1);
      if (!overrides.empty()) found.push_back(overrides[0]);
      return found;
    }
    if (directory == "/") break;
  }
  throw Error(cat("no Compose file: neither ", start,
                  " nor a directory above it has a compose.yaml; name one with -f"));
}

std::vector<std::string> written_files(const LoadOptions& options, const Environment& environment) {
  if (!options.files.empty()) return options.files;
  std::string list = variable(environment, "COMPOSE_FILE");
  if (list.empty()) return {};
  std::string separator = variable(environment, "COMPOSE_PATH_SEPARATOR");
  return text::split(list, separator.empty() ? ':' : separator[0]);
}

// Variables of the process win over those of files, and a later file over an earlier one.
void add_env_files(Session& session, ProjectFiles& project, const std::vector<EnvFile>& files) {
  Environment added;
  for (const EnvFile& file : files) {
    Environment known = project.environment;
    known.insert(added.begin(), added.end());
    auto values = read_env_file(session, file, {}, Path(), known);
    // What the file says itself is nearer than what those before it say.
    size_t nearer = std::count_if(values.begin(), values.end(), [&](const auto& one) {
      return added.contains(one.first) && !project.environment.contains(one.first) &&
             known.erase(one.first) > 0;
    });
    if (nearer > 0) values = read_env_file(session, file, {}, Path(), known);
    for (auto& [name, value] : values) added[name] = value;
  }
  project.environment.insert(added.begin(), added.end());
}

bool is_file(const std::string& path) {
  try {
    return read_text_file(path).has_value();
  } catch (const Error&) {
    return false;
  }
}

void add_default_env_file(Session& session, ProjectFiles& project, const std::string& directory) {
  std::string path = fs::join(directory, ".env");
  bool known = std::find(project.env_files.begin(), project.env_files.end(), path) !=
               project.env_files.end();
  if (known || !is_file(path)) return;
  project.env_files.push_back(path);
  add_env_files(session, project, {{path, true, false}});
}

std::vector<std::string> written_env_files(const LoadOptions& options) {
  if (!options.env_files.empty()) return options.env_files;
  std::string list = variable(options.environment, "COMPOSE_ENV_FILES");
  return list.empty() ? std::vector<std::string>() : text::split(list, ',');
}

bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string valid_name(std::string_view text) {
  std::string name = text::lower(text);
  std::erase_if(name, [](char c) { return !in_name(c); });
  name.erase(0, std::min(name.find_first_not_of("_-"), name.size()));
  return name;
}

std::string checked_name(const std::string& name, std::string_view from) {
  if (name == valid_name(name) && !name.empty()) return name;
  throw Error(cat("the project name \"", name, "\" from ", from,
                  " is not valid: use lower-case letters, digits, dashes and underscores, and "
                  "begin with a letter or a digit"));
}

// The part of a file that has its top-level `name:`, found without reading the whole as YAML; all
// of it where the mapping is written in braces, as in JSON.
std::string text_with_name(std::string_view whole) {
  std::string text;
  size_t start = whole.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && whole[start] == '{') return std::string(whole);
  for (std::string_view rest = whole; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with("name:") || line.starts_with("\"name\":")) text = line;
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return text;
}

std::string written_name(Session& session, const std::string& file, const ProjectFiles& project) {
  std::string text = text_with_name(session.text_of(file));
  if (text.empty()) return {};
  Sources sources;
  Report report(sources);
  uint32_t source = sources.add(file, text);
  InterpolationLog log;
  std::string name;
  for (Node& document : read_yaml(sources, source, report)) {
    if (session.interpolate) interpolate(document, project.environment, log, report);
    if (const Node* found = document.find("name")) name = scalar_text(*found);
  }
  return name;
}

}  // namespace

namespace {

// Where .env is looked for before it is known which files COMPOSE_FILE, perhaps set in it, names.
std::string first_env_directory(const LoadOptions& options, const std::string& start) {
  if (!options.project_directory.empty() || options.files.empty() || options.files[0] == "-")
    return start;
  return fs::parent_path(absolute(options.files[0], options.current_directory));
}

}  // namespace

ProjectFiles find_project_files(Session& session, const LoadOptions& options) {
  ProjectFiles project;
  project.environment = options.environment;
  project.environment.emplace("PWD", options.current_directory);
  std::string start = options.project_directory.empty()
                          ? options.current_directory
                          : absolute(options.project_directory, options.current_directory);
  std::vector<EnvFile> env_files;
  for (const std::string& file : written_env_files(options)) {
    env_files.push_back({absolute(file, options.current_directory), true, false});
    project.env_files.push_back(env_files.back().path);
  }
  bool search_env = env_files.empty() &&
                    variable(options.environment, "COMPOSE_DISABLE_ENV_FILE") != "true" &&
                    variable(options.environment, "COMPOSE_DISABLE_ENV_FILE") != "1";
  add_env_files(session, project, env_files);
  if (search_env) add_default_env_file(session, project, first_env_directory(options, start));

  for (const std::string& file : written_files(options, project.environment))
    project.files.push_back(file == "-" ? file : absolute(file, options.current_directory));
  if (project.files.empty()) project.files = search(session, start);
  const std::string& first = project.files[0];
  project.directory = first == "-" ? options.current_directory : fs::parent_path(first);
  if (!options.project_directory.empty()) project.directory = start;
  if (search_env) add_default_env_file(session, project, project.directory);

  project.profiles = options.profiles;
  std::string profiles = variable(project.environment, "COMPOSE_PROFILES");
  if (project.profiles.empty() && !profiles.empty())
    for (const std::string& profile : text::split(profiles, ','))
      project.profiles.emplace_back(text::trim(profile));
  return project;
}

std::string choose_project_name(Session& session, const LoadOptions& options,
                                const ProjectFiles& project) {
  if (!options.project_name.empty()) return checked_name(options.project_name, "-p");
  std::string name = variable(project.environment, "COMPOSE_PROJECT_NAME");
  if (!name.empty()) return checked_name(name, "COMPOSE_PROJECT_NAME");
  for (const std::string& file : project.files)
    if (std::string written = written_name(session, file, project); !written.empty()) {
      name = valid_name(written);
      if (name.empty())
        throw Error(cat("nothing of the project's name \"", written, "\" in ", file,
                        " is valid; begin it with a letter or a digit"));
    }
  if (name.empty()) name = valid_name(fs::base_name(project.directory));
  if (name.empty())
    throw Error(cat("the directory ", project.directory,
                    " gives no valid project name; name the project with -p"));
  return name;
}

}  // namespace estiba::spec
