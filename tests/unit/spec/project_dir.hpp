// A directory of Compose files for one test, and what loading it says.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <initializer_list>
#include <string>

#include "base/fs.hpp"
#include "compose-spec/loader.hpp"

namespace estiba::spec {

struct TestFile {
  std::string name, text;
};

class ProjectDir {
 public:
  explicit ProjectDir(std::initializer_list<TestFile> files) {
    std::string pattern = "/tmp/spec-test-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    for (const auto& [name, text] : files) write(name, text);
    options.current_directory = directory_;
    options.environment = {{"HOME", "/home/me"}};
    options.project_name = "p";
  }
  ProjectDir(const ProjectDir&) = delete;
  ProjectDir& operator=(const ProjectDir&) = delete;
  ~ProjectDir() { fs::remove_tree(directory_); }

  void write(const std::string& name, const std::string& text) {
    std::string path = fs::join(directory_, name);
    fs::make_dirs(fs::parent_path(path));
    fs::write_atomic(path, text, 0644, fs::Durability::relaxed);
  }
  const std::string& path() const { return directory_; }

  /// All findings as the user sees them, the directory's name taken out.
  static std::string messages(const Loaded& loaded, const std::string& directory) {
    std::string out;
    for (const Diagnostic& diagnostic : loaded.diagnostics) out += to_text(diagnostic, directory);
    for (size_t at = out.find(directory); at != std::string::npos; at = out.find(directory))
      out.replace(at, directory.size(), "DIR");
    return out;
  }
  std::string messages() const { return messages(load(options), directory_); }

  Project project() const {
    Loaded loaded = load(options);
    EXPECT_TRUE(loaded.project) << messages(loaded, directory_);
    return loaded.project.value_or(Project{});
  }
  std::string yaml() const {
    Loaded loaded = load(options);
    EXPECT_TRUE(loaded.project) << messages(loaded, directory_);
    return loaded.canonical_yaml;
  }

  LoadOptions options;

 private:
  std::string directory_;
};

inline std::string messages_of(const std::string& text) {
  return ProjectDir({{"compose.yaml", text}}).messages();
}
inline std::string yaml_of(const std::string& text) {
  return ProjectDir({{"compose.yaml", text}}).yaml();
}
inline Service service_of(const std::string& text) {
  return ProjectDir({{"compose.yaml", text}}).project().services.at("a");
}

}  // namespace estiba::spec
