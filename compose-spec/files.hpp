// Reads the files a project is made of, and keeps their text for messages.
#pragma once
#include <optional>
#include <string>

#include "compose-spec/report.hpp"
#include "compose-spec/source.hpp"

namespace estiba::spec {

/// A regular file or a pipe, of bounded size; a directory, a device or an unreadable file is an
/// Error that names it. Nothing if it does not exist.
std::optional<std::string> read_text_file(const std::string& path);

/// As above for "-", standard input.
std::string read_standard_input();

}  // namespace estiba::spec
