// A blob between the thread that fetches it and the one that unpacks it: a few pieces, so that
// neither waits for the other in general, and memory stays bounded.
#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>

namespace estiba::img {

class BlobPipe {
 public:
  /// Waits while it is full. An Error if nobody reads any more.
  void write(std::string_view data);
  /// The last of it was written, or `failure` is why there will be no more.
  void end(std::exception_ptr failure);

  /// The next piece, valid until the next call; empty at the end. Throws what the writer failed
  /// with.
  std::string_view read();
  /// Nothing will be read any more.
  void abandon();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  std::string filling_, reading_;
  std::exception_ptr failure_;
  bool ended_ = false, abandoned_ = false;
};

}  // namespace estiba::img
