// A run directory with anchor and keeper, and an image of Debian's static busybox, all beneath one
// temporary directory; the test is the server.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "runtime/containers.hpp"

namespace estiba::runtime::testing {

constexpr const char* busybox = "/bin/busybox";

inline std::string make_image(const std::string& directory) {
  for (const char* name : {"bin", "tmp", "etc", "root", "proc", "sys", "dev"})
    fs::make_dirs(cat(directory, "/", name), 0755);
  std::string program = fs::read_all(busybox);
  fs::write_atomic(cat(directory, "/bin/busybox"), program, 0755, fs::Durability::relaxed);
  for (const char* applet :
       {"sh",     "cat",    "echo", "sleep", "id",      "ls",      "env",      "pwd",   "hostname",
        "head",   "kill",   "true", "false", "mount",   "stat",    "wc",       "tail",  "mknod",
        "chroot", "nproc",  "grep", "sed",   "tr",      "yes",     "ps",       "touch", "test",
        "umount", "mkfifo", "dd",   "stty",  "ulimit",  "unshare", "readlink", "chmod", "rm",
        "ln",     "mkdir",  "find", "od",    "timeout", "nc",      "tty"})
    sys::symlink("busybox", cat(directory, "/bin/", applet));
  fs::write_atomic(cat(directory, "/etc/passwd"),
                   "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001:Ann:/home/ann:/bin/sh\n", 0644,
                   fs::Durability::relaxed);
  fs::write_atomic(cat(directory, "/etc/group"),
                   "root:x:0:\nann:x:1001:\nstaff:x:50:ann\nwheel:x:10:bob\n", 0644,
                   fs::Durability::relaxed);
  return directory;
}

inline void wait_for(const std::string& what, const std::function<bool()>& condition) {
  constexpr int most_tries = 3000;
  for (int tries = 0; tries < most_tries; ++tries) {
    if (condition()) return;
    ::usleep(2000);
  }
  throw Error(cat("waited in vain for ", what));
}

inline std::string read_to_end(FdRef fd) {
  std::string all;
  char buffer[4096];
  while (true) {
    ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got <= 0) return all;
    all.append(buffer, static_cast<size_t>(got));
  }
}

struct Finished {
  ExitRecord exit;
  std::string out, err;
};

class Host {
 public:
  Host() {
    char name[] = "/tmp/estiba-runtime-XXXXXX";
    if (!::mkdtemp(name)) throw Error{"mkdtemp", name, Errno{errno}};
    root_ = name;
    config_ = {cat(root_, "/run"), cat(root_, "/state")};
    image_ = make_image(cat(root_, "/image"));
    server_ = cat(root_, "/server");
    fs::write_atomic(server_,
                     "#!/bin/sh\ncd $ESTIBA_RUNDIR\ntest -e server.pid && kill $(cat server.pid)\n"
                     "echo $$ >new.pid\nmv new.pid server.pid\nexec sleep 1000\n",
                     0755, fs::Durability::relaxed);
    start_anchor(server_, config_);
    // A connection holds the server's lock, and a keeper that finds it held starts no server.
    wait_for_server();
    connect();
  }
  ~Host() {
    try {
      end();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }

  void connect() {
    wait_for("the keeper's socket", [&] {
      try {
        containers_ = std::make_unique<Containers>(config_);
        return true;
      } catch (const Error&) {
        return false;
      }
    });
    containers_->on_exit = [this](const ExitRecord& exit) { exits_.push_back(exit); };
  }
  void disconnect() { containers_.reset(); }
  Containers& containers() { return *containers_; }
  const std::string& root() const { return root_; }
  const std::string& image() const { return image_; }
  const Containers::Config& config() const { return config_; }
  const std::string& server() const { return server_; }

  ContainerSpec spec(std::vector<std::string> args) {
    ContainerSpec spec;
    spec.id = text::random_hex(64);
    spec.process.args = std::move(args);
    spec.process.capabilities = default_capabilities;
    std::string dir = cat(root_, "/containers/", spec.id);
    for (const char* name : {"upper", "work"}) fs::make_dirs(cat(dir, "/", name), 0755);
    spec.root = {{image_}, cat(dir, "/upper"), cat(dir, "/work"), false};
    spec.hostname = "box";
    ids_.push_back(spec.id);
    return spec;
  }
  ContainerSpec shell(const std::string& script) { return spec({"sh", "-c", script}); }

  Started start(const ContainerSpec& spec) {
    std::optional<Started> started;
    std::optional<Error> failed;
    containers_->start(spec, [&](std::optional<Started> value, std::optional<Error> error) {
      started = std::move(value);
      failed = std::move(error);
    });
    wait_for("the start", [&] {
      dispatch();
      return started || failed;
    });
    if (failed) throw *failed;
    return std::move(*started);
  }

  ExitRecord wait_exit(const std::string& id) {
    std::optional<ExitRecord> found;
    wait_for(cat("the exit of ", id), [&] {
      dispatch();
      for (const auto& exit : exits_)
        if (exit.id == id) found = exit;
      return found.has_value();
    });
    std::erase_if(exits_, [&](const auto& exit) { return exit.id == id; });
    return *found;
  }

  /// Starts, waits, removes.
  Finished run(const ContainerSpec& spec) {
    Started started = start(spec);
    started.streams.stdin_writer.reset();
    Finished finished;
    finished.out = read_to_end(started.streams.stdout_reader);
    finished.err = read_to_end(started.streams.stderr_reader);
    finished.exit = wait_exit(spec.id);
    containers_->remove(spec.id);
    return finished;
  }
  std::string output(const std::string& script) {
    auto done = run(shell(script));
    return done.out + done.err;
  }

  struct ExecRun {
    ExecStarted started;
    UniqueFd out, err;
  };
  ExecRun start_exec(const std::string& id, Process process) {
    ExecSpec spec;
    spec.container_id = id;
    spec.process = std::move(process);
    sys::Pipe in = sys::pipe2(), out = sys::pipe2(), err = sys::pipe2();
    if (!spec.process.terminal) {
      spec.stdin_fd = std::move(in.reader);
      spec.stdout_fd = std::move(out.writer);
      spec.stderr_fd = std::move(err.writer);
    }
    std::optional<ExecStarted> started;
    std::optional<Error> failed;
    containers_->exec(std::move(spec),
                      [&](std::optional<ExecStarted> value, std::optional<Error> error) {
                        started = std::move(value);
                        failed = std::move(error);
                      });
    wait_for("the exec", [&] {
      dispatch();
      return started || failed;
    });
    if (failed) throw *failed;
    return {std::move(*started), std::move(out.reader), std::move(err.reader)};
  }
  Finished exec(const std::string& id, const std::string& script) {
    Process process;
    process.args = {"sh", "-c", script};
    process.capabilities = default_capabilities;
    return exec(id, std::move(process));
  }
  Finished exec(const std::string& id, Process process) {
    ExecRun run = start_exec(id, std::move(process));
    Finished finished;
    finished.out = read_to_end(run.out);
    finished.err = read_to_end(run.err);
    finished.exit = wait_exit(run.started.exec_id);
    return finished;
  }

  void dispatch() {
    pollfd ready{containers_->fd().get(), POLLIN, 0};
    if (::poll(&ready, 1, 2) > 0) containers_->dispatch();
  }

  pid_t process_named(const std::string& name) const {
    for (const auto& entry : fs::list_dir("/proc")) {
      auto pid = text::to_int(entry);
      if (!pid) continue;
      try {
        std::string command = fs::read_all(cat("/proc/", entry, "/cmdline"));
        if (command.starts_with(name + '\0') && command.find(config_.run_dir) != std::string::npos)
          return static_cast<pid_t>(*pid);
      } catch (const Error&) {
        continue;
      }
    }
    return 0;
  }

  std::string server_pid_file() const { return cat(config_.run_dir, "/server.pid"); }
  void wait_for_server() const {
    wait_for("the server", [&] { return fs::exists(server_pid_file()); });
  }
  void kill_server() {
    wait_for_server();
    auto pid = text::to_int(text::trim(fs::read_all(server_pid_file())));
    ::unlink(server_pid_file().c_str());
    ::kill(static_cast<pid_t>(*pid), SIGKILL);
  }

  void kill_containers() {
    for (const auto& id : ids_) {
      try {
        containers_->kill_all(id);
        wait_for("the end of everything", [&] {
          dispatch();
          return !containers_->signal(id, 0);
        });
        containers_->remove(id);
      } catch (const Error&) {
      }
    }
  }

  void end() {
    if (!containers_) connect();
    kill_containers();
    wait_for_server();
    containers_->shut_down();
    wait_for("the keeper to take its socket away",
             [&] { return !fs::exists(cat(config_.run_dir, "/keeper.sock")); });
    containers_.reset();
    // The one that a new keeper started may not have said yet who it is.
    wait_for("the anchor's end", [&] {
      if (fs::exists(server_pid_file())) kill_server();
      return process_named("estiba-anchor") == 0;
    });
    fs::remove_tree(root_);
  }

 private:
  std::string root_, image_, server_;
  Containers::Config config_;
  std::unique_ptr<Containers> containers_;
  std::vector<ExitRecord> exits_;
  std::vector<std::string> ids_;
};

/// One keeper for all tests of a suite that do not harm it.
class ContainerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (::geteuid() == 0 && fs::exists(busybox)) host_ = std::make_unique<Host>();
  }
  static void TearDownTestSuite() { host_.reset(); }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    if (!fs::exists(busybox)) GTEST_SKIP() << "needs Debian's busybox-static";
  }
  static Host& host() { return *host_; }

 private:
  static inline std::unique_ptr<Host> host_;
};

}  // namespace estiba::runtime::testing
