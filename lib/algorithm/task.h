// A client as a coroutine: it awaits the trainer, and the executor decides when and where the training runs.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace fedsim {

/// A lazily started coroutine with one result. Move-only; `run_until_wait` resumes it to its next wait or its end.
template <class T>
class Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::exception_ptr error;
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
    void unhandled_exception() { error = std::current_exception(); }
  };

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  /// True when finished.
  bool run_until_wait() {
    if (!handle_.done()) handle_.resume();
    return handle_.done();
  }
  /// The result of a finished task; rethrows what the coroutine threw.
  T take() {
    if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
    return std::move(*handle_.promise().value);
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace fedsim
