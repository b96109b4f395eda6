// RUN --mount=type=...,key=value,...
#pragma once
#include <string>

#include "imgmgr/build/instruction.hpp"

namespace estiba::img::build {

MountFlag parse_mount(const std::string& text);

}  // namespace estiba::img::build
