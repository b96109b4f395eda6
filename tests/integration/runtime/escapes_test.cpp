// Known ways out of containers, tried: each must end in an error or inside.
#include "tests/integration/runtime/host.hpp"

namespace estiba::runtime {
namespace {

class Escapes : public testing::ContainerTest {
 protected:
  /// A copy of the image that the test may spoil.
  std::string spoiled_image(const std::string& name) {
    return testing::make_image(cat(host().root(), "/images/", name));
  }
  std::string error_of(const ContainerSpec& spec) {
    try {
      host().start(spec);
      host().wait_exit(spec.id);
      host().containers().remove(spec.id);
    } catch (const Error& error) {
      return error.message();
    }
    return {};
  }
};

TEST_F(Escapes, WorkingDirectoryCannotBeALeakedDescriptor) {
  for (int fd = 3; fd < 40; ++fd) {
    auto spec = host().shell("cat etc/hostname ../etc/hostname");
    spec.process.cwd = cat("/proc/self/fd/", std::to_string(fd));
    std::string error = error_of(spec);
    EXPECT_NE(error, "") << spec.process.cwd;
    EXPECT_TRUE(error.starts_with("entering working directory ")) << error;
  }
}

TEST_F(Escapes, ExecWorkingDirectoryCannotBeALeakedDescriptor) {
  auto spec = host().shell("sleep 100");
  host().start(spec);
  for (int fd = 3; fd < 24; ++fd) {
    Process process;
    process.args = {"pwd"};
    process.cwd = cat("/proc/self/fd/", std::to_string(fd));
    EXPECT_THROW(host().exec(spec.id, process), Error) << process.cwd;
  }
  host().containers().kill_all(spec.id);
  host().wait_exit(spec.id);
  host().containers().remove(spec.id);
}

TEST_F(Escapes, ProcThatIsASymlinkIsRefused) {
  for (const char* name : {"proc", "sys", "dev"}) {
    auto spec = host().spec({"true"});
    std::string image = spoiled_image(cat("link-", name));
    sys::rmdir(cat(image, "/", name));
    sys::symlink("/etc", cat(image, "/", name));
    spec.root.lower = {image};
    std::string error = error_of(spec);
    EXPECT_NE(error.find("Too many levels of symbolic links"), std::string::npos) << error;
  }
}

TEST_F(Escapes, NothingIsMountedOnOrBeneathProc) {
  for (const char* target : {"/proc", "/proc/self/attr", "/etc/../proc/sys"}) {
    auto spec = host().spec({"true"});
    spec.mounts = {BindMount{host().root(), target}};
    EXPECT_NE(error_of(spec).find("/proc of a container"), std::string::npos) << target;
  }
  auto spec = host().spec({"true"});
  std::string image = spoiled_image("link-to-proc");
  sys::symlink("/proc", cat(image, "/innocent"));
  spec.root.lower = {image};
  spec.mounts = {BindMount{host().root(), "/innocent/sys"}};
  EXPECT_NE(error_of(spec).find("/proc of a container"), std::string::npos);
}

TEST_F(Escapes, AccountFilesThatAreNoFilesAreRefusedAtOnce) {
  auto spec = host().spec({"true"});
  std::string image = spoiled_image("fifo");
  sys::unlink(cat(image, "/etc/passwd"));
  ASSERT_EQ(::mkfifo(cat(image, "/etc/passwd").c_str(), 0644), 0);
  spec.root.lower = {image};
  EXPECT_NE(error_of(spec).find("is not a regular file"), std::string::npos);
  sys::unlink(cat(image, "/etc/passwd"));
  sys::symlink("/dev/zero", cat(image, "/etc/passwd"));
  auto other = host().spec({"true"});
  other.root.lower = {image};
  EXPECT_NE(error_of(other).find("is not a regular file"), std::string::npos);
}

TEST_F(Escapes, UserIdsThatOverflowAreRefused) {
  for (const char* user : {"4294967296", "2147483648", "99999999999999999999", "0:4294967295"}) {
    auto spec = host().spec({"true"});
    spec.process.user = user;
    EXPECT_NE(error_of(spec).find("ids go up to 2147483647"), std::string::npos) << user;
  }
}

TEST_F(Escapes, MountTargetsThatAreSymlinksStayInside) {
  std::string canary = cat(host().root(), "/canary");
  fs::make_dirs(canary, 0755);
  std::string data = cat(host().root(), "/escape-data");
  fs::make_dirs(data, 0755);
  fs::write_atomic(cat(data, "/file"), "data\n");
  auto spec = host().shell("cat /link/file /etc/resolv.conf; ls /link/");
  std::string image = spoiled_image("links");
  sys::symlink(canary, cat(image, "/link"));
  sys::symlink(cat("../../../../../..", canary, "-2/made"), cat(image, "/etc/resolv.conf"));
  spec.root.lower = {image};
  spec.mounts = {BindMount{data, "/link"}, BindMount{cat(data, "/file"), "/etc/resolv.conf"}};
  EXPECT_EQ(host().run(spec).out, "data\ndata\nfile\n");
  EXPECT_TRUE(fs::list_dir(canary).empty());
  EXPECT_FALSE(fs::exists(cat(canary, "-2")));
}

TEST_F(Escapes, NoLinkOnTheWayToASourceIsFollowedWhereNoneMayBe) {
  std::string data = cat(host().root(), "/linked-data");
  fs::make_dirs(cat(data, "/folder"), 0755);
  fs::write_atomic(cat(data, "/folder/file"), "data\n");
  sys::symlink("folder/file", cat(data, "/link"));
  sys::symlink("folder", cat(data, "/way"));
  auto mounted = [&](const std::string& source) {
    auto spec = host().shell("cat /x");
    BindMount mount{cat(data, source), "/x", true};
    mount.follow_links = false;
    spec.mounts = {mount};
    return host().run(spec).out;
  };
  EXPECT_EQ(mounted("/folder/file"), "data\n");
  EXPECT_THROW(mounted("/link"), Error);
  EXPECT_THROW(mounted("/way/file"), Error);
}

TEST_F(Escapes, ReadonlyBindsAreSoInEverySubmount) {
  std::string dir = cat(host().root(), "/outer");
  fs::make_dirs(cat(dir, "/inner"), 0755);
  // A mount of the test's own, seen by the keeper's namespace as well.
  ASSERT_EQ(::system(cat("mount -t tmpfs none ", dir, "/inner").c_str()), 0);
  auto spec = host().shell(
      "touch /ro/x 2>&1 | grep -o Read-only; "
      "touch /ro/inner/x 2>&1 | grep -o Read-only; grep -c /ro "
      "/proc/self/mounts");
  spec.mounts = {BindMount{dir, "/ro", true}};
  EXPECT_EQ(host().run(spec).out, "Read-only\nRead-only\n2\n");
  ASSERT_EQ(::system(cat("umount ", dir, "/inner").c_str()), 0);
}

TEST_F(Escapes, OwnExecutableCannotBeWritten) {
  auto spec = host().shell("echo up; sleep 100");
  spec.init = true;
  auto started = host().start(spec);
  char byte = 0;
  ASSERT_EQ(::read(started.streams.stdout_reader.get(), &byte, 1), 1);
  for (const char* attempt : {": >/proc/1/exe", "chmod 0 /proc/1/exe", "touch /proc/1/exe"}) {
    auto done = host().exec(spec.id, cat("(", attempt, ") 2>&1 | sed 's/.*: //'"));
    EXPECT_EQ(done.out, "Read-only file system\n") << attempt;
  }
  auto again = host().spec({"true"});
  again.init = true;
  EXPECT_EQ(host().run(again).exit.exit_code, 0);
  host().containers().kill_all(spec.id);
  host().wait_exit(spec.id);
  host().containers().remove(spec.id);
}

TEST_F(Escapes, ConsoleThatTheImageBringsIsNotUsed) {
  auto spec = host().shell("test -c /dev/console && echo console");
  std::string canary = cat(host().root(), "/console-canary");
  fs::write_atomic(canary, "untouched\n");
  std::string image = spoiled_image("console");
  sys::symlink(canary, cat(image, "/dev/console"));
  spec.root.lower = {image};
  spec.process.terminal = true;
  auto started = host().start(spec);
  EXPECT_NE(testing::read_to_end(started.streams.terminal).find("console\r\n"), std::string::npos);
  host().wait_exit(spec.id);
  host().containers().remove(spec.id);
  EXPECT_EQ(fs::read_all(canary), "untouched\n");
}

TEST_F(Escapes, LayersBelowAreNeverWritten) {
  auto spec = host().shell("echo pwned >/etc/passwd; rm -rf /bin/busybox; echo done");
  std::string before = fs::read_all(cat(host().image(), "/etc/passwd"));
  EXPECT_EQ(host().run(spec).out, "done\n");
  EXPECT_EQ(fs::read_all(cat(host().image(), "/etc/passwd")), before);
  EXPECT_TRUE(fs::exists(cat(host().image(), "/bin/busybox")));
}

TEST_F(Escapes, MountsInsideAreNotSeenOnTheHost) {
  std::string before = fs::read_all("/proc/self/mountinfo");
  auto spec = host().shell("mount -t tmpfs estiba-inside /tmp; echo up; sleep 100");
  spec.privileged = true;
  spec.process.capabilities = all_capabilities();
  auto started = host().start(spec);
  char byte = 0;
  ASSERT_EQ(::read(started.streams.stdout_reader.get(), &byte, 1), 1);
  std::string during = fs::read_all("/proc/self/mountinfo");
  EXPECT_EQ(during.find("estiba-inside"), std::string::npos);
  EXPECT_EQ(during.find(host().root()), std::string::npos);
  host().containers().kill_all(spec.id);
  host().wait_exit(spec.id);
  host().containers().remove(spec.id);
}

}  // namespace
}  // namespace estiba::runtime
