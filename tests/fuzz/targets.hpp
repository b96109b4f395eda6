// What is fed with arbitrary bytes, by libFuzzer or by the replay of the kept corpus. A target
// returns whatever the bytes are; it ends the process if a promise is broken.
#pragma once
#include <array>
#include <string_view>

namespace estiba::fuzz {

struct Target {
  std::string_view name;
  void (*feed)(std::string_view bytes);
};

void feed_yaml_tree(std::string_view bytes);
void feed_interpolation(std::string_view bytes);
void feed_dotenv(std::string_view bytes);
void feed_ports(std::string_view bytes);
void feed_durations(std::string_view bytes);
void feed_load(std::string_view bytes);
void feed_api(std::string_view bytes);  // of the orchestrator, whose unit tests replay its corpus

inline constexpr std::array<Target, 6> targets{{
    {"yaml_tree", feed_yaml_tree},
    {"interpolation", feed_interpolation},
    {"dotenv", feed_dotenv},
    {"ports", feed_ports},
    {"durations", feed_durations},
    {"load", feed_load},
}};

}  // namespace estiba::fuzz
