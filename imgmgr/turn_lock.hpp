// Locks of which there are as many as keys and that leave no file behind for each: a key stands for
// a byte of one file. The lock is the open file's (fcntl(2), F_OFD_SETLK), not the process's:
// threads exclude one another, and it goes with whoever dies.
#pragma once
#include <string_view>

#include "base/unique_fd.hpp"

namespace estiba::img {

/// `key`: 15 or more hexadecimal digits. False: another holds it.
bool try_lock_turn(FdRef file, std::string_view key);

}  // namespace estiba::img
