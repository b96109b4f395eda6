// Which of the containers that exist are "the" replicas of a service, which are surplus, and which
// numbers are missing. Internal to the room.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "scheduler/decision.hpp"

namespace estiba::scheduler {

struct Candidate {
  const ObservedContainer* container = nullptr;
  std::optional<std::string> obsolete;  ///< why it must be made anew; nothing: it can stay
};

struct Selection {
  std::vector<Candidate> kept;   ///< by number
  std::vector<Doomed> surplus;   ///< in the order of removal
  std::vector<int> missing;      ///< numbers to create
  std::string cause_of_missing;  ///< "not created yet", "scale 1 -> 3"
};

Selection select_replicas(std::vector<Candidate> candidates, int wanted);

}  // namespace estiba::scheduler
