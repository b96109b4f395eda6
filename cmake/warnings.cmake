# Warnings are errors in the project's own code; third-party headers are SYSTEM and exempt.
add_library(estiba_warnings INTERFACE)
target_compile_options(estiba_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wswitch-enum -Werror)
