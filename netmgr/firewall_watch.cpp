#include "netmgr/firewall_watch.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/sys.hpp"
#include "netmgr/firewall/removals.hpp"
#include "netmgr/networks_impl.hpp"

namespace estiba::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Other programs change their own rules all the time: we look at most so often.
constexpr auto pause_time = std::chrono::milliseconds(100);
constexpr auto retry_time = std::chrono::seconds(1);

}  // namespace

struct FirewallWatch::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& io, Networks::Impl& networks_)
      : networks(networks_),
        removals(networks_.names.table()),
        changes(io, sys::dup(removals.fd()).release()),
        timer(io) {}

  void wait();
  void look();
  void pause(std::chrono::milliseconds time);
  /// Runs a step on the rules; if it fails it is tried again.
  void attempt(void (Networks::Impl::*step)());

  Networks::Impl& networks;
  RuleRemovals removals;
  asio::posix::stream_descriptor changes;
  asio::steady_timer timer;
  bool again = false;  ///< the last try failed
};

void FirewallWatch::Impl::wait() {
  changes.async_wait(asio::posix::stream_descriptor::wait_read,
                     [weak = weak_from_this()](error_code failed) {
                       auto self = weak.lock();
                       if (self && !failed) self->look();
                     });
}

void FirewallWatch::Impl::attempt(void (Networks::Impl::*step)()) {
  again = true;
  try {
    (networks.*step)();
    again = false;
  } catch (const std::exception& error) {
    log::error(cat("the firewall rules that keep networks apart are not in place: ", error.what()));
  }
}

void FirewallWatch::Impl::look() {
  bool touched = removals.take();
  if (again)
    attempt(&Networks::Impl::restore_rules);
  else if (touched)
    attempt(&Networks::Impl::check_rules);
  pause(again ? retry_time : pause_time);
}

void FirewallWatch::Impl::pause(std::chrono::milliseconds time) {
  timer.expires_after(time);
  timer.async_wait([weak = weak_from_this()](error_code failed) {
    auto self = weak.lock();
    if (!self || failed) return;
    self->again ? self->look() : self->wait();
  });
}

FirewallWatch::FirewallWatch(asio::io_context& io, Networks& networks)
    : impl_(std::make_shared<Impl>(io, *networks.impl_)) {
  impl_->attempt(&Networks::Impl::restore_rules);
  impl_->again ? impl_->pause(retry_time) : impl_->wait();
}

FirewallWatch::~FirewallWatch() {
  error_code ignored;
  impl_->changes.close(ignored);
  impl_->timer.cancel();
}

}  // namespace estiba::net
