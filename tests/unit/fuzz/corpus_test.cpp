// The fuzzers' kept corpus, fed again: what once broke something stays harmless.
#include <gtest/gtest.h>

#include <filesystem>

#include "../../fuzz/targets.hpp"
#include "base/fs.hpp"

namespace estiba::fuzz {
namespace {

class Corpus : public testing::TestWithParam<Target> {};

TEST_P(Corpus, BreaksNoPromise) {
  std::filesystem::path folder = ESTIBA_SOURCE_DIR "/tests/fuzz/corpus";
  size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder / GetParam().name)) {
    SCOPED_TRACE(file.path());
    GetParam().feed(fs::read_all(file.path()));
    ++count;
  }
  EXPECT_GT(count, 0u);
}

INSTANTIATE_TEST_SUITE_P(Fuzzed, Corpus, testing::ValuesIn(targets),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace estiba::fuzz
