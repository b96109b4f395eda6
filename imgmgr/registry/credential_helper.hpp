// The protocol of docker-credential-NAME: an action as argument, JSON or a host on standard input.
#pragma once
#include <optional>
#include <string>

#include "imgmgr/registry/credentials.hpp"

namespace estiba::img {

class CredentialHelper {
 public:
  explicit CredentialHelper(std::string name) : name_(std::move(name)) {}
  std::optional<Credentials> get(const std::string& server) const;
  void store(const std::string& server, const Credentials& credentials) const;
  void erase(const std::string& server) const;

 private:
  struct Answer {
    int status = 0;
    std::string output;
  };
  Answer ask(const char* action, const std::string& input) const;
  [[noreturn]] void refuse(const char* action, const Answer& answer) const;

  std::string name_;
};

/// What a helper answers to "get". An Error names `what`.
Credentials parse_helper_answer(const std::string& text, const std::string& what);

}  // namespace estiba::img
