#include "imgmgr/bootstrap.hpp"

#include <poll.h>

#include <thread>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/scope_exit.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "imgmgr/child_process.hpp"
#include "imgmgr/import.hpp"

namespace estiba::img {
namespace {

constexpr std::string_view sources_list = "/etc/apt/sources.list";
constexpr std::string_view sources_dir = "/etc/apt/sources.list.d";

std::vector<AptSource> host_sources() {
  std::vector<AptSource> out;
  auto add = [&](const std::string& path) {
    auto text = fs::read_if_exists(path);
    if (!text) return;
    auto sources =
        path.ends_with(".sources") ? parse_deb822_sources(*text) : parse_one_line_sources(*text);
    out.insert(out.end(), sources.begin(), sources.end());
  };
  add(std::string(sources_list));
  for (const auto& name : fs::list_dir(std::string(sources_dir)))
    if (name.ends_with(".list") || name.ends_with(".sources")) add(fs::join(sources_dir, name));
  return out;
}

// VERSION_CODENAME of a Debian host; of another distribution it would name no Debian suite.
std::string host_suite() {
  std::string id, suite;
  auto text = fs::read_if_exists("/etc/os-release");
  for (const auto& line : text::split(text.value_or(""), '\n')) {
    if (line.starts_with("ID=")) id = line.substr(3);
    if (line.starts_with("VERSION_CODENAME=")) suite = line.substr(17);
  }
  return id == "debian" ? suite : "";
}

// What Debian's own "slim" images leave out; licences stay.
const std::vector<std::string>& slim_options() {
  static const std::vector<std::string> options = {
      "--dpkgopt=path-exclude=/usr/share/man/*",
      "--dpkgopt=path-exclude=/usr/share/doc/*",
      "--dpkgopt=path-include=/usr/share/doc/*/copyright",
      "--dpkgopt=path-exclude=/usr/share/info/*",
      "--dpkgopt=path-exclude=/usr/share/groff/*",
      "--dpkgopt=path-exclude=/usr/share/lintian/*",
      "--dpkgopt=path-exclude=/usr/share/linda/*",
      "--dpkgopt=path-exclude=/usr/share/locale/*",
      "--aptopt=Acquire::Languages \"none\"",
      "--aptopt=Apt::AutoRemove::SuggestsImportant \"false\"",
  };
  return options;
}

std::vector<std::string> command_line(const std::optional<DebianMirror>& mirror,
                                      const std::vector<std::string>& packages) {
  std::vector<std::string> argv = {"mmdebstrap", "--variant=minbase", "--format=tar"};
  argv.insert(argv.end(), slim_options().begin(), slim_options().end());
  if (!packages.empty()) argv.push_back(cat("--include=", text::join(packages, ",")));
  argv.push_back(mirror ? mirror->suite : "stable");
  argv.push_back("-");
  if (mirror) argv.insert(argv.end(), mirror->lines.begin(), mirror->lines.end());
  return argv;
}

// Reads mmdebstrap's messages to their end; what went wrong is kept for the error.
class Messages {
 public:
  explicit Messages(const Progress& progress) : progress_(progress) {}

  void read(FdRef fd) {
    std::string pending;
    std::string buffer(4096, '\0');
    while (size_t got = sys::read(fd, buffer.data(), buffer.size(), "mmdebstrap's messages")) {
      pending.append(buffer, 0, got);
      size_t end = 0;
      while ((end = pending.find('\n')) != std::string::npos) {
        take(pending.substr(0, end));
        pending.erase(0, end + 1);
      }
    }
  }

  Error failure(int status) const {
    if (!unreachable_.empty()) return Error(cat("a package mirror cannot be used: ", unreachable_));
    return Error(cat("mmdebstrap failed (status ", std::to_string(status), ")",
                     last_error_.empty() ? "" : cat(": ", last_error_)));
  }

 private:
  void take(const std::string& line) {
    if (auto news = parse_progress(line); news && progress_) progress_(news->first, news->second);
    if (line.find("Failed to fetch") != std::string::npos && unreachable_.empty())
      unreachable_ = line.substr(line.find("Failed to fetch"));
    if (line.starts_with("E: ") && last_error_.empty()) last_error_ = line.substr(3);
  }

  const Progress& progress_;
  std::string unreachable_, last_error_;
};

bool has_hung_up(FdRef pipe) {
  pollfd state{pipe.get(), POLLIN, 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & POLLIN) == 0;
}

}  // namespace

std::optional<std::pair<std::string, double>> parse_progress(std::string_view line) {
  struct Step {
    std::string_view begins, says;
    double done;
  };
  // Fractions as the steps take on a usual machine: fetching and unpacking is most of it.
  static constexpr Step steps[] = {
      {"I: running apt-get update", "fetching package lists", 0.05},
      {"I: downloading packages", "fetching packages", 0.15},
      {"I: extracting archives", "unpacking packages", 0.35},
      {"I: installing essential packages", "installing essential packages", 0.45},
      {"I: installing remaining packages", "installing packages", 0.7},
      {"I: cleaning package lists", "cleaning up", 0.9},
      {"I: creating tarball", "storing the image", 0.92},
  };
  for (const auto& step : steps)
    if (line.starts_with(step.begins)) return std::pair{std::string(step.says), step.done};
  return std::nullopt;
}

std::string bootstrap_debian(const Store& store, const std::string& reference,
                             const std::vector<std::string>& packages, const Progress& progress) {
  auto mirror = choose_mirror(host_sources(), host_suite());
  WorkDir scratch = store.make_work_dir();
  auto child =
      ChildProcess::start(command_line(mirror, packages), {cat("TMPDIR=", scratch.path())});
  if (!child) throw Error("making a Debian image needs mmdebstrap; install the package mmdebstrap");
  Messages messages(progress);
  std::thread reader([&] { messages.read(child->errors()); });
  ScopeExit end([&] {
    child->stop();
    reader.join();
  });
  auto finish = [&] {
    int status = child->wait();
    end.keep();
    reader.join();
    if (status != 0) throw messages.failure(status);
  };
  ImportRequest request{reference, {"CMD [\"bash\"]"}, "Debian by mmdebstrap", {}, finish};
  try {
    return import_stream(store, child->output(), "mmdebstrap's output", request);
  } catch (const Error&) {
    // If it ended early, its own account of why is better than "the archive is empty".
    if (child->running() && has_hung_up(child->output())) finish();
    throw;
  }
}

}  // namespace estiba::img
