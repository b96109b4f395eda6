#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "orchestrator/cli/time_bound.hpp"
#include "orchestrator/logs/follower.hpp"
#include "orchestrator/logs/printer.hpp"
#include "orchestrator/logs/reader.hpp"
#include "orchestrator/logs/record.hpp"

namespace estiba::orchestrator {
namespace {

class LogFile : public testing::Test {
 protected:
  LogFile() {
    char name[] = "/tmp/estiba-logs-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~LogFile() override { fs::remove_tree(folder_); }
  std::string path(const std::string& name = "log") const { return cat(folder_, "/", name); }
  void append(const std::string& text, const std::string& name = "log") const {
    std::ofstream(path(name), std::ios::app) << text;
  }
  static std::string record(int second, const std::string& rest) {
    return cat("2026-11-25T11:00:", second < 10 ? "0" : "", std::to_string(second), ".000000001Z ",
               rest, "\n");
  }
  static std::string lines_of(LogReader& reader) {
    std::string out;
    while (auto line = reader.next()) out += cat(line->text, "|");
    return out;
  }

  std::string folder_;
};

TEST(LogRecord, HasTimeStreamAndText) {
  auto record = parse_record("2026-11-25T11:33:16.000000001Z stderr F two  blanks ");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->time, "2026-11-25T11:33:16.000000001Z");
  EXPECT_EQ(record->stream, LogStream::err);
  EXPECT_TRUE(record->whole);
  EXPECT_EQ(record->text, "two  blanks ");
  EXPECT_TRUE(parse_record("2026-11-25T11:33:16.000000001Z stdout F "));
}

TEST(LogRecord, RefusesWhatIsNone) {
  EXPECT_FALSE(parse_record(""));
  EXPECT_FALSE(parse_record("2026 stdin F x"));
  EXPECT_FALSE(parse_record("2026 stdout X x"));
}

TEST(LineJoiner, JoinsThePiecesOfEachStreamForItself) {
  LineJoiner joiner;
  EXPECT_FALSE(joiner.add({"1", LogStream::out, false, "long "}));
  auto other = joiner.add({"2", LogStream::err, true, "other"});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->text, "other");
  auto whole = joiner.add({"3", LogStream::out, true, "line"});
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->text, "long line");
  EXPECT_EQ(whole->time, "1");
}

TEST(LineJoiner, GivesWhatNeverEnded) {
  LineJoiner joiner;
  joiner.add({"1", LogStream::err, false, "half"});
  auto rest = joiner.rest();
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->text, "half");
  EXPECT_FALSE(joiner.rest());
}

TEST_F(LogFile, IsReadFromTheOldestToTheNewest) {
  append(record(1, "stdout F a"), "log.2");
  append(record(2, "stdout F b"), "log.1");
  append(record(3, "stdout F c"));
  LogReader reader(path(), {});
  EXPECT_EQ(lines_of(reader), "a|b|c|");
}

TEST_F(LogFile, TailCountsWholeLinesAcrossFiles) {
  append(record(1, "stdout F a") + record(2, "stdout F b"), "log.1");
  append(record(3, "stdout P c") + record(3, "stdout F c") + record(4, "stderr F d"));
  for (auto [count, wanted] : std::vector<std::pair<uint64_t, std::string>>{
           {0, ""}, {1, "d|"}, {2, "cc|d|"}, {3, "b|cc|d|"}, {9, "a|b|cc|d|"}}) {
    LogFilter filter;
    filter.tail = count;
    LogReader reader(path(), filter);
    EXPECT_EQ(lines_of(reader), wanted) << count;
  }
}

TEST_F(LogFile, TailCountsALineThatHasNotEnded) {
  append(record(1, "stdout F a") + record(2, "stdout F b") + record(3, "stdout P $ "));
  LogFilter filter;
  filter.tail = 1;
  LogReader reader(path(), filter);
  EXPECT_EQ(lines_of(reader), "");
  auto rest = reader.rest();
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->text, "$ ");
}

TEST_F(LogFile, TailOfALongFileIsFoundFromItsEnd) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += record(1, cat("stdout F line ", std::to_string(i)));
  append(text);
  LogFilter filter;
  filter.tail = 2;
  LogReader reader(path(), filter);
  EXPECT_EQ(lines_of(reader), "line 19998|line 19999|");
}

TEST_F(LogFile, SinceAndUntilBoundTheTimes) {
  for (int i = 1; i < 6; ++i) append(record(i, cat("stdout F ", std::to_string(i))));
  LogFilter filter;
  filter.since = "2026-11-25T11:00:02.000000001Z";
  filter.until = "2026-11-25T11:00:04.000000001Z";
  LogReader reader(path(), filter);
  EXPECT_EQ(lines_of(reader), "2|3|4|");
}

TEST_F(LogFile, ReadingGoesOnAfterARotation) {
  append(record(1, "stdout F a"));
  LogReader reader(path(), {});
  EXPECT_EQ(lines_of(reader), "a|");
  append(record(2, "stdout F b"));
  ASSERT_EQ(::rename(path().c_str(), path("log.1").c_str()), 0);
  append(record(3, "stdout F c"));
  EXPECT_EQ(lines_of(reader), "b|c|");
}

TEST_F(LogFile, MayBeMissingAtFirst) {
  LogReader reader(path(), {});
  EXPECT_EQ(lines_of(reader), "");
  append(record(1, "stdout F a"));
  EXPECT_EQ(lines_of(reader), "a|");
}

TEST_F(LogFile, LogsAreMergedInTheOrderOfTime) {
  fs::make_dirs(path("x"));
  fs::make_dirs(path("y"));
  append(record(1, "stdout F 1") + record(3, "stdout F 3"), "x/log");
  append(record(2, "stdout F 2") + record(4, "stdout F 4"), "y/log");
  std::string seen;
  LogFollower follower(
      [&](const std::string& name, const LogLine& line) { seen += cat(name, line.text, " "); });
  follower.add("x", "x", path("x/log"), {});
  follower.add("y", "y", path("y/log"), {});
  follower.watch();
  follower.read_merged();
  EXPECT_EQ(seen, "x1 y2 x3 y4 ");
  append(record(5, "stdout F 5"), "y/log");
  follower.read_changed();
  EXPECT_EQ(seen, "x1 y2 x3 y4 y5 ");
}

TEST_F(LogFile, WhatWasWrittenBeforeItWasWatchedIsNotLost) {
  append(record(1, "stdout F 1"));
  std::string seen;
  LogFollower follower([&](const std::string&, const LogLine& line) { seen += line.text; });
  follower.watch();
  follower.add("x", "x", path(), {});
  EXPECT_EQ(seen, "1");
}

TEST(LogPrinter, PrefixesHaveOneWidth) {
  LogPrinter printer({});
  printer.announce("web-10");
  printer.announce("db-1");
  EXPECT_EQ(printer.prefix("db-1"), "db-1    | ");
  EXPECT_EQ(printer.prefix("web-10"), "web-10  | ");
}

TEST(TimeBound, TakesTimesAndAges) {
  WallTime now = *parse_rfc3339("2026-11-25T12:00:00Z");
  EXPECT_EQ(time_bound("since", "2026-01-02T13:23:37Z", now), "2026-01-02T13:23:37.000000000Z");
  EXPECT_EQ(time_bound("since", "2026-01-02T13:23:37", now), "2026-01-02T13:23:37.000000000Z");
  EXPECT_EQ(time_bound("since", "2026-01-02", now), "2026-01-02T00:00:00.000000000Z");
  EXPECT_EQ(time_bound("since", "42m", now), "2026-11-25T11:18:00.000000000Z");
  EXPECT_EQ(time_bound("since", "0.5", now), "1970-01-01T00:00:00.500000000Z");
  EXPECT_THROW(time_bound("since", "foo", now), Error);
}

}  // namespace
}  // namespace estiba::orchestrator
