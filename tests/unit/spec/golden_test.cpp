// Every kind of mistake a user can make in a Compose file, and the whole text that is said about
// it: tests/golden/spec/NAME.yaml and NAME.txt. A file may hold several, each behind a "#=== PATH"
// line. ESTIBA_UPDATE_GOLDEN=1 writes the texts anew.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "project_dir.hpp"

namespace estiba::spec {
namespace {

std::vector<TestFile> files_of(const std::string& text) {
  constexpr std::string_view mark = "#=== ";
  std::vector<TestFile> files{{"compose.yaml", ""}};
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with(mark))
      files.push_back({std::string(line.substr(mark.size())), ""});
    else
      files.back().text += std::string(line) + "\n";
  }
  if (files.size() > 1 && files[0].text.empty()) files.erase(files.begin());
  return files;
}

std::vector<std::filesystem::path> cases() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(ESTIBA_SOURCE_DIR "/tests/golden/spec"))
    if (entry.path().extension() == ".yaml") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

class Golden : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Golden, SaysWhatIsWrongWhereAndWhatToDo) {
  std::filesystem::path expected_path = std::filesystem::path(GetParam()).replace_extension(".txt");
  ProjectDir dir({});
  for (const auto& [name, text] : files_of(*fs::read_if_exists(GetParam()))) dir.write(name, text);
  std::string said = dir.messages();
  if (std::getenv("ESTIBA_UPDATE_GOLDEN"))
    fs::write_atomic(expected_path, said, 0644, fs::Durability::relaxed);
  EXPECT_EQ(said, fs::read_if_exists(expected_path).value_or("there is no such file"));
  EXPECT_NE(said, "");
}

INSTANTIATE_TEST_SUITE_P(Mistakes, Golden, testing::ValuesIn(cases()), [](const auto& one) {
  std::string name = one.param.stem();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace estiba::spec
