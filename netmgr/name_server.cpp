#include "netmgr/name_server.hpp"

namespace estiba::net {

struct NameServer::Impl {};

NameServer::NameServer(boost::asio::io_context&, Networks&, std::string) {}
NameServer::~NameServer() = default;
void NameServer::sync() {}

std::string to_text(const ResolvConf&) { return {}; }
ResolvConf parse_resolv_conf(const std::string&) { return {}; }

}  // namespace estiba::net
