#include "netmgr/port_proxy.hpp"

namespace estiba::net {

struct PortProxy::Impl {};

PortProxy::PortProxy(boost::asio::io_context&, Networks&) {}
PortProxy::~PortProxy() = default;
void PortProxy::sync() {}

}  // namespace estiba::net
