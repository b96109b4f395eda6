// Small Compose files of every attribute and every way to combine them, each with what Docker
// Compose 2.40 makes of it: tests/golden/compose/NAME.yaml. Its files stand behind "#=== PATH"
// lines (the first is compose.yaml), then "#=== expected.json" with the canonical model, the
// project's folder written as ${DIR} and the one above as ${UP}, or "#=== rejected". "#! args:",
// "#! env:" and "#! cwd:" lines say how it is called: flags of `config` among the others.
#include <algorithm>
#include <filesystem>

#include "base/error.hpp"
#include "base/text.hpp"
#include "project_dir.hpp"

namespace estiba::spec {
namespace {

constexpr const char* folder = ESTIBA_SOURCE_DIR "/tests/golden/compose";

struct Case {
  std::string name;
  std::vector<TestFile> files;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  ///< NAME=VALUE
  std::string directory;                 ///< within the project
  std::optional<std::string> expected;
};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string& word : text::split(text, ' '))
    if (!word.empty()) out.push_back(word);
  return out;
}

bool take_head(Case& into, std::string_view line) {
  auto value = [&](std::string_view head) -> std::optional<std::string_view> {
    if (!line.starts_with(head)) return std::nullopt;
    return text::trim(line.substr(head.size()));
  };
  if (auto arguments = value("#! args:")) {
    into.arguments = words(*arguments);
  } else if (auto environment = value("#! env:")) {
    into.environment = words(*environment);
  } else if (auto directory = value("#! cwd:")) {
    into.directory = *directory;
  } else {
    return false;
  }
  return true;
}

Case read_case(const std::filesystem::path& path) {
  constexpr std::string_view mark = "#=== ";
  Case out{path.stem(), {{"compose.yaml", ""}}, {}, {}, {}, std::nullopt};
  const std::string text = fs::read_all(path);
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (take_head(out, line)) continue;
    if (line == "#=== rejected") break;
    if (line == "#=== expected.json") {
      out.expected = std::string(text::trim(rest));
      break;
    }
    if (line.starts_with(mark)) {
      out.files.push_back({std::string(line.substr(mark.size())), ""});
    } else {
      out.files.back().text += std::string(line) + "\n";
    }
  }
  if (out.files.size() > 1 && out.files[0].text.empty()) out.files.erase(out.files.begin());
  return out;
}

void apply_argument(LoadOptions& options, const std::string& flag, const std::string& value) {
  if (flag == "-f") {
    options.files.push_back(value);
  } else if (flag == "-p") {
    options.project_name = value;
  } else if (flag == "--profile") {
    options.profiles.push_back(value);
  } else if (flag == "--env-file") {
    options.env_files.push_back(value);
  } else if (flag == "--project-directory") {
    options.project_directory = value;
  } else {
    FAIL() << "unknown flag " << flag;
  }
}

class Recorded : public testing::TestWithParam<std::string> {
 protected:
  Recorded() : recorded_(read_case(std::filesystem::path(folder) / (GetParam() + ".yaml"))) {
    project_ = fs::join(dir_.path(), "project");
    for (const auto& [name, text] : recorded_.files) dir_.write(fs::join("project", name), text);
    options_ = dir_.options;
    options_.project_name.clear();
    options_.environment = {{"HOME", "/nonexistent"}};
    for (const std::string& variable : recorded_.environment) {
      size_t equals = variable.find('=');
      options_.environment[variable.substr(0, equals)] = variable.substr(equals + 1);
    }
    options_.current_directory = fs::join(project_, recorded_.directory);
    auto given = [&](const char* flag) { return std::erase(recorded_.arguments, flag) > 0; };
    options_.all_resources = given("--all-resources");
    options_.normalize = !given("--no-normalize");
    options_.resolve_paths = !given("--no-path-resolution");
    if (given("--no-interpolate")) {
      options_.interpolate = false;
      options_.outputs = json_output | yaml_output;
    }
    for (size_t i = 0; i + 1 < recorded_.arguments.size(); i += 2)
      apply_argument(options_, recorded_.arguments[i], recorded_.arguments[i + 1]);
  }

  Loaded load_or_reject() const {
    try {
      return load(options_);
    } catch (const Error&) {
      return {};
    }
  }

  std::string portable(std::string text) const {
    for (const auto& [path, word] :
         {std::pair(project_, "${DIR}"), std::pair(dir_.path(), "${UP}")})
      for (size_t at = text.find(path); at != std::string::npos; at = text.find(path))
        text.replace(at, path.size(), word);
    return text;
  }

  /// What the printed model loads to: it stands for all files, under the same profiles.
  Loaded load_again(const std::string& printed) {
    dir_.write("project/printed.yaml", printed);
    LoadOptions again = options_;
    again.files = {fs::join(project_, "printed.yaml")};
    return load(again);
  }

  Case recorded_;
  ProjectDir dir_{};
  std::string project_;
  LoadOptions options_;
};

TEST_P(Recorded, LoadsToTheSameModelOrIsRejectedToo) {
  Loaded loaded = load_or_reject();
  ASSERT_EQ(!loaded.canonical_json.empty(), recorded_.expected.has_value())
      << ProjectDir::messages(loaded, project_);
  if (recorded_.expected) {
    EXPECT_EQ(portable(loaded.canonical_json), *recorded_.expected);
  }
}

// Docker Compose cannot read back what it prints of these, and we print the same: a dollar in a key
// is doubled, a port 0 left out, an address of a host stands twice, and an optional dependency may
// be on a service that is not there.
bool is_lost_in_print(const std::string& name) {
  return name == "interp-not-in-keys" || name == "ports-target-zero" ||
         name == "profiles-depends-disabled-optional" || name == "extra-hosts-multi";
}

TEST_P(Recorded, IsTheSameAgainAfterPrinting) {
  if (!recorded_.expected || !options_.interpolate || is_lost_in_print(recorded_.name)) return;
  Loaded first = load_or_reject();
  Loaded from_yaml = load_again(first.canonical_yaml);
  EXPECT_EQ(from_yaml.canonical_yaml, first.canonical_yaml)
      << ProjectDir::messages(from_yaml, project_);
  EXPECT_EQ(from_yaml.canonical_json, first.canonical_json);
  // Docker Compose's JSON lacks the models, and spells members of block I/O limits its own way.
  bool lossy = first.canonical_yaml.find("\nmodels:") != std::string::npos ||
               first.canonical_yaml.find("blkio_config:") != std::string::npos;
  if (lossy) return;
  Loaded from_json = load_again(first.canonical_json);
  EXPECT_EQ(from_json.canonical_json, first.canonical_json)
      << ProjectDir::messages(from_json, project_);
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    found.push_back(entry.path().stem());
  std::sort(found.begin(), found.end());
  return found;
}

INSTANTIATE_TEST_SUITE_P(Files, Recorded, testing::ValuesIn(names()), [](const auto& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace estiba::spec
