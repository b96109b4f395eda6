#include "imgmgr/registry/token.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "imgmgr/registry/url.hpp"

namespace estiba::img {
namespace {

constexpr const char* client_id = "estiba";
constexpr size_t max_token = size_t{64} << 10;
// Of a token that is good for longer, nobody makes use for longer.
constexpr int64_t default_lifetime = 60, max_lifetime = int64_t{24} * 60 * 60;

// It becomes part of a header, in which it must not end the line or begin another word.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= max_token &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

HttpBody body_of(std::string content) {
  HttpBody out;
  out.size = content.size();
  out.read = [content = std::move(content)](char* buffer, size_t size, uint64_t offset) {
    size_t count =
        std::min<size_t>(size, content.size() - std::min<size_t>(offset, content.size()));
    std::memcpy(buffer, content.data() + offset, count);
    return count;
  };
  return out;
}

HttpRequest by_refresh_token(const Challenge& challenge, const std::vector<std::string>& scopes,
                             const Credentials& credentials) {
  std::string joined;
  for (const auto& scope : scopes) joined += (joined.empty() ? "" : " ") + scope;
  std::string form = with_query("", "grant_type", "refresh_token");
  form = with_query(form, "service", challenge.value("service"));
  form = with_query(form, "client_id", client_id);
  form = with_query(form, "scope", joined);
  form = with_query(form, "refresh_token", credentials.identity_token);
  HttpRequest out{challenge.value("realm")};
  out.method = "POST";
  out.headers.emplace_back("Content-Type: application/x-www-form-urlencoded");
  out.body = body_of(form.substr(1));
  return out;
}

}  // namespace

HttpRequest token_request(const Challenge& challenge, const std::vector<std::string>& scopes,
                          const std::optional<Credentials>& credentials) {
  HttpRequest out;
  if (credentials && !credentials->identity_token.empty()) {
    out = by_refresh_token(challenge, scopes, *credentials);
  } else {
    out.url = challenge.value("realm");
    if (std::string service = challenge.value("service"); !service.empty())
      out.url = with_query(out.url, "service", service);
    for (const auto& scope : scopes) out.url = with_query(out.url, "scope", scope);
    if (credentials) {
      out.url = with_query(out.url, "account", credentials->user);
      out.headers.push_back(
          cat("Authorization: Basic ", base64(cat(credentials->user, ":", credentials->password))));
    }
  }
  out.redirects = Redirects::report;
  return out;
}

Token parse_token(const std::string& body, const std::string& realm) {
  std::string what = cat("the answer of the token server ", realm);
  Json document = parse_json(body, what);
  return with_context(
      [&] {
        auto text = json::string_at(document, "token");
        if (!text || text->empty()) text = json::string_at(document, "access_token");
        if (!text || !is_token(*text)) throw Error("there is no token in it");
        int64_t lifetime = json::int_at(document, "expires_in").value_or(default_lifetime);
        return Token{*text, std::chrono::seconds{std::clamp<int64_t>(lifetime, 0, max_lifetime)}};
      },
      what);
}

}  // namespace estiba::img
