// A step's turn: whoever makes it holds it, in this process or another, so that two builds of the
// same step do its work once.
#pragma once
#include <string>

#include "base/unique_fd.hpp"
#include "imgmgr/build/engine.hpp"

namespace estiba::img::build {

class StepTurn {
 public:
  /// Waits; an Error once the build is stopped. `key` is 64 hexadecimal digits.
  StepTurn(const Engine& engine, const std::string& key);

 private:
  UniqueFd fd_;
};

}  // namespace estiba::img::build
