// The short syntax of volumes ([SOURCE:]TARGET[:OPTIONS]) and devices (SOURCE[:TARGET[:RIGHTS]]).
#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "compose-spec/canonical/canonical.hpp"

namespace estiba::spec::canonical {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// Splits at colons, but not behind a lone letter (a Windows drive) nor within ${...}.
std::vector<std::string> sections(std::string_view text) {
  std::vector<std::string> parts(1);
  int in_variable = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    std::string& part = parts.back();
    if (c == '$' && i + 1 < text.size() && text[i + 1] == '{') ++in_variable;
    if (c == '}' && in_variable > 0) --in_variable;
    bool drive = part.size() == 1 && is_letter(part[0]);
    if (c == ':' && in_variable == 0 && !drive) {
      parts.emplace_back();
    } else {
      part += c;
    }
  }
  return parts;
}

bool is_host_path(std::string_view source) {
  if (source.empty()) return false;
  if (source[0] == '.' || source[0] == '/' || source[0] == '~' || source.starts_with("\\\\"))
    return true;
  return source.size() > 1 && is_letter(source[0]) && source[1] == ':';
}

constexpr std::array<std::string_view, 6> propagations{"rprivate", "private", "rshared",
                                                       "shared",   "rslave",  "slave"};

struct Options {
  bool read_only = false, nocopy = false;
  std::string propagation, selinux;
};

// Unknown options (cached, delegated) have no meaning on Linux and are passed over, as Compose
// does.
Options parse_options(std::string_view text) {
  Options options;
  for (const std::string& option : text::split(text, ',')) {
    if (option == "ro") options.read_only = true;
    if (option == "rw") options.read_only = false;
    if (option == "nocopy") options.nocopy = true;
    if (option == "z" || option == "Z") options.selinux = option;
    if (std::find(propagations.begin(), propagations.end(), option) != propagations.end())
      options.propagation = option;
  }
  return options;
}

Node bind_options(const Options& options, Span span) {
  Node bind{Mapping(), span};
  if (!options.selinux.empty()) bind.set("selinux", options.selinux);
  if (!options.propagation.empty()) bind.set("propagation", options.propagation);
  bind.set("create_host_path", true);
  return bind;
}

}  // namespace

Node expand_volume(const Node& item) {
  const std::string& text = *item.string();
  std::vector<std::string> parts = sections(text);
  bool empty_part =
      std::any_of(parts.begin(), parts.end(), [](auto& part) { return part.empty(); });
  if (empty_part || parts.size() > 3)
    throw BadShortForm{cat("\"", text, "\" is not a mount"),
                       "write SOURCE:TARGET or SOURCE:TARGET:ro"};
  Node node{Mapping(), item.span};
  if (text.size() <= 2) {
    node.set("type", std::string("volume"));
    node.set("target", text);
    return node;
  }
  std::string source = parts.size() > 1 ? parts[0] : "";
  Options options = parse_options(parts.size() > 2 ? parts[2] : "");
  bool bind = is_host_path(source);
  node.set("type", std::string(bind ? "bind" : "volume"));
  if (!source.empty()) node.set("source", source);
  node.set("target", fs::clean_path(parts[parts.size() > 1 ? 1 : 0]));
  if (options.read_only) node.set("read_only", true);
  if (bind || !options.propagation.empty() || !options.selinux.empty()) {
    node.set("bind", bind_options(options, item.span).value);
    if (!bind) node.find("bind")->erase("create_host_path");
  }
  if (!bind || options.nocopy) node.set("volume", Mapping());
  if (options.nocopy) node.find("volume")->set("nocopy", true);
  return node;
}

Node expand_device(const Node& item) {
  std::vector<std::string> parts = text::split(*item.string(), ':');
  if (parts.size() > 3 || parts[0].empty())
    throw BadShortForm{cat("\"", *item.string(), "\" is not a device"), "write SOURCE:TARGET:rwm"};
  Node node{Mapping(), item.span};
  node.set("source", parts[0]);
  node.set("target", parts.size() > 1 ? parts[1] : parts[0]);
  node.set("permissions", parts.size() > 2 ? parts[2] : std::string("rwm"));
  return node;
}

}  // namespace estiba::spec::canonical
