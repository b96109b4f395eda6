// Unpacks a layer's tar beneath a directory, on descriptors: no name of the archive ever reaches a
// file outside, whatever links it plants (openat2(2) RESOLVE_IN_ROOT for parents, no following at
// the end). Whiteouts of the OCI image specification (layer.md) become overlay's own.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "imgmgr/lower_layers.hpp"
#include "imgmgr/tar_stream.hpp"

namespace estiba::img {

struct ExtractLimits {
  uint64_t entries = 2'000'000;
  uint64_t bytes = uint64_t{256} << 30;  ///< logical: holes count
};

/// What ".wh.NAME" means: a layer's whiteout, or (ADD of an archive) a file of that name.
enum class WhiteoutNames { convert, literal };

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

struct ExtractOptions {
  ExtractLimits limits;
  WhiteoutNames whiteouts = WhiteoutNames::convert;
  /// Owns every entry, whatever the archive says.
  std::optional<Owner> owner;
  /// The layers beneath, topmost first: a directory that the archive does not list itself gets the
  /// attributes it has there.
  LowerLayers lower;
};

struct Extracted {
  uint64_t size = 0;  ///< bytes of file content
  uint64_t entries = 0;
};

/// The bytes that may be written below `root`: its free space but for a reserve.
uint64_t writable_bytes(FdRef root);

/// Unpacks the whole stream; on an Error what was unpacked so far stays, for the caller to remove.
Extracted extract_layer(TarStream& stream, FdRef root, const ExtractOptions& options);

}  // namespace estiba::img
