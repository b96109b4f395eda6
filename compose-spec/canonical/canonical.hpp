// Short forms → long forms, and scalars → canonical values, for one file's tree before it meets
// another. One function a short form; they know nothing of files, merging or defaults.
#pragma once
#include "compose-spec/report.hpp"
#include "compose-spec/schema/schema.hpp"
#include "compose-spec/tree.hpp"
#include "compose-spec/validate.hpp"

namespace estiba::spec {

/// Rewrites a valid tree in place.
void canonicalise(Node& node, const Type& type, const Path& path, const SchemaOptions& options,
                  Report& report);

namespace canonical {

/// What a short form could not be read for; the span is the item's.
struct BadShortForm {
  std::string message;
  std::string hint;
};

/// The words of a command in one line, and what stands behind a shell's operator. Throws
/// BadShortForm.
struct SplitCommand {
  std::vector<std::string> words;
  std::string rest;
};
SplitCommand split_command(std::string_view text);
/// "127.0.0.1:8000-8002:80-82/udp" → long ports, in the order in which they are printed.
Sequence expand_port(const Node& item);
/// "./data:/data:ro,z" → a long mount.
Node expand_volume(const Node& item);
/// "/dev/a:/dev/b:rwm" → a long device.
Node expand_device(const Node& item);
/// ["K=V", "K"] → {K: V, K: null}. A later one of the same key wins.
Node expand_key_values(const Node& list);
/// The same, but a variable's name does not end with a blank.
Node expand_environment(const Node& list);
/// ["host:ip", "host=[::1]"] or {host: ip} → {host: [ip]}.
Node expand_hosts(const Node& value);
/// ["default", "id=path"] → {default: null, id: path}.
Node expand_ssh(const Node& list);

}  // namespace canonical
}  // namespace estiba::spec
