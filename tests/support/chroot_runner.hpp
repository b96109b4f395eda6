// A StepRunner for tests of the builder: chroot in namespaces of its own, without confinement.
#pragma once
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "imgmgr/build/step_runner.hpp"

namespace estiba::test {

class ChrootRunner : public img::build::StepRunner {
 public:
  int run(const img::build::StepRequest& request,
          const std::function<void(std::string_view)>& output) override {
    auto pipe = sys::pipe2();
    pid_t pid = ::fork();
    if (pid < 0) throw Error{"fork", "", Errno{errno}};
    if (pid == 0) {
      ::dup2(pipe.writer.get(), 1);
      ::dup2(pipe.writer.get(), 2);
      child(request);
    }
    pipe.writer.reset();
    std::array<char, 4096> buffer{};
    while (size_t got = sys::read(pipe.reader, buffer.data(), buffer.size(), "output"))
      output({buffer.data(), got});
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  static void touch(const std::string& path) {
    fs::make_dirs(fs::parent_path(path), 0755);
    ::close(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  }

  static void mount_one(const std::string& root, const img::build::StepBind& bind) {
    std::string target = root + bind.target;
    if (S_ISDIR(sys::stat(bind.source)->st_mode)) {
      fs::make_dirs(target, 0755);
    } else {
      touch(target);
    }
    if (::mount(bind.source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0)
      throw Error{"bind", target, Errno{errno}};
    if (bind.readonly &&
        ::mount(nullptr, target.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0)
      throw Error{"remount", target, Errno{errno}};
  }
  static void mount_one(const std::string& root, const img::build::StepTmpfs& tmpfs) {
    fs::make_dirs(root + tmpfs.target, 0755);
    ::mount("tmpfs", (root + tmpfs.target).c_str(), "tmpfs", 0, "mode=1777");
  }
  static void mount_one(const std::string& root, const img::build::StepFile& file) {
    static int count = 0;
    std::string source =
        "/dev/shm/estiba-test-secret-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
    fs::write_atomic(source, file.content, file.mode);
    if (::chown(source.c_str(), file.uid, file.gid) != 0)
      throw Error{"chown", source, Errno{errno}};
    touch(root + file.target);
    ::mount(source.c_str(), (root + file.target).c_str(), nullptr, MS_BIND, nullptr);
    ::unlink(source.c_str());
  }

  [[noreturn]] static void child(const img::build::StepRequest& request) {
    try {
      enter(request);
      std::vector<char*> argv, env;
      for (const auto& arg : request.argv) argv.push_back(const_cast<char*>(arg.c_str()));
      std::vector<std::string> variables = request.env;
      variables.emplace_back("HOME=/root");
      for (const auto& entry : variables) env.push_back(const_cast<char*>(entry.c_str()));
      argv.push_back(nullptr);
      env.push_back(nullptr);
      ::execvpe(argv[0], argv.data(), env.data());
    } catch (const Error& error) {
      ::dprintf(2, "%s\n", error.what());
    }
    ::_exit(127);
  }

  static void enter(const img::build::StepRequest& request) {
    bool offline = request.network == img::build::StepNetwork::none;
    if (::unshare(CLONE_NEWNS | (offline ? CLONE_NEWNET : 0)) != 0)
      throw Error{"unshare", "", Errno{errno}};
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    std::string root = request.work + "/../root";
    fs::make_dirs(root);
    std::string options = "lowerdir=" + text::join(request.lower, ":") +
                          ",upperdir=" + request.upper + ",workdir=" + request.work;
    if (::mount("overlay", root.c_str(), "overlay", 0, options.c_str()) != 0)
      throw Error{"mount", options, Errno{errno}};
    for (const char* name : {"/proc", "/sys", "/dev"}) fs::make_dirs(root + name, 0755);
    ::mount("proc", (root + "/proc").c_str(), "proc", 0, nullptr);
    ::mount("sysfs", (root + "/sys").c_str(), "sysfs", MS_RDONLY, nullptr);
    ::mount("tmpfs", (root + "/dev").c_str(), "tmpfs", 0, nullptr);
    for (const char* name : {"/dev/null", "/dev/zero", "/dev/urandom"})
      mount_one(root, img::build::StepBind{name, name, false});
    for (const auto& mount : request.mounts)
      std::visit([&](const auto& one) { mount_one(root, one); }, mount);
    if (::chroot(root.c_str()) != 0 || ::chdir(request.cwd.c_str()) != 0)
      throw Error{"chroot", root, Errno{errno}};
    become(request.user);
  }

  static void become(const std::string& user) {
    if (user.empty()) return;
    auto parts = text::split(user, ':');
    auto uid = text::to_uint(parts[0]);
    unsigned id = uid ? static_cast<unsigned>(*uid) : 65534;
    unsigned group = parts.size() > 1 ? static_cast<unsigned>(*text::to_uint(parts[1])) : 0;
    if (::setgid(group) != 0 || ::setuid(id) != 0) ::_exit(126);
  }
};

}  // namespace estiba::test
