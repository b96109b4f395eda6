#include "imgmgr/gzip_writer.hpp"

#include <zlib.h>

#include <string>

#include "base/error.hpp"
#include "imgmgr/isal_library.hpp"

namespace estiba::img {
namespace {

constexpr size_t output_size = size_t{256} << 10;
// zlib's window of 32 KiB, and 16 for a header and checksum of gzip.
constexpr int gzip_window = 15 + 16;
constexpr int memory_level = 8;
constexpr int isal_level = 2;

}  // namespace

struct GzipWriter::Isal {
  const IsalLibrary& library;
  isal_zstream stream;
  std::string level_buffer = std::string(ISAL_DEF_LVL2_DEFAULT, '\0');
  std::string output = std::string(output_size, '\0');

  explicit Isal(const IsalLibrary& isal) : library(isal) {
    library.deflate_init(&stream);
    stream.level = isal_level;
    stream.level_buf = reinterpret_cast<uint8_t*>(level_buffer.data());
    stream.level_buf_size = static_cast<uint32_t>(level_buffer.size());
    stream.gzip_flag = IGZIP_GZIP;
  }

  void run(std::string_view data, bool last, const Sink& sink) {
    stream.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(data.data()));
    stream.avail_in = static_cast<uint32_t>(data.size());
    stream.end_of_stream = last ? 1 : 0;
    do {
      stream.next_out = reinterpret_cast<uint8_t*>(output.data());
      stream.avail_out = static_cast<uint32_t>(output.size());
      if (library.deflate(&stream) != COMP_OK) throw Error("gzip: compression failed");
      sink(std::string_view(output).substr(0, output.size() - stream.avail_out));
    } while (stream.avail_out == 0 || stream.avail_in > 0);
  }
};

struct GzipWriter::Zlib {
  z_stream stream{};
  std::string output = std::string(output_size, '\0');

  Zlib() {
    if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, memory_level,
                       Z_DEFAULT_STRATEGY) != Z_OK)
      throw Error("zlib cannot be set up");
  }
  ~Zlib() { ::deflateEnd(&stream); }
  Zlib(const Zlib&) = delete;
  Zlib& operator=(const Zlib&) = delete;

  void run(std::string_view data, bool last, const Sink& sink) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream.avail_in = static_cast<uInt>(data.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(output.data());
      stream.avail_out = static_cast<uInt>(output.size());
      ::deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
      sink(std::string_view(output).substr(0, output.size() - stream.avail_out));
    } while (stream.avail_out == 0);
  }
};

GzipWriter::GzipWriter(Sink sink) : sink_(std::move(sink)) {
  if (const IsalLibrary* library = isal_library()) {
    isal_ = std::make_unique<Isal>(*library);
  } else {
    zlib_ = std::make_unique<Zlib>();
  }
}

GzipWriter::~GzipWriter() = default;

void GzipWriter::write(std::string_view data) {
  if (isal_) return isal_->run(data, false, sink_);
  zlib_->run(data, false, sink_);
}

void GzipWriter::finish() {
  if (isal_) return isal_->run({}, true, sink_);
  zlib_->run({}, true, sink_);
}

}  // namespace estiba::img
