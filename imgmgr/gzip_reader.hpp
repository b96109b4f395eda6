// Undoes gzip (RFC 1952) with ISA-L: members one after the other, each with its checksum.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace estiba::img {

/// The next piece, valid until the next call; empty at the end.
using ByteSource = std::function<std::string_view()>;

class GzipReader {
 public:
  /// Whether this is how gzip begins, and ISA-L is there to read it.
  static bool takes(std::string_view beginning);

  GzipReader(ByteSource source, std::string subject);
  ~GzipReader();

  std::string_view read();

 private:
  struct State;
  bool refill();
  bool next_member();

  ByteSource source_;
  std::string subject_;
  std::unique_ptr<State> state_;
};

}  // namespace estiba::img
