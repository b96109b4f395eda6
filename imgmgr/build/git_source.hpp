// Git repositories as a source of ADD or as a build context, fetched by git(1).
#pragma once
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace estiba::img::build {

/// "https://host/repo.git#REF:DIRECTORY", both parts of the fragment optional.
struct GitAddress {
  std::string url;
  std::string ref;     ///< a branch, a tag or a commit; empty: what the repository says
  std::string subdir;  ///< empty: all of it

  bool operator==(const GitAddress&) const = default;
};

/// Nothing: not the address of a repository (http and https: those that end in ".git").
std::optional<GitAddress> parse_git_address(const std::string& text);

struct GitFetch {
  enum class GitDir { removed, kept };
  GitAddress address;
  std::string directory;  ///< empty; the files come into it
  GitDir git_dir = GitDir::removed;
  std::string ssh_agent;  ///< a socket; empty: none
  std::stop_token stop;
  std::function<void(std::string_view)> output;  ///< what git says
};

/// Returns the commit. An Error says what git said.
std::string fetch_git(const GitFetch& fetch);

}  // namespace estiba::img::build
