// The few coroutine tools of the server: one thread runs the io_context, slow file work goes to a
// pool.
#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"

namespace estiba::orchestrator {

namespace asio = boost::asio;

template <typename T = void>
using Task = asio::awaitable<T>;

/// What was thrown, as an Error: libraries throw types of their own, and what a half-done operation
/// has to put right it puts right after them as well.
inline Error as_error(const std::exception& thrown) {
  const auto* error = dynamic_cast<const Error*>(&thrown);
  return error ? *error : Error(cat("unexpected: ", thrown.what()));
}

using Deadline = std::chrono::steady_clock::time_point;
constexpr Deadline no_deadline = Deadline::max();

/// Wakes all who wait for something to have changed; they look again for themselves. On one thread
/// no change is missed as long as nothing is awaited between looking and waiting.
class Notifier {
 public:
  explicit Notifier(asio::io_context& io) : io_(io), waiters_(std::make_shared<Waiters>()) {}
  ~Notifier() { notify(); }
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void notify() {
    for (asio::steady_timer* timer : *waiters_) timer->cancel();
  }

  /// False if the deadline passed first.
  Task<bool> wait(Deadline deadline = no_deadline) { return wait_on(io_, waiters_, deadline); }

 private:
  using Waiters = std::set<asio::steady_timer*>;

  // Static, with the list shared: a waiter may outlive its notifier.
  static Task<bool> wait_on(asio::io_context& io, std::shared_ptr<Waiters> waiters,
                            Deadline deadline) {
    asio::steady_timer timer(io, deadline);
    waiters->insert(&timer);
    auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    waiters->erase(&timer);
    co_return error == asio::error::operation_aborted;
  }

  asio::io_context& io_;
  std::shared_ptr<Waiters> waiters_;
};

template <typename F>
Task<std::invoke_result_t<F>> invoke_task(F f) {
  co_return f();
}

/// Starts a task that nobody awaits: what it throws is logged, with the task's name before it.
inline void spawn(asio::io_context& io, Task<> task, std::string what) {
  asio::co_spawn(io, std::move(task), [what = std::move(what)](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const std::exception& failure) {
      log::error(cat(what, ": ", failure.what()));
    }
  });
}

/// Runs f on the pool; the awaiting coroutine goes on with its result on the io_context.
template <typename F>
Task<std::invoke_result_t<F>> on_pool(asio::thread_pool& pool, F f) {
  return asio::co_spawn(pool, invoke_task(std::move(f)), asio::use_awaitable);
}

/// A callback's answer turned into something to await.
template <typename T>
struct Answer {
  explicit Answer(asio::io_context& io) : arrived(io) {}
  std::optional<T> value;
  std::optional<Error> error;
  Notifier arrived;
};

template <typename T>
Task<T> await_answer(std::shared_ptr<Answer<T>> answer) {
  while (!answer->value && !answer->error) co_await answer->arrived.wait();
  if (answer->error) throw *answer->error;
  co_return std::move(*answer->value);
}

/// A reply callback (see runtime::Reply) that fills the answer.
template <typename T>
auto fill(std::shared_ptr<Answer<T>> answer) {
  return [answer](std::optional<T> value, std::optional<Error> error) {
    answer->value = std::move(value);
    answer->error = std::move(error);
    answer->arrived.notify();
  };
}

}  // namespace estiba::orchestrator
