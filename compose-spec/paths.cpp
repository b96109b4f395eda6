#include "compose-spec/paths.hpp"

#include <array>

#include "base/error.hpp"
#include "base/fs.hpp"

namespace estiba::spec {
namespace {

bool equals(const Node* node, std::string_view text) {
  return node && node->string() && *node->string() == text;
}

// C:\\dir, which stays as it is.
bool is_windows_path(std::string_view path) {
  bool letter = !path.empty() && ((path[0] | 0x20) >= 'a' && (path[0] | 0x20) <= 'z');
  return (letter && path.size() > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/')) ||
         path.starts_with("\\\\");
}

void resolve(Node& node, const PathBase& base) {
  if (auto* text = node.string(); text && !text->empty()) *text = absolute_path(*text, base);
}

// A volume of the local driver that is a bind mount in disguise.
void resolve_device(Node& volume, const PathBase& base) {
  Node* options = volume.find("driver_opts");
  if (!options || !equals(options->find("o"), "bind") || !equals(volume.find("driver"), "local"))
    return;
  if (Node* device = options->find("device")) resolve(*device, base);
}

}  // namespace

bool is_remote_context(std::string_view context) {
  constexpr std::array<std::string_view, 3> prefixes{"github.com/", "git@", "service:"};
  if (context.find("://") != std::string_view::npos) return true;
  for (std::string_view prefix : prefixes)
    if (context.starts_with(prefix)) return true;
  return false;
}

std::string absolute_path(const std::string& path, const PathBase& base) {
  // Compose knows no other users: "~name" is a folder of that name in the own home.
  if (path.starts_with('~')) return fs::clean_path(cat(base.home, "/", path.substr(1)));
  if (path.starts_with('/') || is_windows_path(path)) return path;
  return fs::clean_path(fs::join(base.directory, path));
}

void resolve_paths(Node& node, const Type& type, const PathBase& base) {
  if (!concerns(type, path_concern)) return;
  if (type.path == PathKind::plain) resolve(node, base);
  if (type.path == PathKind::build_context && node.string() && !is_remote_context(*node.string()))
    resolve(node, base);
  if (type.path == PathKind::volume_device) resolve_device(node, base);
  if (type.path == PathKind::mount && equals(node.find("type"), "bind"))
    if (Node* source = node.find("source")) resolve(*source, base);
  if (auto* items = node.sequence()) {
    for (Node& item : *items)
      if (type.items) resolve_paths(item, *type.items, base);
  } else if (auto* entries = node.mapping()) {
    for (Entry& entry : *entries)
      if (const Type* child = type_of_member(type, entry.key))
        resolve_paths(entry.value, *child, base);
  }
}

}  // namespace estiba::spec
