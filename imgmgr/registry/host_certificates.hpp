// Authorities and client certificates for single hosts, where Docker and the containers tools look:
// /etc/docker/certs.d/HOST[:PORT] and /etc/containers/certs.d/HOST[:PORT], with ca.crt (or any
// *.crt), and client.cert with client.key (or any such pair).
#pragma once
#include <string>

#include "imgmgr/http.hpp"

namespace estiba::img {

enum class Trust { verified, anyone };

HttpTls tls_for(const std::string& authority, Trust trust);

}  // namespace estiba::img
