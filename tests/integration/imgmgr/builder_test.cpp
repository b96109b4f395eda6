// Whole builds, with a chroot instead of the runtime.
#include "imgmgr/build/builder.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "base/error.hpp"
#include "base/overlay.hpp"
#include "base/sys.hpp"
#include "imgmgr/images.hpp"
#include "tests/support/build_fixture.hpp"

namespace estiba::img {
namespace {

TEST_F(BuilderTest, RemembersStepsUntilWhatTheyDependOnChanges) {
  write("context/a", "1");
  std::string dockerfile = "FROM base\nRUN echo x >/x\nCOPY a /a\nRUN cat /a >/b\n";
  std::string first = build(dockerfile).id;
  EXPECT_EQ(made_, 3);
  EXPECT_EQ(build(dockerfile).id, first);
  EXPECT_EQ(cached_, 3);
  write("context/a", "2");
  build(dockerfile);
  EXPECT_EQ(cached_, 1);
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(shown("cat /b"), "2");
}

TEST_F(BuilderTest, AFreshStoreTakesItsStepsFromADirectoryThatAnotherHasFilled) {
  write("context/a", "1");
  auto wanted = options(
      "FROM base AS tool\nRUN echo t >/t\nFROM base\nRUN echo x >/x && rm -r /tmp\nENV A=b\n"
      "COPY a /a\nCOPY --from=tool /t /u\n");
  wanted.cache_to = {path("kept")};
  auto diff_ids = build(wanted).diff_ids;
  build(wanted);  // what is packed already stays
  auto forget = [&] {
    fs::remove_tree(root() + "/images");
    Images(root()).import(path("base.tar"), "base", {"CMD [\"sh\"]"}, "", {});
  };
  wanted.cache_to.clear();
  wanted.cache_from = {path("no-such-folder"), path("kept")};
  forget();
  EXPECT_EQ(build(wanted).diff_ids, diff_ids);
  EXPECT_EQ(made_, 0);
  EXPECT_EQ(shown("cat /a /u /x"), "1t\nx\n");
  EXPECT_NE(warnings_.find("no-such-folder"), std::string::npos) << warnings_;
  forget();
  wanted.no_cache = true;
  build(wanted);
  EXPECT_EQ(cached_, 0);
  forget();
  wanted.no_cache = false;
  for (const auto& name : fs::list_dir(path("kept/blobs/sha256")))
    if (fs::read_all(path("kept/blobs/sha256/" + name)).starts_with("\x1f\x8b"))
      write("kept/blobs/sha256/" + name, "damaged");
  build(wanted);
  EXPECT_EQ(made_, 4);
  EXPECT_NE(warnings_.find("is not taken from the cache in"), std::string::npos) << warnings_;
}

TEST_F(BuilderTest, AnEscapedWildcardIsNoneAndTheEscapeStays) {
  write("context/a*b", "1");
  write("context/axb", "2");
  build("FROM base\nCOPY a\\*b /both/\nCOPY a* /both/\n");
  EXPECT_EQ(shown("ls /both"), "a*b\naxb\n");
  EXPECT_NE(failure("FROM base\nCOPY a\\\\*b /x/\n").find("not found"), std::string::npos);
  EXPECT_NE(failure("FROM base\nCOPY a[ /x/\n").find("not a valid pattern"), std::string::npos);
}

TEST_F(BuilderTest, NobodyIsKnownByNameInAnEmptyImage) {
  write("context/a", "1");
  EXPECT_NE(failure("FROM scratch\nCOPY --chown=root a /\n").find("by name"), std::string::npos);
  EXPECT_EQ(failure("FROM scratch\nCOPY --chown=1:2 a /\n"), "");
}

TEST_F(BuilderTest, HeredocsHaveTheirOwnEscape) {
  build("# escape=`\nFROM base\nENV A=1\nCOPY <<EOF /x\n`$A \\$A ``\nEOF\n");
  EXPECT_EQ(shown("cat /x"), "`1 $A ``\n");
}

TEST_F(BuilderTest, CopiesTheContentOfADirectoryAndNotTheDirectoryItself) {
  fs::make_dirs(path("context/d/inner"), 0711);
  write("context/d/inner/f", "1");
  auto built = build("FROM base\nCOPY d /new/place\n");
  EXPECT_EQ(sys::lstat(built.layer_dirs[0] + "/new/place")->st_mode & 07777, 0755u);
  EXPECT_EQ(sys::lstat(built.layer_dirs[0] + "/new/place/inner")->st_mode & 07777, 0711u);
}

TEST_F(BuilderTest, ALayerMayOccurTwiceInAnImage) {
  write("context/a", "1");
  auto built = build("FROM base\nCOPY a /x\nCOPY a /./x\nRUN cat /x >/y\n");
  EXPECT_EQ(built.diff_ids.size(), 4u);
  EXPECT_EQ(built.layer_dirs.size(), 3u);
  EXPECT_EQ(shown("cat /x /y"), "11");
}

TEST_F(BuilderTest, ADestinationMayBeEmptyOrStandForSeveralFiles) {
  write("context/a", "1");
  write("context/b", "2");
  build("FROM base\nWORKDIR /w\nCOPY a \"\"\nCOPY a b /x\n");
  EXPECT_EQ(shown("cat /w/a /x"), "12");
}

TEST_F(BuilderTest, AChecksumIsForWhatIsFetched) {
  write("context/a", "1");
  EXPECT_NE(failure("FROM base\nADD --checksum=sha256:" + std::string(64, '0') + " a /\n")
                .find("a is a local file"),
            std::string::npos);
}

TEST_F(BuilderTest, TheSameStepInTwoStagesIsDoneOnceEvenWithoutTheCache) {
  auto wanted = options(
      "FROM base AS a\nRUN echo x >/x\nFROM base AS b\nRUN echo x >/x\n"
      "FROM base\nCOPY --from=a /x /1\nCOPY --from=b /x /2\n");
  wanted.no_cache = true;
  for (int round = 0; round < 2; ++round) {
    build(wanted);
    EXPECT_EQ(cached_, 1);
    EXPECT_EQ(made_, 3);
  }
}

TEST_F(BuilderTest, NoCacheFilterRunsTheStepsOfTheseStagesAgain) {
  auto wanted = options("FROM base AS a\nRUN echo 1 >/a\nFROM a AS b\nRUN echo 2 >/b\n");
  build(wanted);
  wanted.no_cache_filter = {"b"};
  build(wanted);
  EXPECT_EQ(cached_, 1);
  EXPECT_EQ(made_, 1);
}

TEST_F(BuilderTest, RemovalsAndReplacementsReachTheImage) {
  build("FROM base\nRUN mkdir /d && echo 1 >/d/a\nRUN rm -r /d && mkdir /d && echo 2 >/d/b\n");
  EXPECT_EQ(shown("ls /d"), "b\n");
}

TEST_F(BuilderTest, StagesThatAreNotNeededAreNotRun) {
  build("FROM base AS broken\nRUN false\nFROM base\nRUN true\n");
  EXPECT_EQ(made_, 1);
}

TEST_F(BuilderTest, AFailureNamesTheLineAndShowsIt) {
  EXPECT_EQ(failure("FROM base\n\nRUN exit 3\n"),
            "Dockerfile:3: process \"/bin/sh -c exit 3\" did not complete successfully: exit code: "
            "3\n  3 | RUN exit 3");
  EXPECT_EQ(failure("FROM base\nCOPY missing /x\n"),
            "Dockerfile:2: \"/missing\": not found\n  2 | COPY missing /x");
}

TEST_F(BuilderTest, AStageThatNeedsItselfIsRefused) {
  EXPECT_NE(failure("FROM base AS a\nCOPY --from=a /x /x\n").find("circle"), std::string::npos);
}

TEST_F(BuilderTest, MountPointsLeaveNothingInTheLayer) {
  write("context/f", "hello\n");
  auto wanted = options(
      "FROM base\nRUN --mount=target=/ctx --mount=type=secret,id=s,target=/run/x/s cat /ctx/f "
      "/run/x/s >/out\n");
  wanted.secrets["s"] = {"", "secret\n"};
  build(wanted);
  EXPECT_EQ(shown("cat /out"), "hello\nsecret\n");
  EXPECT_EQ(shown("ls /run /ctx 2>/dev/null || true"), "");
}

TEST_F(BuilderTest, IgnoredFilesAreHiddenFromCopiesAndBinds) {
  write("context/secret", "s");
  write("context/plain", "p");
  write("context/.dockerignore", "secret\n");
  build("FROM base\nCOPY . /c\nRUN --mount=target=/ctx ls /ctx >/bound\n");
  EXPECT_EQ(shown("ls /c"), "plain\n");
  EXPECT_EQ(shown("cat /bound"), "plain\n");
}

TEST_F(BuilderTest, CacheMountsKeepWhatIsWrittenBetweenBuilds) {
  build("FROM base\nRUN --mount=type=cache,target=/cache echo kept >/cache/k\n");
  EXPECT_EQ(shown("--mount=type=cache,target=/cache cat /cache/k"), "kept\n");
}

TEST_F(BuilderTest, UnusedArgumentsAreWarnedOf) {
  auto wanted = options("FROM base\nARG USED\nRUN echo $USED\n");
  wanted.build_args = {{"USED", "u"}, {"UNUSED", "x"}};
  build(wanted);
  EXPECT_EQ(output_, "u\n");
  EXPECT_NE(warnings_.find("UNUSED"), std::string::npos);
}

// Answers every request with the same body until it goes.
class HttpServer {
 public:
  explicit HttpServer(std::string body) : body_(std::move(body)) {
    listener_ = UniqueFd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_.get(), 8);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  const std::string& url() const { return url_; }

 private:
  void serve() {
    while (true) {
      UniqueFd peer{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!peer) return;
      char request[2048];
      sys::read(peer, request, sizeof request, "request");
      sys::write_all(peer,
                     "HTTP/1.0 200 OK\r\nLast-Modified: Wed, 01 Jan 2020 00:00:00 GMT\r\n"
                     "Content-Length: " +
                         std::to_string(body_.size()) + "\r\n\r\n" + body_,
                     "answer");
    }
  }
  std::string body_, url_;
  UniqueFd listener_;
  std::thread thread_;
};

TEST_F(BuilderTest, AddressesAreFetchedAndCheckedAgainstTheirChecksum) {
  HttpServer server("hello\n");
  build("FROM base\nADD " + server.url() + "/dir/file.txt?x=1 /a/\nRUN ls -l /a >/b\n");
  EXPECT_EQ(shown("cat /a/file.txt"), "hello\n");
  EXPECT_EQ(shown("cat /b").find("total"), 0u);
  EXPECT_NE(shown("cat /b").find("-rw-------"), std::string::npos);
  std::string wrong = "sha256:" + std::string(64, '0');
  EXPECT_NE(failure("FROM base\nADD --checksum=" + wrong + " " + server.url() + "/f /f\n")
                .find("and not " + wrong),
            std::string::npos);
}

/// git daemon over a folder of repositories.
class GitServer {
 public:
  explicit GitServer(const std::string& folder) {
    int port = free_port();
    address_ = "git://127.0.0.1:" + std::to_string(port);
    pid_ = ::fork();
    if (pid_ == 0) {
      std::string base = "--base-path=" + folder, listen = "--port=" + std::to_string(port);
      ::execlp("git", "git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1",
               base.c_str(), listen.c_str(), folder.c_str(), nullptr);
      ::_exit(127);
    }
    while (!answers(port)) ::sched_yield();
  }
  ~GitServer() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  const std::string& address() const { return address_; }

 private:
  static sockaddr_in local(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    return address;
  }
  static int free_port() {
    UniqueFd probe{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    ::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }
  bool answers(int port) const {
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) return true;
    UniqueFd probe{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address = local(port);
    return ::connect(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  std::string address_;
  pid_t pid_ = -1;
};

TEST_F(BuilderTest, RepositoriesAreFetchedAtARefAndADirectory) {
  fs::make_dirs(path("git/repo/sub"), 0755);
  std::string git = "git -C " + path("git/repo") + " -c user.name=n -c user.email=e ";
  fs::make_dirs(path("outside"), 0755);
  write("outside/f", "of the host");
  write("outside/Dockerfile", "FROM base\n");
  sys::symlink(path("outside"), path("git/repo/out"));
  sys::symlink(path("outside/Dockerfile"), path("git/repo/Dockerfile"));
  std::string script = "cd " + path("git/repo") + " && git init -q -b main && echo 1 >top && " +
                       "echo 2 >sub/f && " + git + "add . && " + git + "commit -q -m a && " + git +
                       "tag v1 && echo 3 >sub/f && " + git + "commit -q -a -m b";
  ASSERT_EQ(std::system(script.c_str()), 0);
  GitServer server(path("git"));
  std::string url = server.address() + "/repo";
  build("FROM base\nADD " + url + "#v1:sub /a/\nADD " + url + " /b\nADD --keep-git-dir=true " +
        url + "#main /c\n");
  EXPECT_EQ(shown("cat /a/f"), "2\n");
  EXPECT_EQ(shown("ls -A /b"), "Dockerfile\nout\nsub\ntop\n");
  EXPECT_EQ(shown("ls -A /c"), ".git\nDockerfile\nout\nsub\ntop\n");
  EXPECT_EQ(shown("cat /c/sub/f"), "3\n");
  EXPECT_NE(failure("FROM base\nADD --checksum=0123 " + url + " /b\n").find("and not 0123"),
            std::string::npos);
  EXPECT_NE(failure("FROM base\nADD " + url + "#nowhere /b\n").find("git checkout"),
            std::string::npos);
  auto from_repository = options("FROM base\nCOPY f /f\n");
  from_repository.context_dir = url + "#v1:sub";
  build(from_repository);
  EXPECT_EQ(shown("cat /f"), "2\n");
  // Its links lead to nothing of this host.
  from_repository.context_dir = url + "#main:out";
  EXPECT_THROW(build(from_repository), Error);
  from_repository.context_dir = url;
  from_repository.dockerfile_text.reset();
  EXPECT_THROW(build(from_repository), Error);
}

TEST_F(BuilderTest, OfAnArgumentAndAVariableWithOneNameTheLaterCounts) {
  auto wanted = options(
      "FROM base\nARG A=arg\nENV A=env\nRUN echo $A >/1\nARG A=again\nRUN echo $A >/2\n"
      "ENV B=$A\n");
  wanted.build_args["A"] = "given";
  auto image = build(wanted);
  EXPECT_EQ(shown("cat /1 /2"), "env\ngiven\n");
  EXPECT_EQ(image.config.env.back(), "B=given");
}

TEST_F(BuilderTest, TheSameInputAtASaidTimeIsTheSameImage) {
  write("context/a", "1");
  auto wanted = options("FROM base\nRUN mkdir /d && echo 1 >/d/f\nCOPY a /a\nWORKDIR /w\n");
  wanted.build_args["SOURCE_DATE_EPOCH"] = "1000000000";
  wanted.no_cache = true;
  auto first = build(wanted);
  EXPECT_EQ(first.config.created, "2001-09-09T01:46:40.000000000Z");
  EXPECT_EQ(sys::lstat(first.layer_dirs[2] + "/d/f")->st_mtim.tv_sec, 1'000'000'000);
  fs::remove_tree(path("context/a"));
  write("context/a", "1");
  EXPECT_EQ(build(wanted).id, first.id);
  EXPECT_EQ(warnings_, "");
}

TEST_F(BuilderTest, TimesOfSourcesAreNoPartOfAStepsKey) {
  write("context/a", "1");
  std::string dockerfile = "FROM base\nCOPY a /a\n";
  std::string first = build(dockerfile).id;
  timespec old[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path("context/a").c_str(), old, 0), 0);
  EXPECT_EQ(build(dockerfile).id, first);
  ASSERT_EQ(::chmod(path("context/a").c_str(), 0755), 0);
  EXPECT_NE(build(dockerfile).id, first);
}

TEST_F(BuilderTest, TriggersKeepTheirHeredocs) {
  auto image = build("FROM base\nONBUILD RUN <<EOF\necho 1 >/o\nEOF\n");
  EXPECT_EQ(image.config.onbuild, std::vector<std::string>{"RUN <<EOF\necho 1 >/o\nEOF"});
  build("FROM built\n");
  EXPECT_EQ(shown("cat /o"), "1\n");
}

TEST_F(BuilderTest, AStageCannotTakeFromALaterOne) {
  EXPECT_NE(failure("FROM base AS a\nCOPY --from=b /f /f\nFROM base AS b\nRUN echo >/f\nFROM a\n")
                .find("needs to be defined before"),
            std::string::npos);
}

TEST_F(BuilderTest, OfAPublishedPortTheContainersIsExposed) {
  auto image = build("FROM base\nEXPOSE 80:90 127.0.0.1:1:2/udp 1000-1001\n");
  EXPECT_EQ(image.config.exposed_ports,
            (std::vector<std::string>{"90/tcp", "2/udp", "1000/tcp", "1001/tcp"}));
}

TEST_F(BuilderTest, ACacheThatBeginsWithOtherAttributesIsAnother) {
  build("FROM base\nRUN --mount=type=cache,target=/c,id=x echo 1 >/c/f\n");
  EXPECT_NE(failure("FROM base\nRUN --mount=type=cache,target=/c,id=x,mode=0700 cat /c/f\n"), "");
}

TEST_F(BuilderTest, FindingsAreToldAndMayBeMistakes) {
  build("FROM base\nMAINTAINER me\n");
  EXPECT_EQ(warnings_,
            "Dockerfile:2: MaintainerDeprecated: Maintainer instruction is deprecated in favor of "
            "using label\n");
  EXPECT_NE(failure("# check=error=true\nFROM base\nMAINTAINER me\n").find("MaintainerDeprecated"),
            std::string::npos);
}

TEST_F(BuilderTest, WhatAKilledBuildLeftMountedIsDetachedAndSwept) {
  std::string abandoned = root() + "/images/tmp/0123";
  fs::make_dirs(abandoned + "/bind");
  fs::write_atomic(abandoned + "/lock", "");
  auto base = Images(root()).find("base");
  {
    // Never detached: as if the process had gone.
    auto* left = new AttachedOverlay({base->layer_dirs, "", ""}, abandoned + "/bind");
    EXPECT_TRUE(fs::exists(left->path() + "/bin/busybox"));
  }
  Images(root()).import(write("a.tar", test::TarBuilder().file("f", "x").finish()), "x", {}, "",
                        {});
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_TRUE(fs::exists(base->layer_dirs.front() + "/bin/busybox"));
}

TEST_F(BuilderTest, ASavedImageIsTheSameAfterLoading) {
  auto built = build("FROM base\nRUN mkdir /d && echo 1 >/d/a && rm /etc/passwd && chmod 711 /d\n");
  Images images(root());
  images.save({"built"}, path("saved.tar"), SaveFormat::docker);
  images.remove("built", {}, false);
  Images other(path("other"));
  EXPECT_EQ(other.load(path("saved.tar"), {}), std::vector<std::string>{"built:latest"});
  auto loaded = other.find("built");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.cmd, built.config.cmd);
  EXPECT_EQ(loaded->diff_ids.size(), 2u);
  EXPECT_EQ(loaded->diff_ids[1], built.diff_ids[1]);
  EXPECT_EQ(fs::read_all(loaded->layer_dirs[0] + "/d/a"), "1\n");
  EXPECT_EQ(sys::lstat(loaded->layer_dirs[0] + "/d")->st_mode & 07777, 0711u);
}

}  // namespace
}  // namespace estiba::img
