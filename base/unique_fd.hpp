// A file descriptor has an owner from birth: UniqueFd owns, FdRef borrows.
#pragma once
#include <unistd.h>

#include <utility>

namespace estiba {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

/// A borrowed descriptor; valid while its owner lives. AT_FDCWD is FdRef::cwd().
class FdRef {
 public:
  FdRef(const UniqueFd& owner) : fd_(owner.get()) {}
  explicit FdRef(int fd) : fd_(fd) {}
  static FdRef cwd() { return FdRef(-100); }
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace estiba
