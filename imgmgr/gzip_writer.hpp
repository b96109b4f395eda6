// Makes gzip (RFC 1952), without a time or a name in it: the same bytes for the same content. With
// ISA-L where it is installed, with zlib elsewhere.
#pragma once
#include <functional>
#include <memory>
#include <string_view>

namespace estiba::img {

class GzipWriter {
 public:
  using Sink = std::function<void(std::string_view)>;

  explicit GzipWriter(Sink sink);
  ~GzipWriter();

  void write(std::string_view data);
  void finish();

 private:
  struct Isal;
  struct Zlib;
  Sink sink_;
  std::unique_ptr<Isal> isal_;
  std::unique_ptr<Zlib> zlib_;
};

}  // namespace estiba::img
