// Whether a registry takes a name and a password.
#pragma once
#include <stop_token>
#include <string>

#include "imgmgr/registry/credentials.hpp"

namespace estiba::img {

/// "https://host/path" and the like, as the host alone; "" is Docker Hub.
std::string login_host(const std::string& server);

/// An Error if the registry cannot be reached or refuses them.
void check_login(const std::string& host, const Credentials& credentials,
                 const std::stop_token& stop);

}  // namespace estiba::img
