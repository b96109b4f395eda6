#include "imgmgr/registry/blob_pipe.hpp"

#include "base/error.hpp"

namespace estiba::img {
namespace {

constexpr size_t piece_size = size_t{256} << 10;
constexpr size_t max_pieces = 16;

}  // namespace

void BlobPipe::write(std::string_view data) {
  filling_ += data;
  std::unique_lock lock(mutex_);
  if (filling_.size() >= piece_size) {
    changed_.wait(lock, [&] { return abandoned_ || pieces_.size() < max_pieces; });
    pieces_.push_back(std::move(filling_));
    filling_.clear();
    changed_.notify_all();
  }
  if (abandoned_) throw Error("its content is not wanted any more");
}

void BlobPipe::end(std::exception_ptr failure) {
  std::lock_guard lock(mutex_);
  if (!filling_.empty()) pieces_.push_back(std::move(filling_));
  failure_ = failure;
  ended_ = true;
  changed_.notify_all();
}

std::string_view BlobPipe::read() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_ || !pieces_.empty(); });
  if (failure_) std::rethrow_exception(failure_);
  if (pieces_.empty()) return {};
  reading_ = std::move(pieces_.front());
  pieces_.pop_front();
  changed_.notify_all();
  return reading_;
}

void BlobPipe::abandon() {
  std::lock_guard lock(mutex_);
  abandoned_ = true;
  pieces_.clear();
  changed_.notify_all();
}

}  // namespace estiba::img
