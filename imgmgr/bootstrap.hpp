// A Debian base image made by mmdebstrap(1) from the mirrors that the host's apt uses.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imgmgr/images.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

/// One source of packages, in apt's one-line form's parts.
struct AptSource {
  std::string options;  ///< "[signed-by=...]" or empty
  std::string uri;
  std::vector<std::string> suites, components;
};

/// The binary-package sources of a sources.list (one-line style) or *.sources file (deb822 style).
std::vector<AptSource> parse_one_line_sources(std::string_view text);
std::vector<AptSource> parse_deb822_sources(std::string_view text);

/// What of a host's sources makes a Debian: those with a component "main" beneath one suite.
struct DebianMirror {
  std::string suite;               ///< "bookworm"
  std::vector<std::string> lines;  ///< sources.list lines, the suite's own first
};
/// Nothing if the host's apt has no Debian source.
std::optional<DebianMirror> choose_mirror(const std::vector<AptSource>& sources,
                                          const std::string& host_suite);

/// What mmdebstrap's line of output tells: nothing if it is no news.
std::optional<std::pair<std::string, double>> parse_progress(std::string_view line);

std::string bootstrap_debian(const Store& store, const std::string& reference,
                             const std::vector<std::string>& packages, const Progress& progress);

}  // namespace estiba::img
