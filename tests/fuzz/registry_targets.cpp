// What registries answer, what is kept for them, and where images are called to be.
#include <string>
#include <vector>

#include "base/text.hpp"
#include "imgmgr/config_json.hpp"
#include "imgmgr/foreign_text.hpp"
#include "imgmgr/index_json.hpp"
#include "imgmgr/registry/challenge.hpp"
#include "imgmgr/registry/credential_helper.hpp"
#include "imgmgr/registry/credentials.hpp"
#include "imgmgr/registry/refusal.hpp"
#include "imgmgr/registry/registries_conf.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
#include "imgmgr/registry/retry.hpp"
#include "imgmgr/registry/token.hpp"
#include "imgmgr/registry/url.hpp"
#include "promise.hpp"
#include "targets.hpp"

namespace estiba::fuzz {
namespace {

using namespace img;

void promise_header(std::string_view header) { promise(!has_control_characters(header)); }

// Whatever the challenge says, what is kept for a registry goes to the realm that it names.
void feed_token_request(const Challenge& challenge) {
  auto realm = Address::parse(challenge.value("realm"));
  if (!realm) return;
  for (const Credentials& credentials :
       {Credentials{"ann", "secret", ""}, Credentials{"", "", "refresh"}}) {
    HttpRequest request = token_request(challenge, {"repository:a:pull"}, credentials);
    auto address = Address::parse(request.url);
    promise(address && address->origin() == realm->origin());
    for (const auto& header : request.headers) promise_header(header);
  }
}

void feed_address(std::string_view bytes) {
  for (const char* base : {"https://a.test/v2/x", "http://127.0.0.1:5000/v2/x?y"}) {
    auto from = Address::parse(base);
    answered([&] {
      Address to = follow(*from, bytes, "a.test");
      promise(to.secure() || !from->secure());
      promise_header(to.text());
      promise(Address::parse(to.text())->origin() == to.origin());
    });
  }
}

void feed_reference(const std::string& text) {
  auto reference = Reference::parse(text);
  if (!reference) return;
  for (const auto& name : {reference->full(), reference->familiar()}) {
    promise_header(name);
    auto again = Reference::parse(name);
    promise(again && again->full() == reference->full());
  }
}

}  // namespace

void feed_manifest(std::string_view bytes) {
  answered([&] {
    auto document = parse_remote_document(bytes, "");
    if (auto* index = std::get_if<RemoteIndex>(&document))
      select_platform(*index, {"linux", "amd64", ""});
  });
  answered([&] {
    std::string text = to_json(parse_config(bytes, "it"));
    promise(to_json(parse_config(text, "it")) == text);
  });
  answered([&] {
    auto entries = parse_index(bytes, "it");
    promise(parse_index(index_json(entries), "it") == entries);
  });
  answered([&] {
    std::string text = manifest_json(parse_manifest(bytes, "it"));
    promise(manifest_json(parse_manifest(text, "it")) == text);
  });
}

void feed_challenge(std::string_view bytes) {
  for (const auto& challenge : parse_challenges(bytes)) feed_token_request(challenge);
  feed_token_request({"bearer", {{"realm", std::string(bytes)}, {"service", std::string(bytes)}}});
  feed_address(bytes);
  answered([&] {
    Token token = parse_token(std::string(bytes), "https://a.test");
    promise_header(token.text);
    promise(!token.text.empty() && token.lifetime.count() >= 0);
  });
  WallTime now = *parse_rfc3339("2026-01-01T00:00:00Z");
  if (auto wait = parse_retry_after(std::string(bytes), now)) promise(wait->count() >= 0);
  promise_header(told_reason(bytes));
  feed_reference(std::string(bytes));
}

void feed_credentials(std::string_view bytes) {
  std::string text(bytes);
  for (const char* host : {"a.test", "docker.io", "127.0.0.1:5000"})
    answered([&] { kept_in(text, "config.json", host); });
  answered([&] { parse_helper_answer(text, "the helper"); });
  promise(from_base64(base64(bytes)) == text);
  from_base64(bytes);
}

void feed_registries(std::string_view bytes) {
  answered([&] {
    RegistriesConf conf = parse_registries_conf(bytes, "registries.conf");
    for (const char* name : {"nginx", "a.test/b/c:1", "x.a.test:5000/b"}) {
      answered([&] { promise(!endpoints(conf, *Reference::parse(name)).empty()); });
    }
  });
}

}  // namespace estiba::fuzz
