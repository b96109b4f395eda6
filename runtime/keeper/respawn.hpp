// When a dead server is started again: at once, then after 100 ms doubling; five deaths within a
// minute end it, and a person has to look.
#pragma once
#include <chrono>
#include <deque>
#include <optional>

namespace estiba::runtime {

class Respawn {
 public:
  using Milliseconds = std::chrono::milliseconds;
  /// The delay before the next start; nothing: stay down.
  std::optional<Milliseconds> after_death(Milliseconds now);

 private:
  std::deque<Milliseconds> deaths_;
};

}  // namespace estiba::runtime
