// Pulling and pushing as their callers see it.
#pragma once
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace estiba::img {

/// One layer on its way. The first event of a layer comes before any of its bytes.
struct TransferEvent {
  std::string layer;   ///< the first digits of its digest
  std::string status;  ///< "Downloading"
  bool ended = false;
  uint64_t done = 0, total = 0;  ///< bytes; a total of 0: not known
};

/// What an image that was pulled is called here: as it was asked for, or by its own manifest's
/// digest alone, so that the name keeps meaning this host's.
enum class PulledName { as_asked, own_digest };

struct TransferOptions {
  std::string platform;  ///< "linux/arm64"; empty: this host's
  /// Called from several threads, one at a time.
  std::function<void(const TransferEvent&)> on_event;
  std::stop_token stop;
  PulledName name = PulledName::as_asked;
};

struct Transferred {
  std::string id;        ///< the image's
  std::string digest;    ///< of the manifest, or index, that the name means there
  bool changed = false;  ///< the name meant something else here before, or the registry lacked it
};

}  // namespace estiba::img
