#include "imgmgr/registry/credential_helper.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/sys.hpp"
#include "imgmgr/child_process.hpp"
#include "imgmgr/foreign_text.hpp"

namespace estiba::img {
namespace {

constexpr size_t max_answer = size_t{1} << 20;
// The one failure that the helpers agree upon how to tell.
constexpr std::string_view not_found = "credentials not found";
// In place of a user's name: the secret is a refresh token.
constexpr const char* token_user = "<token>";

std::string read_to_end(FdRef fd, const std::string& subject) {
  std::string out;
  char buffer[4096];
  while (size_t got = sys::read(fd, buffer, sizeof buffer, subject)) {
    out.append(buffer, got);
    if (out.size() > max_answer) throw Error(cat(subject, " answers without end"));
  }
  return out;
}

}  // namespace

Credentials parse_helper_answer(const std::string& text, const std::string& what) {
  Json document = parse_json(text, what);
  return with_context(
      [&] {
        std::string user = json::string_at(document, "Username").value_or("");
        std::string secret = json::string_at(document, "Secret").value_or("");
        return user == token_user ? Credentials{"", "", secret} : Credentials{user, secret, ""};
      },
      what);
}

CredentialHelper::Answer CredentialHelper::ask(const char* action, const std::string& input) const {
  std::string program = cat("docker-credential-", name_);
  if (name_.find('/') != name_.npos || has_control_characters(name_))
    throw Error(cat("\"", one_line(name_), "\" names no credential helper"));
  // From memory: a pipe that the helper does not read could stop us.
  UniqueFd given = sys::memfd_create("request", 0);
  sys::write_all(given, input, program);
  if (::lseek(given.get(), 0, SEEK_SET) != 0) throw Error{"lseek", program, Errno{errno}};
  auto child = ChildProcess::start({program, action}, {}, given);
  if (!child)
    throw Error(cat("Docker's config.json asks for the credential helper ", program,
                    ", which is not installed"));
  Answer out;
  out.output = read_to_end(child->output(), program);
  out.status = child->wait();
  return out;
}

void CredentialHelper::refuse(const char* action, const Answer& answer) const {
  throw Error(cat("docker-credential-", name_, " ", action, " failed: ", one_line(answer.output)));
}

std::optional<Credentials> CredentialHelper::get(const std::string& server) const {
  Answer answer = ask("get", server);
  if (answer.status != 0) {
    if (answer.output.find(not_found) != answer.output.npos) return std::nullopt;
    refuse("get", answer);
  }
  return parse_helper_answer(answer.output, cat("the answer of docker-credential-", name_));
}

void CredentialHelper::store(const std::string& server, const Credentials& credentials) const {
  bool token = !credentials.identity_token.empty();
  Json request{{"ServerURL", server},
               {"Username", token ? token_user : credentials.user},
               {"Secret", token ? credentials.identity_token : credentials.password}};
  Answer answer = ask("store", to_text(request));
  if (answer.status != 0) refuse("store", answer);
}

void CredentialHelper::erase(const std::string& server) const {
  Answer answer = ask("erase", server);
  if (answer.status != 0 && answer.output.find(not_found) == answer.output.npos)
    refuse("erase", answer);
}

}  // namespace estiba::img
