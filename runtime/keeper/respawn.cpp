#include "runtime/keeper/respawn.hpp"

namespace estiba::runtime {

std::optional<Respawn::Milliseconds> Respawn::after_death(Milliseconds now) {
  constexpr Milliseconds window{60'000}, first_delay{100};
  constexpr size_t most_deaths = 5;
  while (!deaths_.empty() && now - deaths_.front() > window) deaths_.pop_front();
  deaths_.push_back(now);
  if (deaths_.size() >= most_deaths) return std::nullopt;
  if (deaths_.size() == 1) return Milliseconds{0};
  return first_delay * (1 << (deaths_.size() - 2));
}

}  // namespace estiba::runtime
