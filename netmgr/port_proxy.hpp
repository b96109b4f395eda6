// Serves published ports where the kernel's path does not reach (::1, rules flushed by somebody):
// accepts on the reserving sockets and splices to the container. Runs on the server's io_context.
#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>

#include "netmgr/network.hpp"

namespace estiba::net {

class PortProxy {
 public:
  PortProxy(boost::asio::io_context& io, Networks& networks);
  ~PortProxy();
  /// Accepts on exactly the sockets that are published now. Call after publish and unpublish.
  void sync();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace estiba::net
