// Named and anonymous volumes (driver local): ROOT/volumes/NAME/{volume.json,_data}. Never deletes
// without being asked. Knows no container: the caller says what is in use.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace estiba::vol {

struct VolumeSpec {
  std::string name{};  ///< unique on the host; empty: anonymous, 64 hex digits
  std::string driver = "local";
  std::map<std::string, std::string> driver_opts{};  ///< type, o, device: mounted when first used
  std::map<std::string, std::string> labels{};
};

struct VolumeRecord {
  VolumeSpec spec;
  std::string mountpoint;  ///< the directory to bind into containers
  std::string created;     ///< RFC 3339
};

class Volumes {
 public:
  explicit Volumes(std::string state_dir);

  VolumeRecord create(const VolumeSpec& spec);
  std::optional<VolumeRecord> find(const std::string& name) const;
  std::vector<VolumeRecord> list() const;
  /// The directory to bind, with what driver_opts name mounted on it: call before a container
  /// that uses the volume starts. For a plain volume it is VolumeRecord::mountpoint, as it is.
  std::string mount(const std::string& name);
  /// Removing what does not exist is fine.
  void remove(const std::string& name);

  /// Fills an empty volume from a directory of an image on first use: contents, owners, modes,
  /// times, xattrs, links; and gives the volume's own directory that directory's owner and mode.
  /// `layers` are the image's layer directories, topmost first; `path` is the target in the
  /// container (resolved inside the layers, never outside). A volume that is not empty is left
  /// alone.
  void seed(const std::string& name, const std::vector<std::string>& layers,
            const std::string& path);

 private:
  std::string directory(const std::string& name) const;
  std::string state_dir_;
};

/// A bind mount's source: exists, or is created as a directory (create_host_path). The Error names
/// it.
enum class MissingSource { create, refuse };
void ensure_bind_source(const std::string& path, MissingSource missing);

}  // namespace estiba::vol
