#include "imgmgr/registry/credentials.hpp"

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/json.hpp"
#include "imgmgr/foreign_text.hpp"
#include "imgmgr/registry/credential_helper.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_config = size_t{8} << 20;
constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Docker Hub is kept under the address of an interface that is long gone.
std::string server_of(const std::string& host) {
  return host == "docker.io" ? "https://index.docker.io/v1/" : host;
}

std::string config_path() {
  if (const char* folder = std::getenv("DOCKER_CONFIG")) return fs::join(folder, "config.json");
  const char* home = std::getenv("HOME");
  return cat(home && *home ? home : "/root", "/.docker/config.json");
}

Json parse_file(const std::string& text, const std::string& path) {
  if (text.empty()) return Json::object();
  Json document = parse_json(text, path);
  if (!document.is_object()) throw Error(cat(path, " is not a JSON object"));
  return document;
}

std::string read_file(const std::string& path) {
  return fs::read_if_exists(path, max_config).value_or("");
}

// Credentials come from one file, and every mistake in it is told with its path.
template <typename F>
decltype(auto) reading(const std::string& path, F&& f) {
  return with_context(std::forward<F>(f), "reading ", path);
}

std::optional<std::string> text_member(const Json& object, const std::string& key) {
  auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) throw Error(cat("\"", one_line(key), "\" must be a string"));
  return found->get<std::string>();
}

std::optional<HelperName> helper_of(const Json& config, const std::string& server) {
  if (const Json* by_host = json::object_at(config, "credHelpers"))
    if (auto name = text_member(*by_host, server)) return HelperName{*name};
  auto store = json::string_at(config, "credsStore");
  if (!store || store->empty()) return std::nullopt;
  return HelperName{*store};
}

// Old entries are addresses; what counts is the host.
std::string bare_host(std::string key) {
  size_t scheme = key.find("://");
  if (scheme != key.npos) key.erase(0, scheme + 3);
  return key.substr(0, key.find('/'));
}

const Json* auth_entry(const Json& config, const std::string& server) {
  const Json* auths = json::object_at(config, "auths");
  if (!auths) return nullptr;
  if (auto exact = auths->find(server); exact != auths->end()) return &*exact;
  for (const auto& [key, entry] : auths->items())
    if (bare_host(key) == bare_host(server)) return &entry;
  return nullptr;
}

std::optional<Credentials> parse_entry(const Json& entry) {
  if (entry.is_null()) return std::nullopt;
  if (!entry.is_object()) throw Error("an entry of \"auths\" must be an object");
  Credentials out;
  out.identity_token = json::string_at(entry, "identitytoken").value_or("");
  out.user = json::string_at(entry, "username").value_or("");
  out.password = json::string_at(entry, "password").value_or("");
  if (auto encoded = json::string_at(entry, "auth"); encoded && !encoded->empty()) {
    auto plain = from_base64(*encoded);
    size_t colon = plain ? plain->find(':') : std::string::npos;
    if (colon == std::string::npos) throw Error("an \"auth\" is damaged");
    out.user = plain->substr(0, colon);
    out.password = plain->substr(colon + 1);
  }
  if (out.user.empty() && out.identity_token.empty()) return std::nullopt;
  return out;
}

}  // namespace

std::string base64(std::string_view data) {
  std::string out;
  for (size_t i = 0; i < data.size(); i += 3) {
    std::array<unsigned, 3> bytes{};
    size_t count = std::min<size_t>(3, data.size() - i);
    for (size_t j = 0; j < count; ++j) bytes.at(j) = static_cast<unsigned char>(data[i + j]);
    unsigned group = bytes[0] << 16 | bytes[1] << 8 | bytes[2];
    for (size_t j = 0; j < 4; ++j) out += j <= count ? alphabet[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  unsigned group = 0, bits = 0;
  for (char c : text) {
    size_t value = alphabet.find(c);
    if (value == alphabet.npos) return std::nullopt;
    group = (group << 6 | static_cast<unsigned>(value)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(group >> bits & 0xff);
  }
  return out;
}

CredentialStore::CredentialStore() : path_(config_path()) {}

Kept kept_in(const std::string& text, const std::string& path, const std::string& host) {
  Json config = parse_file(text, path);
  std::string server = server_of(host);
  return reading(path, [&]() -> Kept {
    if (auto helper = helper_of(config, server)) return *helper;
    const Json* entry = auth_entry(config, server);
    auto found = entry ? parse_entry(*entry) : std::nullopt;
    return found ? Kept{*found} : Kept{};
  });
}

std::optional<Credentials> CredentialStore::find(const std::string& host) const {
  Kept kept = kept_in(read_file(path_), path_, host);
  if (auto* helper = std::get_if<HelperName>(&kept))
    return CredentialHelper(helper->name).get(server_of(host));
  auto* found = std::get_if<Credentials>(&kept);
  return found ? std::optional(*found) : std::nullopt;
}

bool CredentialStore::keeps_plain_text(const std::string& host) const {
  Json config = parse_file(read_file(path_), path_);
  return !reading(path_, [&] { return helper_of(config, server_of(host)); });
}

std::string CredentialStore::put(const std::string& host, const Credentials& credentials) const {
  Json config = parse_file(read_file(path_), path_);
  std::string server = server_of(host);
  Json entry = Json::object();
  auto helper = reading(path_, [&] {
    json::object_at(config, "auths");
    return helper_of(config, server);
  });
  if (helper) {
    CredentialHelper(helper->name).store(server, credentials);
  } else if (!credentials.identity_token.empty()) {
    entry["identitytoken"] = credentials.identity_token;
  } else {
    entry["auth"] = base64(cat(credentials.user, ":", credentials.password));
  }
  config["auths"][server] = entry;
  fs::make_dirs(fs::parent_path(path_), 0700);
  fs::write_atomic(path_, config.dump(1, '\t', false, Json::error_handler_t::replace) + "\n", 0600);
  return helper ? "the credential helper" : path_;
}

bool CredentialStore::erase(const std::string& host) const {
  Json config = parse_file(read_file(path_), path_);
  std::string server = server_of(host);
  bool found = false;
  if (auto helper = reading(path_, [&] { return helper_of(config, server); })) {
    CredentialHelper program(helper->name);
    found = program.get(server).has_value();
    program.erase(server);
  }
  auto auths = config.find("auths");
  if (auths == config.end() || !auths->is_object() || !auths->contains(server)) return found;
  auths->erase(server);
  fs::write_atomic(path_, config.dump(1, '\t', false, Json::error_handler_t::replace) + "\n", 0600);
  return true;
}

}  // namespace estiba::img
