// The keeper's executable, as bytes inside this program.
#pragma once
#include <string_view>

namespace estiba::runtime {

std::string_view embedded_keeper();

}  // namespace estiba::runtime
