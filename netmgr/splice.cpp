#include "netmgr/splice.hpp"

#include <fcntl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "base/sys.hpp"

namespace estiba::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr size_t pipe_size = 64 * 1024;
// A stream that never pauses lets others have their turn after so many pieces.
constexpr int most_in_a_row = 32;

enum class Step { moved, ended, blocked, failed };
struct Moved {
  Step step;
  size_t bytes = 0;
};

Moved splice_some(int from, int to, size_t most) {
  ssize_t moved = sys::eintr([&] {
    return ::splice(from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  });
  if (moved > 0) return {Step::moved, static_cast<size_t>(moved)};
  if (moved == 0) return {Step::ended};
  return {errno == EAGAIN ? Step::blocked : Step::failed};
}

/// All of `bytes` from the pipe into the socket; false if the socket is broken.
asio::awaitable<bool> drain(int pipe, tcp::socket& to, size_t bytes) {
  while (bytes > 0) {
    Moved out = splice_some(pipe, to.native_handle(), bytes);
    bytes -= out.bytes;
    if (out.step == Step::moved) continue;
    if (out.step != Step::blocked) co_return false;
    auto [failed] = co_await to.async_wait(tcp::socket::wait_write, as_result);
    if (failed) co_return false;
  }
  co_return true;
}

}  // namespace

void SplicedPair::close() {
  error_code ignored;
  client.close(ignored);
  server.close(ignored);
}

asio::awaitable<void> splice_all(std::shared_ptr<SplicedPair> pair, tcp::socket& from,
                                 tcp::socket& to) {
  std::optional<sys::Pipe> pipe;
  try {
    pipe = sys::pipe2(O_NONBLOCK);
  } catch (const Error&) {
    pair->close();  // out of descriptors
    co_return;
  }
  for (int turn = 1; from.is_open() && to.is_open(); ++turn) {
    if (turn % most_in_a_row == 0) co_await asio::post(from.get_executor(), asio::use_awaitable);
    Moved in = splice_some(from.native_handle(), pipe->writer.get(), pipe_size);
    if (in.step == Step::blocked) {
      auto [failed] = co_await from.async_wait(tcp::socket::wait_read, as_result);
      if (failed) co_return;
      continue;
    }
    if (in.step == Step::ended) {
      error_code ignored;
      to.shutdown(tcp::socket::shutdown_send, ignored);
      co_return;
    }
    bool sent = false;
    if (in.step == Step::moved) sent = co_await drain(pipe->reader.get(), to, in.bytes);
    if (!sent) {
      pair->close();
      co_return;
    }
  }
}

}  // namespace estiba::net
