#include "imgmgr/build/remote_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "imgmgr/digest.hpp"
#include "imgmgr/http.hpp"

namespace estiba::img::build {
namespace {

// On disk it has a plain name: what the address ends in may hold wildcards.
constexpr const char* remote_file_name = "file";

// The last part of the URL's path, without query and fragment.
std::string name_of(const std::string& url) {
  std::string path = url.substr(0, url.find_first_of("?#"));
  size_t host = path.find("://");
  size_t slash = path.rfind('/');
  std::string name = slash > host + 2 ? path.substr(slash + 1) : "";
  if (name.empty() || name == "." || name == "..")
    throw Error(cat("ADD ", url, ": the address ends in no file name"));
  return name;
}

void set_time(FdRef fd, int64_t seconds) {
  if (seconds < 0) return;
  std::array<timespec, 2> times{timespec{seconds, 0}, timespec{seconds, 0}};
  if (::futimens(fd.get(), times.data()) != 0) throw Error{"futimens", "", Errno{errno}};
}

RemoteFile fetch_repository(Engine& engine, const GitAddress& address,
                            const RemoteRequest& request) {
  GitFetch fetch;
  fetch.address = address;
  fetch.directory = engine.scratch_dir("git");
  fetch.git_dir = request.git_dir;
  auto agent = engine.options().ssh.find("default");
  if (agent != engine.options().ssh.end()) fetch.ssh_agent = agent->second;
  fetch.stop = engine.stop_token();
  fetch.output = request.output;
  std::string commit = fetch_git(fetch);
  if (!request.checksum.empty() && !commit.starts_with(request.checksum))
    throw Error(cat(address.url, " is at commit ", commit, ", and not ", request.checksum));
  SourceTree tree{sys::open(fetch.directory, O_RDONLY | O_DIRECTORY), {}, Owners::reset};
  auto matches = tree.find({cat("/", address.subdir), {}, false});
  // Not of the content: what git notes down beside the files is never the same twice.
  bool kept = request.git_dir == GitFetch::GitDir::kept;
  std::string key = cat("git ", commit, " ", address.subdir, kept ? " with .git" : "");
  return {std::move(tree), std::move(matches), std::move(key)};
}

}  // namespace

bool is_remote(const std::string& source) {
  return source.starts_with("http://") || source.starts_with("https://") ||
         parse_git_address(source);
}

RemoteFile fetch_remote(Engine& engine, const RemoteRequest& request) {
  const auto& [url, checksum, git_dir, output] = request;
  if (auto address = parse_git_address(url)) return fetch_repository(engine, *address, request);
  std::optional<Digest> wanted;
  if (!checksum.empty()) wanted = Digest::required(checksum);
  std::string name = name_of(url);
  std::string dir = engine.scratch_dir("remote");
  UniqueFd file = sys::open(fs::join(dir, remote_file_name), O_WRONLY | O_CREAT | O_EXCL, 0600);
  Sha256 hash;
  HttpResponse response = http_get({url, {}, engine.stop_token()}, [&](std::string_view data) {
    hash.update(data);
    sys::write_all(file, data, name);
  });
  if (response.status != 200)
    throw Error(cat("cannot fetch ", url, ": status ", std::to_string(response.status)));
  Digest actual = Digest::of(hash);
  if (wanted && actual != *wanted) throw Error(cat(url, " is ", actual, ", and not ", *wanted));
  set_time(file, response.last_modified);
  SourceTree tree{sys::open(dir, O_RDONLY | O_DIRECTORY), {}, Owners::reset};
  auto matches = tree.find({remote_file_name, {}, false});
  matches.front().name = name;
  return {std::move(tree), std::move(matches), ""};
}

}  // namespace estiba::img::build
