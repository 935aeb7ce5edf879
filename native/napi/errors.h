#pragma once

#include <napi.h>

#include <exception>
#include <utility>

namespace countenance {

/// Turns whatever the core threw into a JavaScript Error that carries `code`. Never throws a
/// C++ exception of its own for a foreign one: an unknown one becomes COUNTENANCE_INTERNAL.
Napi::Error toJsError(Napi::Env env, const std::exception_ptr& error);

/// Runs a synchronous entry point: a core error leaves as a JavaScript exception.
template <typename Function>
Napi::Value guarded(Napi::Env env, Function&& function) {
  try {
    return std::forward<Function>(function)();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw toJsError(env, std::current_exception());
  }
}

}  // namespace countenance
