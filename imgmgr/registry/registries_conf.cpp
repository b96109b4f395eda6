#include "imgmgr/registry/registries_conf.hpp"

#include <cstdlib>
// The parser is compiled here alone.
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "imgmgr/foreign_text.hpp"
#include "imgmgr/http.hpp"

namespace estiba::img {
namespace {

constexpr const char* default_path = "/etc/estiba/registries.conf";
constexpr const char* hub = "docker.io";
constexpr const char* hub_host = "registry-1.docker.io";

// A file that is checked word by word: a misspelt "insecure" would be found out the hard way.
class ConfReader {
 public:
  explicit ConfReader(const std::string& path) : path_(path) {}

  RegistriesConf read(const toml::table& document) {
    known(document, {"registry", "unqualified-search-registries"});
    check_search(document);
    RegistriesConf out;
    const toml::node* list = document.get("registry");
    if (!list) return out;
    for (const toml::node& item : array(*list, "registry")) out.push_back(rule(table(item)));
    return out;
  }

 private:
  [[noreturn]] void refuse(const toml::node& node, const std::string& what) const {
    throw Error(cat(path_, ":", std::to_string(node.source().begin.line), ": ", one_line(what)));
  }

  void known(const toml::table& table, std::initializer_list<std::string_view> words) const {
    for (const auto& [key, node] : table) {
      bool found = std::find(words.begin(), words.end(), key.str()) != words.end();
      if (!found) refuse(node, cat("\"", key.str(), "\" is not known here"));
    }
  }

  // The file may be one that other tools read as well; what it asks of us must be what we do.
  void check_search(const toml::table& document) const {
    const toml::node* node = document.get("unqualified-search-registries");
    if (!node) return;
    const toml::array* list = node->as_array();
    bool hub_alone = list && list->size() == 1 && (*list)[0].value_or(std::string()) == hub;
    if (!hub_alone)
      refuse(*node, cat("names without a registry are Docker Hub's; "
                        "\"unqualified-search-registries\" can only be [\"docker.io\"]"));
  }

  const toml::array& array(const toml::node& node, const char* name) const {
    if (!node.is_array()) refuse(node, cat("\"", name, "\" is written as [[", name, "]]"));
    return *node.as_array();
  }

  const toml::table& table(const toml::node& node) const {
    if (!node.is_table()) refuse(node, "a table is expected");
    return *node.as_table();
  }

  std::string text(const toml::table& table, std::string_view key) const {
    const toml::node* node = table.get(key);
    if (!node) return "";
    if (!node->is_string()) refuse(*node, cat("\"", key, "\" must be a string"));
    std::string value = *node->value<std::string>();
    if (value.find("://") != value.npos)
      refuse(*node, cat("\"", key, "\" is a host, and perhaps a path, without \"http://\""));
    if (has_control_characters(value))
      refuse(*node, cat("\"", key, "\" has control characters in it"));
    while (value.ends_with('/')) value.pop_back();
    return value;
  }

  bool choice(const toml::table& table, std::string_view key) const {
    const toml::node* node = table.get(key);
    if (!node) return false;
    if (!node->is_boolean()) refuse(*node, cat("\"", key, "\" must be true or false"));
    return *node->value<bool>();
  }

  RegistryLocation mirror(const toml::table& item, bool by_digest) const {
    known(item, {"location", "insecure", "pull-from-mirror"});
    RegistryLocation out{text(item, "location"), choice(item, "insecure"), by_digest};
    if (out.location.empty()) refuse(item, "a mirror needs a \"location\"");
    std::string when = text(item, "pull-from-mirror");
    if (when == "digest-only") out.digests_only = true;
    if (when == "tag-only") out.tags_only = true;
    if (!when.empty() && when != "all" && !out.digests_only && !out.tags_only)
      refuse(item, "\"pull-from-mirror\" is all, digest-only or tag-only");
    return out;
  }

  RegistryRule rule(const toml::table& item) const {
    known(item, {"prefix", "location", "insecure", "blocked", "mirror", "mirror-by-digest-only"});
    RegistryRule out{text(item, "prefix"),
                     {text(item, "location"), choice(item, "insecure")},
                     choice(item, "blocked"),
                     {}};
    if (out.prefix.empty()) out.prefix = out.main.location;
    if (out.prefix.empty()) refuse(item, "a registry needs a \"prefix\" or a \"location\"");
    bool by_digest = choice(item, "mirror-by-digest-only");
    if (const toml::node* list = item.get("mirror"))
      for (const toml::node& each : array(*list, "registry.mirror"))
        out.mirrors.push_back(mirror(table(each), by_digest));
    return out;
  }

  const std::string& path_;
};

// How much of the name a prefix takes; nothing if it does not match. A part of a host or of a
// path's component is no match.
std::optional<size_t> matched(const std::string& prefix, const std::string& name) {
  if (prefix.starts_with("*.")) {
    std::string host = name.substr(0, name.find('/'));
    std::string bare = host.substr(0, host.find(':'));
    if (!bare.ends_with(prefix.substr(1))) return std::nullopt;
    return host.size();
  }
  if (!name.starts_with(prefix)) return std::nullopt;
  bool whole = name.size() == prefix.size() || name[prefix.size()] == '/';
  return whole ? std::optional(prefix.size()) : std::nullopt;
}

struct Match {
  const RegistryRule* rule = nullptr;
  size_t length = 0;
};

Match best_match(const RegistriesConf& conf, const std::string& name) {
  Match best;
  for (const auto& rule : conf) {
    auto length = matched(rule.prefix, name);
    if (!length) continue;
    if (!best.rule || rule.prefix.size() > best.rule->prefix.size()) best = {&rule, *length};
  }
  return best;
}

Endpoint endpoint_of(const RegistryLocation& location, const std::string& rest) {
  std::string whole = location.location + rest;
  size_t slash = whole.find('/');
  Endpoint out;
  out.login = whole.substr(0, slash);
  out.host = out.login == hub ? hub_host : out.login;
  out.repository = slash == whole.npos ? "" : whole.substr(slash + 1);
  out.insecure = location.insecure || is_loopback(out.host);
  return out;
}

std::string name_of(const Reference& reference) {
  return cat(reference.registry, "/", reference.repository);
}

// toml++ 3.3 has no defined answer to whether some characters are blank, and names of registries
// are ASCII: others are refused, or blotted out where they stand in a comment.
std::string ascii_of(std::string_view text, const std::string& path) {
  std::string out(text);
  bool in_comment = false;
  int line = 1;
  for (char& c : out) {
    in_comment = c != '\n' && (in_comment || c == '#');
    if (c == '\n') ++line;
    if (static_cast<unsigned char>(c) < 0x80) continue;
    if (!in_comment)
      throw Error(cat(path, ":", std::to_string(line), ": only comments have other than ASCII"));
    c = '?';
  }
  return out;
}

}  // namespace

RegistriesConf parse_registries_conf(std::string_view text, const std::string& path) {
  std::string plain = ascii_of(text, path);
  try {
    return ConfReader(path).read(toml::parse(plain));
  } catch (const toml::parse_error& error) {
    throw Error(cat(path, ":", std::to_string(error.source().begin.line), ": ",
                    one_line(error.description())));
  }
}

RegistriesConf load_registries_conf() {
  const char* given = std::getenv("ESTIBA_REGISTRIES_CONF");
  std::string path = given ? given : default_path;
  auto text = fs::read_if_exists(path);
  if (!text && given)
    throw Error(cat("$ESTIBA_REGISTRIES_CONF names ", path, ", which is not there"));
  return text ? parse_registries_conf(*text, path) : RegistriesConf{};
}

Endpoint main_endpoint(const RegistriesConf& conf, const Reference& reference) {
  std::string name = name_of(reference);
  Match match = best_match(conf, name);
  if (!match.rule) return endpoint_of({reference.registry, false}, "/" + reference.repository);
  if (match.rule->blocked)
    throw Error(cat("registries.conf blocks \"", match.rule->prefix, "\", and ", name, " with it"));
  RegistryLocation main = match.rule->main;
  // A wildcard without a location of its own stands for what it matches.
  if (main.location.empty()) main.location = name.substr(0, match.length);
  return endpoint_of(main, name.substr(match.length));
}

std::vector<Endpoint> endpoints(const RegistriesConf& conf, const Reference& reference) {
  std::vector<Endpoint> out;
  std::string name = name_of(reference);
  Match match = best_match(conf, name);
  Endpoint main = main_endpoint(conf, reference);
  if (match.rule)
    for (const auto& mirror : match.rule->mirrors) {
      bool by_digest = !reference.digest.empty();
      if (by_digest ? mirror.tags_only : mirror.digests_only) continue;
      out.push_back(endpoint_of(mirror, name.substr(match.length)));
    }
  out.push_back(main);
  return out;
}

}  // namespace estiba::img
