// `docker import`: one tar of a root filesystem becomes an image of one layer.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "imgmgr/images.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

struct ImportRequest {
  std::string reference;             ///< in full; empty: none
  std::vector<std::string> changes;  ///< Dockerfile instructions
  std::string message;
  Progress progress;
  /// Called when all is unpacked and nothing is committed yet; an Error keeps it from being so.
  std::function<void()> before_commit;
};

/// "-" is standard input. Returns the image's id.
std::string import_file(const Store& store, const std::string& file, const ImportRequest& request);
std::string import_stream(const Store& store, FdRef fd, const std::string& subject,
                          const ImportRequest& request);

/// The image architecture's name in Go's terms ("amd64", "arm64"), as OCI has it.
std::string host_architecture();

}  // namespace estiba::img
