#include "imgmgr/build/git_source.hpp"

#include <poll.h>

#include <array>
#include <vector>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "imgmgr/child_process.hpp"

namespace estiba::img::build {
namespace {

constexpr int stop_check_ms = 100;
constexpr size_t commit_digits = 40;

bool is_commit(const std::string& ref) {
  return ref.size() == commit_digits &&
         ref.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// git in one directory, without what its user or its host has configured.
class Git {
 public:
  explicit Git(const GitFetch& fetch) : fetch_(fetch) {}

  struct Outcome {
    int status = 0;
    std::string output, errors;
  };

  Outcome try_run(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {"git", "-C", fetch_.directory, "-c",
                                     "protocol.ext.allow=never"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    std::vector<std::string> env = {"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1",
                                    "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C"};
    if (!fetch_.ssh_agent.empty()) env.push_back(cat("SSH_AUTH_SOCK=", fetch_.ssh_agent));
    auto child = ChildProcess::start(argv, env);
    if (!child) throw Error("git is not installed on this host, and a repository needs it");
    Outcome out;
    listen(*child, out);
    out.status = child->wait();
    return out;
  }

  std::string run(const std::vector<std::string>& arguments) const {
    Outcome out = try_run(arguments);
    if (out.status != 0)
      throw Error(cat("git ", arguments.front(), " of ", fetch_.address.url,
                      " failed: ", text::trim(out.errors)));
    return std::string(text::trim(out.output));
  }

 private:
  void listen(ChildProcess& child, Outcome& out) const {
    std::array<pollfd, 2> waiting{pollfd{child.output().get(), POLLIN, 0},
                                  pollfd{child.errors().get(), POLLIN, 0}};
    std::array<std::string*, 2> into{&out.output, &out.errors};
    while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
      if (fetch_.stop.stop_requested()) {
        child.stop();
        throw Error("the build was stopped");
      }
      ::poll(waiting.data(), waiting.size(), stop_check_ms);
      for (size_t i = 0; i < waiting.size(); ++i)
        if (waiting[i].fd >= 0 && waiting[i].revents != 0 && !take(waiting[i].fd, *into[i]))
          waiting[i].fd = -1;
    }
  }

  bool take(int fd, std::string& into) const {
    std::array<char, 4096> bytes;
    size_t got = sys::read(FdRef(fd), bytes.data(), bytes.size(), "git");
    into.append(bytes.data(), got);
    if (fetch_.output && got > 0) fetch_.output({bytes.data(), got});
    return got > 0;
  }

  const GitFetch& fetch_;
};

// One commit is enough where the server lets us have it: by a branch's or tag's name always, by its
// digits on most.
void fetch_ref(const Git& git, const std::string& ref) {
  std::string wanted = ref.empty() ? "HEAD" : ref;
  if (git.try_run({"fetch", "--quiet", "--depth=1", "origin", wanted}).status == 0) {
    git.run({"checkout", "--quiet", "FETCH_HEAD"});
    return;
  }
  git.run({"fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"});
  bool branch = !is_commit(wanted) &&
                git.try_run({"checkout", "--quiet", cat("origin/", wanted)}).status == 0;
  if (!branch) git.run({"checkout", "--quiet", wanted, "--"});
}

}  // namespace

std::optional<GitAddress> parse_git_address(const std::string& text) {
  size_t hash = std::min(text.find('#'), text.size());
  GitAddress out{text.substr(0, hash), "", ""};
  bool web = out.url.starts_with("http://") || out.url.starts_with("https://");
  bool known = out.url.starts_with("git://") || out.url.starts_with("ssh://") ||
               (out.url.starts_with("git@") && out.url.find(':') != std::string::npos);
  if (!known && !(web && out.url.ends_with(".git"))) return std::nullopt;
  if (hash == text.size()) return out;
  std::string fragment = text.substr(hash + 1);
  size_t colon = std::min(fragment.find(':'), fragment.size());
  out.ref = fragment.substr(0, colon);
  if (colon < fragment.size()) out.subdir = fragment.substr(colon + 1);
  if (out.ref.starts_with('-'))
    throw Error(cat("\"", out.ref, "\" is not a branch, a tag or a commit"));
  return out;
}

std::string fetch_git(const GitFetch& fetch) {
  Git git(fetch);
  git.run({"init", "--quiet"});
  git.run({"remote", "add", "origin", fetch.address.url});
  fetch_ref(git, fetch.address.ref);
  git.run({"submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"});
  std::string commit = git.run({"rev-parse", "HEAD"});
  if (fetch.git_dir == GitFetch::GitDir::removed)
    fs::remove_tree(fs::join(fetch.directory, ".git"));
  return commit;
}

}  // namespace estiba::img::build
