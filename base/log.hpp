// The server's own log: one line an entry, to standard error (the anchor points it at a file).
// Libraries log at debug at most; only the server says more. spdlog stays behind this header.
#pragma once
#include <string_view>

namespace estiba::log {

enum class Level { debug, info, warning, error };

/// Entries below `level` are dropped. The default is warning.
void set_level(Level level);
void write(Level level, std::string_view text);

inline void debug(std::string_view text) { write(Level::debug, text); }
inline void info(std::string_view text) { write(Level::info, text); }
inline void warning(std::string_view text) { write(Level::warning, text); }
inline void error(std::string_view text) { write(Level::error, text); }

}  // namespace estiba::log
