// Somebody who changes what names mean while a test works with them: a thread that exchanges two
// names of a directory without pause, as a program in a container would.
#pragma once
#include <fcntl.h>
#include <stdio.h>

#include <atomic>
#include <string>
#include <thread>

namespace estiba::test {

class Swapping {
 public:
  Swapping(std::string one, std::string other)
      : thread_([this, one = std::move(one), other = std::move(other)] {
          while (!stop_)
            ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
        }) {}
  ~Swapping() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace estiba::test
