// --chown and --chmod of COPY and ADD.
#pragma once
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "imgmgr/layer_extract.hpp"

namespace estiba::img::build {

/// "user[:group]", names looked up in the image's own files; numbers as they are, and a lone number
/// is the group too. A name that the image does not know is 0.
Owner resolve_owner(const std::string& text, std::string_view passwd, std::string_view group);

/// Whether it has no names in it.
bool is_numeric_owner(const std::string& text);

/// "755", or as chmod(1): "u=rwX,go=rX". Nothing: not a mode.
class ModeChange {
 public:
  static std::optional<ModeChange> parse(const std::string& text);
  /// `mode` with type; the result is permission bits only.
  mode_t apply(mode_t mode) const;
  /// An octal mode: what it sets, whatever was there.
  std::optional<mode_t> absolute() const { return absolute_; }

 private:
  struct Clause {
    mode_t who = 0;
    char operation = '=';
    std::string permissions;  ///< of "rwxXst", or of "ugo": what these have
  };
  std::optional<mode_t> absolute_;
  std::vector<Clause> clauses_;
};

}  // namespace estiba::img::build
