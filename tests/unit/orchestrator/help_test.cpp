#include "orchestrator/cli/help.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "orchestrator/cli/dispatch.hpp"

namespace estiba::orchestrator {
namespace {

constexpr size_t screen_lines = 40, screen_columns = 100;

void expect_one_screen(const std::string& help, std::string_view name) {
  std::vector<std::string> lines = text::split(help, '\n');
  EXPECT_LE(lines.size(), screen_lines) << name;
  for (const std::string& line : lines)
    EXPECT_LE(line.size(), screen_columns) << name << ": " << line;
}

TEST(Help, FitsOneScreen) {
  expect_one_screen(general_help(all_commands(), global_flags()), "--help");
  expect_one_screen(group_help("image", all_commands()), "image");
  for (const Command* command : all_commands())
    expect_one_screen(command_help(*command), command->name);
}

TEST(Help, NamesEveryCommand) {
  std::string help = general_help(all_commands(), global_flags());
  for (const Command* command : all_commands()) {
    std::string word(command->name.substr(0, command->name.find(' ')));
    EXPECT_NE(help.find(" " + word), help.npos) << word;
  }
}

TEST(Tables, HoldEachNameAndLetterOnce) {
  for (const Command* command : all_commands()) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const Flag& flag : command->flags) {
      EXPECT_TRUE(names.insert(flag.name).second) << command->name << " --" << flag.name;
      bool fresh = flag.letter == 0 || letters.insert(flag.letter).second;
      EXPECT_TRUE(fresh) << command->name << " -" << flag.letter;
      bool shown_value = flag.help.empty() || (flag.takes == Takes::nothing) == flag.value.empty();
      EXPECT_TRUE(shown_value) << command->name << " --" << flag.name;
    }
    EXPECT_NE(command->run, nullptr) << command->name;
  }
}

}  // namespace
}  // namespace estiba::orchestrator
