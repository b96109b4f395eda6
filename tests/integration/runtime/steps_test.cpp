// What a process has at each step between its clone and its execve, compared with a written list:
// no step that follows a path of the container's has a descriptor of the host's, none that others
// in its pid namespace can see has more rights than they.

#include "tests/integration/runtime/host.hpp"
#include "tests/integration/runtime/tracer.hpp"

namespace estiba::runtime {
namespace {

class Steps : public testing::ContainerTest {
 protected:
  std::string marker() const {
    std::string path = cat(host().root(), "/only-here");
    fs::write_atomic(path, "", 0644, fs::Durability::relaxed);
    return path;
  }
  pid_t keeper() const { return host().process_named("estiba-keeper"); }
  void end(const std::string& id) {
    host().containers().kill_all(id);
    host().wait_exit(id);
    host().containers().remove(id);
  }
};

TEST_F(Steps, OfAStart) {
  auto spec = host().spec({"sleep", "1000"});
  spec.process.user = "ann";
  testing::Tracer tracer(keeper(), marker());
  host().start(spec);
  EXPECT_EQ(tracer.steps(), R"(process 1
  root=host pids=inside fds=the-keeper's uid=0 caps=all seccomp=0 env=PATH
  root=host pids=inside fds=socket uid=0 caps=all seccomp=0 env=PATH
  root=host pids=inside fds=fscontext,socket uid=0 caps=all seccomp=0 env=PATH
  root=host cwd=elsewhere pids=inside fds=socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=inside fds=socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=inside fds=socket uid=1000 caps=0000000000000000 seccomp=0 env=PATH
  root=own pids=inside fds=socket uid=1000 caps=all seccomp=0 env=PATH
  root=own pids=inside fds=socket uid=1000 caps=all seccomp=2 env=PATH
  root=own pids=inside fds=socket uid=1000 caps=00000000a80425fb seccomp=2 env=PATH
)");
  end(spec.id);
}

TEST_F(Steps, OfAnExec) {
  auto spec = host().spec({"sleep", "1000"});
  host().start(spec);
  testing::Tracer tracer(keeper(), marker());
  Process process;
  process.args = {"true"};
  process.capabilities = default_capabilities;
  process.user = "ann";
  host().exec(spec.id, process);
  EXPECT_EQ(tracer.steps(), R"(process 1
  root=host pids=outside fds=the-keeper's uid=0 caps=all seccomp=0 env=PATH
  root=host pids=outside fds=pidfd,socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=outside fds=socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=outside fds=socket uid=1000 caps=0000000000000000 seccomp=0 env=PATH
  root=own pids=outside fds=socket uid=1000 caps=all seccomp=0 env=PATH
  root=own pids=outside fds=socket uid=1000 caps=all seccomp=2 env=PATH
  root=own pids=outside fds=socket uid=1000 caps=00000000a80425fb seccomp=2 env=PATH
process 2
  root=own pids=inside fds=socket uid=1000 caps=00000000a80425fb seccomp=2 env=PATH
)");
  end(spec.id);
}

TEST_F(Steps, OfAStartInTheNamespacesOfAnother) {
  auto spec = host().spec({"sleep", "1000"});
  host().start(spec);
  auto joined = host().spec({"sleep", "1000"});
  for (Namespace* space : {&joined.namespaces.pid, &joined.namespaces.ipc})
    space->emplace<JoinContainer>().id = spec.id;
  joined.init = true;
  joined.process.no_new_privileges = true;
  testing::Tracer tracer(keeper(), marker());
  host().start(joined);
  // It visits the other one's mounts, where it follows no link, before it has its own.
  EXPECT_EQ(tracer.steps(), R"(process 1
  root=host pids=outside fds=the-keeper's uid=0 caps=all seccomp=0 env=PATH
  root=host pids=outside fds=pidfd,socket uid=0 caps=all seccomp=0 env=PATH
  root=host pids=outside fds=mount-namespace,pidfd,socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=outside fds=mount-namespace,pidfd,socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=outside fds=/,mount-namespace,pidfd,socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=outside fds=/,/,mount-namespace,pidfd,socket uid=0 caps=all seccomp=0 env=PATH
  root=host pids=outside fds=fscontext,pidfd,socket uid=0 caps=all seccomp=0 env=PATH
  root=host cwd=elsewhere pids=outside fds=pidfd,socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=outside fds=/estiba-keeper,pidfd,socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=outside fds=/estiba-keeper,socket uid=0 caps=all seccomp=0 env=PATH
  root=own pids=outside fds=/estiba-keeper,socket uid=0 caps=00000000a80425fb seccomp=0 env=PATH
  root=own pids=outside fds=/estiba-keeper,socket uid=0 caps=00000000a80425fb seccomp=2 env=PATH
process 2
  root=own pids=inside fds=/estiba-keeper,socket uid=0 caps=00000000a80425fb seccomp=2 env=PATH
)");
  end(joined.id);
  end(spec.id);
}

// What a container with CAP_SYS_PTRACE could do to an init that comes into its pid namespace.
TEST_F(Steps, AStatusSocketInOtherHandsEndsThatStartAlone) {
  auto spec = host().spec({"sleep", "1000"});
  host().start(spec);
  for (std::string packet : {"M", "Mgarbage", "Igarbage", "I", "X", "I\xff\xff\xff\xff"}) {
    auto joined = host().spec({"sleep", "1000"});
    joined.namespaces.pid.emplace<JoinContainer>().id = spec.id;
    joined.init = true;
    bool written = false;
    testing::Tracer tracer(keeper(), marker(), [&](pid_t pid) {
      UniqueFd process = sys::pidfd_open(pid);
      for (const auto& name : fs::list_dir(cat("/proc/", std::to_string(pid), "/fd"))) {
        if (!sys::readlink(cat("/proc/", std::to_string(pid), "/fd/", name)).starts_with("socket:"))
          continue;
        UniqueFd socket{
            static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), std::stoi(name), 0))};
        written = ::write(socket.get(), packet.data(), packet.size()) >= 0;
        return;  // it may be dead already
      }
    });
    try {
      host().start(joined);
      ADD_FAILURE() << "it started: " << packet;
      end(joined.id);
    } catch (const Error& error) {
      EXPECT_NE(error.message().find("its start went wrong"), std::string::npos) << error.message();
    }
    tracer.steps();
    EXPECT_TRUE(written);
  }
  EXPECT_EQ(host().exec(spec.id, "echo on").out, "on\n");
  end(spec.id);
}

}  // namespace
}  // namespace estiba::runtime
