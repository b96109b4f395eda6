// SIGINT and SIGTERM as something a poll loop can wait for. A handler, not a blocked signal: what
// this process starts (the anchor) must not inherit a signal mask.
#pragma once
#include "base/unique_fd.hpp"

namespace estiba::orchestrator::interrupts {

/// From here on the two signals are counted instead of ending the process.
void install();
/// Readable after a signal; -1 before install(), which poll(2) ignores.
FdRef fd();
/// Empties fd() and says how many signals came since install().
int take();
/// SIGINT or SIGTERM, whichever came last; 0 if none did.
int last_signal();
/// SIGWINCH makes fd() readable as well; says whether one came since the last question.
void watch_window();
bool window_changed();

}  // namespace estiba::orchestrator::interrupts
