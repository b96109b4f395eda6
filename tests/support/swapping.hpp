// Somebody who changes what names mean while a test works with them, without pause, as a program in
// a container would.
#pragma once
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace estiba::test {

/// Calls `once` again and again in a thread of its own until it goes.
class Meanwhile {
 public:
  template <typename F>
  explicit Meanwhile(F once)
      : thread_([this, once] {
          while (!stop_) once();
        }) {}
  ~Meanwhile() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// Exchanges two names.
class Swapping : public Meanwhile {
 public:
  Swapping(std::string one, std::string other)
      : Meanwhile([one = std::move(one), other = std::move(other)] {
          ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
        }) {}
};

/// Puts a link to `target` in the place of whatever has one of the names in `directory`.
class Planting : public Meanwhile {
 public:
  Planting(const std::string& directory, const std::vector<std::string>& names, std::string target)
      : Meanwhile([spare = directory + "/spare", directory, names, target = std::move(target)] {
          for (const auto& name : names) {
            ::remove(spare.c_str());
            if (::symlink(target.c_str(), spare.c_str()) != 0) continue;
            ::renameat2(AT_FDCWD, spare.c_str(), AT_FDCWD, (directory + "/" + name).c_str(),
                        RENAME_EXCHANGE);
          }
        }) {}
};

}  // namespace estiba::test
