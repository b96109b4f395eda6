// What the registry client decides without a registry.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "imgmgr/http.hpp"
#include "imgmgr/registry/challenge.hpp"
#include "imgmgr/registry/credential_helper.hpp"
#include "imgmgr/registry/credentials.hpp"
#include "imgmgr/registry/login.hpp"
#include "imgmgr/registry/refusal.hpp"
#include "imgmgr/registry/registries_conf.hpp"
#include "imgmgr/registry/remote_manifest.hpp"
#include "imgmgr/registry/retry.hpp"
#include "imgmgr/registry/token.hpp"
#include "imgmgr/registry/url.hpp"

namespace estiba::img {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;

std::string text_of(const std::vector<Challenge>& challenges) {
  std::string out;
  for (const auto& challenge : challenges) {
    out += challenge.scheme;
    for (const auto& [name, value] : challenge.values) out += cat(" ", name, "=<", value, ">");
    out += "\n";
  }
  return out;
}

TEST(Challenges, AreReadWithQuotesEscapesAndSeveralSchemes) {
  EXPECT_EQ(text_of(parse_challenges(
                R"(Bearer realm="https://a/t",service="s", scope="repository:a/b:pull,push")")),
            "bearer realm=<https://a/t> scope=<repository:a/b:pull,push> service=<s>\n");
  EXPECT_EQ(text_of(parse_challenges(R"(Basic realm="a \"b\"", Bearer Realm = x)")),
            "basic realm=<a \"b\">\nbearer realm=<x>\n");
}

TEST(Challenges, OfGarbageAreNothingThatHarms) {
  for (const char* text :
       {"", ",,,", "\"", "=", "a=b", "Bearer realm=\"", "\"x\" Basic", "===\"\\"})
    EXPECT_LE(parse_challenges(text).size(), 2U) << text;
}

TEST(Retries, TakeTheTimeThatTheRegistrySays) {
  WallTime now = *parse_rfc3339("2015-10-21T07:28:00Z");
  EXPECT_EQ(parse_retry_after("3", now), milliseconds{3000});
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2015 07:28:10 GMT", now), milliseconds{10000});
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2015 07:00:00 GMT", now), milliseconds{0});
  EXPECT_EQ(parse_retry_after("soon", now), std::nullopt);
  EXPECT_EQ(retry_wait(1, parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), 0),
            std::nullopt);
  EXPECT_EQ(retry_wait(1, seconds{3}, 0), milliseconds{3000});
  EXPECT_EQ(retry_wait(1, seconds{61}, 0), std::nullopt) << "longer than anybody waits";
}

TEST(Retries, BackOffAndEnd) {
  EXPECT_EQ(retry_wait(1, std::nullopt, 0), milliseconds{250});
  EXPECT_EQ(retry_wait(2, std::nullopt, 0), milliseconds{500});
  EXPECT_GT(retry_wait(2, std::nullopt, 0.9), milliseconds{500});
  EXPECT_EQ(retry_wait(max_attempts, std::nullopt, 0), std::nullopt);
  EXPECT_EQ(retry_wait(max_attempts, seconds{1}, 0), std::nullopt);
}

std::string origin_of(const std::string& text) {
  auto address = Address::parse(text);
  return address ? address->origin() : "none";
}

TEST(Addresses, HaveAnOriginThatIncludesThePort) {
  EXPECT_EQ(origin_of("https://Host/a"), "https://host:443");
  EXPECT_EQ(origin_of("HTTPS://host:0443"), "https://host:443");
  EXPECT_EQ(origin_of("http://host:5000?x"), "http://host:5000");
  EXPECT_EQ(origin_of("http://[::1]/"), "http://[::1]:80");
  EXPECT_EQ(origin_of("http://[::1]:5000/"), "http://[::1]:5000");
  EXPECT_NE(origin_of("http://host"), origin_of("https://host"));
}

TEST(Addresses, ThatTwoReadersCouldTakeForTwoHostsAreNone) {
  for (std::string text : {"",
                           "host",
                           "//host",
                           "ftp://host/",
                           "file:///etc/passwd",
                           "https://",
                           "https:///a",
                           "https://user@host/",
                           "https://evil\\@host/",
                           "https://host\\.evil/",
                           "https://host /",
                           "https://host/\r\nX: y",
                           "https://host:0/",
                           "https://host:65536/",
                           "https://host:/",
                           "https://host:1:2/",
                           "https://ho%73t/",
                           "https://../x",
                           "https://[host]/",
                           "https://[::1/",
                           "https://[::1]x/",
                           "https://h\xc3\xb6st/"})
    EXPECT_EQ(origin_of(text), "none") << text;
  EXPECT_EQ(origin_of(std::string("https://host\0.evil/", 19)), "none");
}

std::string followed(const std::string& base, const std::string& location) {
  try {
    return follow(*Address::parse(base), location, "registry").text();
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(Addresses, AreFollowedNoFurtherThanIsSafe) {
  EXPECT_EQ(followed("https://a/v2/x", "/v2/y"), "https://a/v2/y");
  EXPECT_EQ(followed("http://a/v2/x", "https://b/y"), "https://b/y");
  EXPECT_EQ(followed("https://a/v2/x", "http://a/y"),
            "registry leads to http://a:80, which is not secure; that is refused");
  EXPECT_EQ(followed("http://a/v2/x", "file:///etc/passwd"),
            "registry leads to what is no address; that is refused");
}

TEST(Urls, AreResolvedAsRedirectsMeanThem) {
  const char* base = "https://a:1/v2/x/uploads/1?s=2";
  EXPECT_EQ(resolve_url(base, "http://b/c"), "http://b/c");
  EXPECT_EQ(resolve_url(base, "//b/c"), "https://b/c");
  EXPECT_EQ(resolve_url(base, "/c?d"), "https://a:1/c?d");
  EXPECT_EQ(resolve_url(base, "2"), "https://a:1/v2/x/uploads/2");
  EXPECT_EQ(resolve_url(base, "?n"), "https://a:1/v2/x/uploads/1?n");
  EXPECT_EQ(resolve_url("https://a", "b"), "https://a/b");
  EXPECT_EQ(with_query("http://a/b?c=d", "x", "a b:c"), "http://a/b?c=d&x=a%20b%3ac");
}

TEST(Loopback, IsThisMachineAlone) {
  for (const char* host :
       {"localhost", "localhost:5000", "127.0.0.1", "127.1.2.3:80", "[::1]:5000"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "[::2]:1",
                           "registry.test:127"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

std::string places(const std::string& conf, const std::string& name) {
  std::string out;
  try {
    for (const auto& place :
         endpoints(parse_registries_conf(conf, "conf"), *Reference::parse(name)))
      out += cat(place.host, " ", place.repository, place.insecure ? " insecure" : "", "\n");
  } catch (const Error& error) {
    return error.message();
  }
  return out;
}

TEST(RegistriesConf, WithoutRulesANameIsTheRegistry) {
  EXPECT_EQ(places("", "nginx"), "registry-1.docker.io library/nginx\n");
  EXPECT_EQ(places("", "quay.io/a/b:1"), "quay.io a/b\n");
  EXPECT_EQ(places("", "127.0.0.1:5000/a"), "127.0.0.1:5000 a insecure\n");
}

TEST(RegistriesConf, MirrorsComeFirst) {
  const char* conf = R"(
[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "m1.test:5000"
insecure = true
[[registry.mirror]]
location = "m2.test/hub"
pull-from-mirror = "digest-only"
)";
  EXPECT_EQ(places(conf, "nginx"),
            "m1.test:5000 library/nginx insecure\nregistry-1.docker.io library/nginx\n");
  EXPECT_EQ(places(conf, "nginx@sha256:" + std::string(64, 'a')),
            "m1.test:5000 library/nginx insecure\nm2.test hub/library/nginx\n"
            "registry-1.docker.io library/nginx\n");
}

TEST(RegistriesConf, TheLongestPrefixOfWholePartsDecides) {
  const char* conf = R"(
[[registry]]
location = "a.test"
insecure = true
[[registry]]
prefix = "a.test/team"
location = "b.test/moved"
[[registry]]
prefix = "*.c.test"
blocked = true
)";
  EXPECT_EQ(places(conf, "a.test/x/y"), "a.test x/y insecure\n");
  EXPECT_EQ(places(conf, "a.test/team/y"), "b.test moved/y\n");
  EXPECT_EQ(places(conf, "a.test/teammate/y"), "a.test teammate/y insecure\n");
  EXPECT_EQ(places(conf, "a.test:5000/x"), "a.test:5000 x\n");
  EXPECT_EQ(places(conf, "x.c.test/y"),
            "registries.conf blocks \"*.c.test\", and x.c.test/y with it");
}

TEST(RegistriesConf, MistakesAreToldWithTheirLine) {
  EXPECT_EQ(places("[[registry]]\nlocation = \"a.test\"\ninsecur = true\n", "a.test/b"),
            "conf:3: \"insecur\" is not known here");
  EXPECT_EQ(places("[[registry]]\nlocation = \"http://a.test\"\n", "a.test/b"),
            "conf:2: \"location\" is a host, and perhaps a path, without \"http://\"");
  EXPECT_EQ(places("unqualified-search-registries = [\"quay.io\"]\n", "b"),
            "conf:1: names without a registry are Docker Hub's; "
            "\"unqualified-search-registries\" can only be [\"docker.io\"]");
  EXPECT_EQ(places("[[registry]]\nlocation = \"a.test\\n\"\n", "b"),
            "conf:2: \"location\" has control characters in it");
  EXPECT_EQ(places("# gr\u00fc\u00df\n[[registry]]\nl\u00f6cation = \"a\"\n", "b"),
            "conf:3: only comments have other than ASCII");
  EXPECT_TRUE(places("[[registry]\n", "b").starts_with("conf:1: ")) << places("[[registry]\n", "b");
}

std::string parsed(const std::string& text, const std::string& type = "") {
  try {
    auto document = parse_remote_document(text, type);
    if (auto* index = std::get_if<RemoteIndex>(&document))
      return cat("index of ", std::to_string(index->entries.size()));
    const auto& manifest = std::get<RemoteManifest>(document);
    return cat("manifest of ", std::to_string(manifest.layers.size()));
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(RemoteManifests, AreToldFromIndexesByWhatTheyHold) {
  std::string one = cat(R"({"digest":"sha256:)", std::string(64, 'a'), R"(","size":2})");
  EXPECT_EQ(parsed(cat(R"({"config":)", one, R"(,"layers":[)", one, "]}")), "manifest of 1");
  EXPECT_EQ(parsed(cat(R"({"manifests":[)", one, ",", one, "]}")), "index of 2");
  EXPECT_EQ(parsed(cat(R"({"manifests":[],"config":)", one, R"(,"layers":[]})")),
            "it is neither a manifest nor an index, or pretends to be both");
  EXPECT_EQ(parsed(cat(R"({"mediaType":")", media::oci_index, R"(","manifests":[]})"),
                   media::oci_manifest),
            cat("it calls itself ", media::oci_index, ", and the registry calls it ",
                media::oci_manifest));
  EXPECT_EQ(parsed(R"({"schemaVersion":1,"fsLayers":[]})"),
            "it is of the old schema 1, which is not supported; push the image anew");
  EXPECT_EQ(parsed(R"({"config":{"digest":"sha256:../x","size":1},"layers":[]})"),
            "\"sha256:../x\" is not a sha256 digest");
  EXPECT_EQ(parsed("[]"), "it is no JSON object");
}

TEST(Platforms, TheLatestVariantThatRunsIsTheBest) {
  EXPECT_EQ(platform_fit(parse_platform("linux/amd64"), {"linux", "arm64", ""}), 0);
  EXPECT_EQ(platform_fit(parse_platform("linux/amd64"), {"linux", "amd64", "v3"}), 0);
  EXPECT_GT(platform_fit(parse_platform("amd64"), {"linux", "amd64", ""}), 0);
  EXPECT_GT(platform_fit(parse_platform("linux/arm/v7"), {"linux", "arm", "v7"}),
            platform_fit(parse_platform("linux/arm/v7"), {"linux", "arm", "v6"}));
  EXPECT_EQ(platform_fit(parse_platform("linux/arm/v6"), {"linux", "arm", "v7"}), 0);
  EXPECT_GT(platform_fit(parse_platform("linux/arm64/v8"), {"linux", "arm64", ""}), 0);
  EXPECT_THROW(parse_platform("linux/"), Error);
}

TEST(Platforms, HaveOneSpellingEach) {
  EXPECT_EQ(parse_platform("linux/arm64/v8").text(), "linux/arm64");
  EXPECT_EQ(parse_platform("Linux/aarch64").text(), "linux/arm64");
  EXPECT_EQ(parse_platform("linux/arm").text(), "linux/arm/v7");
  EXPECT_EQ(parse_platform("linux"), host_platform_of_images());
}

TEST(Tokens, AreAskedForWithEveryScope) {
  Challenge challenge{"bearer", {{"realm", "https://t/x?a=b"}, {"service", "s"}}};
  EXPECT_EQ(token_request(challenge, {"repository:a:pull", "repository:b:pull"}, {}).url,
            "https://t/x?a=b&service=s&scope=repository%3aa%3apull&scope=repository%3ab%3apull");
  HttpRequest named = token_request(challenge, {}, Credentials{"ann", "pw", ""});
  EXPECT_EQ(named.url, "https://t/x?a=b&service=s&account=ann");
  EXPECT_EQ(named.headers, std::vector<std::string>{"Authorization: Basic YW5uOnB3"});
  EXPECT_EQ(token_request(challenge, {}, Credentials{"", "", "refresh"}).method, "POST");
  EXPECT_EQ(parse_token(R"({"access_token":"t","expires_in":9})", "r").lifetime, seconds{9});
}

std::string token_of(const std::string& body) {
  try {
    Token token = parse_token(body, "https://t");
    return cat(token.text, " ", std::to_string(token.lifetime.count()));
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(Tokens, AreTakenOnlyIfTheyAreOneWordOfAHeader) {
  std::string what = "the answer of the token server https://t";
  EXPECT_EQ(token_of(R"({"token":"","access_token":"a.b-c_d=="})"), "a.b-c_d== 60");
  for (const char* text : {R"(a\r\nX-Other: b)", R"(a\u0000b)", R"(a\tb)", "a b", R"(a\u007f)", ""})
    EXPECT_EQ(token_of(cat(R"({"token":")", text, R"("})")),
              cat(what, ": there is no token in it"));
  EXPECT_EQ(token_of("[]"), cat(what, ": expected an object with the member \"token\""));
  EXPECT_EQ(token_of(R"({"token":1})"), cat(what, ": \"token\" must be a string"));
}

TEST(Tokens, LiveForADayAtMost) {
  EXPECT_EQ(token_of(R"({"token":"t","expires_in":9223372036854775807})"), "t 86400");
  EXPECT_EQ(token_of(R"({"token":"t","expires_in":-9223372036854775808})"), "t 0");
  EXPECT_NE(token_of(R"({"token":"t","expires_in":18446744073709551615})").find("64 bits"),
            std::string::npos);
}

TEST(Refusals, AreShownAsOneLineWithoutControlCharacters) {
  EXPECT_EQ(told_reason(R"({"errors":[{"code":"DENIED","message":"go\u001b[2J away\n"}]})"),
            "go [2J away");
  EXPECT_EQ(told_reason(R"({"errors":[{"code":"DENIED","message":""}]})"), "DENIED");
  EXPECT_EQ(told_reason(R"({"errors":[{"message":"a\u009bb"}]})"), "a  b");
  EXPECT_EQ(told_reason(cat(R"({"errors":[{"message":")", std::string(299, 'a'), "\xc3\xa4\"}]}")),
            std::string(299, 'a'));
  for (const char* text : {"", "{", "[]", "{}", R"({"errors":{}})", R"({"errors":[1]})",
                           R"({"errors":[{"message":1}]})", R"({"errors":[]})", "\"\xff\""})
    EXPECT_EQ(told_reason(text), "") << text;
}

TEST(Base64, GoesBothWays) {
  for (const char* text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
    EXPECT_EQ(from_base64(base64(text)), text);
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(from_base64("a*"), std::nullopt);
}

// What is found for a host in a config.json of this content.
std::string credentials_in(const std::string& config) {
  std::string file = cat("/tmp/estiba-test-", text::random_hex(12));
  ScopeExit remove([&] { fs::remove_tree(file); });
  fs::write_atomic(file, config, 0600, fs::Durability::relaxed);
  try {
    auto found = CredentialStore(file).find("a.test");
    return found ? cat(found->user, ":", found->password, found->identity_token) : "none";
  } catch (const Error& error) {
    std::string message = error.message();
    return message.replace(message.find(file), file.size(), "FILE");
  }
}

TEST(CredentialFiles, AreReadByTypeOrRefusedByName) {
  EXPECT_EQ(credentials_in(R"({"auths":{"https://a.test/v2/":{"auth":"YW5uOnB3"}}})"), "ann:pw");
  EXPECT_EQ(credentials_in(R"({"auths":{"a.test.example.org":{"auth":"YW5uOnB3"}}})"), "none");
  EXPECT_EQ(credentials_in(R"({"auths":null})"), "none");
  EXPECT_EQ(credentials_in(R"({"auths":[]})"), "reading FILE: \"auths\" must be an object");
  EXPECT_EQ(credentials_in(R"({"auths":{"a.test":7}})"),
            "reading FILE: an entry of \"auths\" must be an object");
  EXPECT_EQ(credentials_in(R"({"auths":{"a.test":{"auth":{}}}})"),
            "reading FILE: \"auth\" must be a string");
  EXPECT_EQ(credentials_in(R"({"auths":{"a.test":{"auth":"%"}}})"),
            "reading FILE: an \"auth\" is damaged");
  EXPECT_EQ(credentials_in(R"({"credHelpers":{"a.test":7}})"),
            "reading FILE: \"a.test\" must be a string");
  EXPECT_EQ(credentials_in(R"({"credsStore":[]})"),
            "reading FILE: \"credsStore\" must be a string");
  EXPECT_EQ(credentials_in("[]"), "FILE is not a JSON object");
}

TEST(CredentialHelpers, AnswerByTypeOrAreRefused) {
  EXPECT_EQ(parse_helper_answer(R"({"Username":"<token>","Secret":"s"})", "it").identity_token,
            "s");
  for (const char* text : {"", "[]", "7", R"({"Username":7})", R"({"Secret":{}})", "{"})
    EXPECT_THROW(parse_helper_answer(text, "it"), Error) << text;
}

TEST(Login, IsForAHostHoweverItIsWritten) {
  EXPECT_EQ(login_host(""), "docker.io");
  EXPECT_EQ(login_host("https://index.docker.io/v1/"), "docker.io");
  EXPECT_EQ(login_host("http://a.test:5000/v2/"), "a.test:5000");
}

}  // namespace
}  // namespace estiba::img
