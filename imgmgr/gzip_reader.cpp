#include "imgmgr/gzip_reader.hpp"

#include "base/error.hpp"
#include "imgmgr/isal_library.hpp"

namespace estiba::img {
namespace {

constexpr size_t output_size = size_t{256} << 10;
constexpr unsigned char magic[] = {0x1f, 0x8b};

}  // namespace

struct GzipReader::State {
  const IsalLibrary& isal = *isal_library();
  inflate_state inflate;
  std::string output = std::string(output_size, '\0');
  bool member_ended = false;
};

bool GzipReader::takes(std::string_view beginning) {
  return beginning.size() > 1 && static_cast<unsigned char>(beginning[0]) == magic[0] &&
         static_cast<unsigned char>(beginning[1]) == magic[1] && isal_library();
}

GzipReader::GzipReader(ByteSource source, std::string subject)
    : source_(std::move(source)), subject_(std::move(subject)), state_(std::make_unique<State>()) {
  state_->isal.inflate_init(&state_->inflate);
  state_->inflate.crc_flag = ISAL_GZIP;
  state_->inflate.avail_in = 0;
}

GzipReader::~GzipReader() = default;

// False at the end of the input.
bool GzipReader::refill() {
  inflate_state& inflate = state_->inflate;
  if (inflate.avail_in > 0) return true;
  std::string_view piece = source_();
  inflate.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(piece.data()));
  inflate.avail_in = static_cast<uint32_t>(piece.size());
  return !piece.empty();
}

// False if nothing follows but zeros, which tapes and some writers fill up with.
bool GzipReader::next_member() {
  inflate_state& inflate = state_->inflate;
  while (refill()) {
    if (*inflate.next_in == magic[0]) {
      state_->isal.inflate_reset(&inflate);
      inflate.crc_flag = ISAL_GZIP;
      state_->member_ended = false;
      return true;
    }
    if (*inflate.next_in != 0) throw Error(cat(subject_, " has garbage behind its gzip data"));
    ++inflate.next_in;
    --inflate.avail_in;
  }
  return false;
}

std::string_view GzipReader::read() {
  inflate_state& inflate = state_->inflate;
  while (true) {
    if (state_->member_ended && !next_member()) return {};
    bool more = refill();
    inflate.next_out = reinterpret_cast<uint8_t*>(state_->output.data());
    inflate.avail_out = static_cast<uint32_t>(state_->output.size());
    if (state_->isal.inflate(&inflate) != ISAL_DECOMP_OK)
      throw Error(cat("the gzip data of ", subject_, " are damaged"));
    state_->member_ended = inflate.block_state == ISAL_BLOCK_FINISH;
    size_t made = state_->output.size() - inflate.avail_out;
    if (made > 0) return std::string_view(state_->output).substr(0, made);
    if (!more && !state_->member_ended)
      throw Error(cat("the gzip data of ", subject_, " end early"));
  }
}

}  // namespace estiba::img
