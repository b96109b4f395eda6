#include "runtime/embedded_keeper.hpp"

// The assembler reads the executable that the build has made before this file.
asm(".section .rodata.estiba_keeper, \"a\"\n"
    ".balign 16\n"
    ".global estiba_keeper_begin\n"
    ".global estiba_keeper_end\n"
    "estiba_keeper_begin:\n"
    ".incbin \"" ESTIBA_KEEPER
    "\"\n"
    "estiba_keeper_end:\n"
    ".previous\n");

extern "C" const char estiba_keeper_begin[];
extern "C" const char estiba_keeper_end[];

namespace estiba::runtime {

std::string_view embedded_keeper() {
  return {estiba_keeper_begin, static_cast<size_t>(estiba_keeper_end - estiba_keeper_begin)};
}

}  // namespace estiba::runtime
