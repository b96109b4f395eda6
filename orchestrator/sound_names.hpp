// Names and addresses that end up in files of lines and words (/etc/hosts, resolv.conf), in names
// of files and of cgroups, and on terminals: each is one word there, or is refused. A line end
// within one would be a line that nobody has written.
#pragma once
#include <string>
#include <string_view>

#include "compose-spec/project.hpp"

namespace estiba::orchestrator {

/// Printable ASCII without blanks, and not "#", which begins a comment.
bool is_one_word(std::string_view text);
/// A container's or a network's name: letters, digits, dots, dashes and underscores, the first a
/// letter or digit.
bool is_object_name(std::string_view text);

/// An Error that says what must be a name and is none.
void refuse_unsound_name(std::string_view what, const std::string& name);

/// The same for every name in a model, by the place where it stands. The files' schema knows some
/// of it; a model that reaches the server need not come from a file.
void refuse_unsound(const spec::Project& project);

}  // namespace estiba::orchestrator
