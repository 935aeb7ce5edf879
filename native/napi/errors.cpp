#include "napi/errors.h"

#include <new>

#include "core/error.h"

namespace countenance {
namespace {

const char* nameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "COUNTENANCE_INVALID_ARGUMENT";
    case ErrorCode::kImageUnreadable:
      return "COUNTENANCE_IMAGE_UNREADABLE";
    case ErrorCode::kImageTooLarge:
      return "COUNTENANCE_IMAGE_TOO_LARGE";
    case ErrorCode::kModelCorrupt:
      return "COUNTENANCE_MODEL_CORRUPT";
    case ErrorCode::kUnsupported:
      return "COUNTENANCE_UNSUPPORTED";
    case ErrorCode::kStoreClosed:
      return "COUNTENANCE_STORE_CLOSED";
    case ErrorCode::kStoreCorrupt:
      return "COUNTENANCE_STORE_CORRUPT";
    case ErrorCode::kStoreLocked:
      return "COUNTENANCE_STORE_LOCKED";
    case ErrorCode::kStoreFull:
      return "COUNTENANCE_STORE_FULL";
    case ErrorCode::kStoreReadOnly:
      return "COUNTENANCE_STORE_READ_ONLY";
    case ErrorCode::kStoreIo:
      return "COUNTENANCE_STORE_IO";
    case ErrorCode::kBusy:
      return "COUNTENANCE_BUSY";
    case ErrorCode::kAborted:
      return "COUNTENANCE_ABORTED";
    case ErrorCode::kInternal:
      return "COUNTENANCE_INTERNAL";
  }
  return "COUNTENANCE_INTERNAL";
}

Napi::Error make(Napi::Env env, ErrorCode code, const char* message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, nameOf(code)));
  return error;
}

}  // namespace

Napi::Error toJsError(Napi::Env env, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return make(env, e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return make(env, ErrorCode::kInternal, "out of memory in native code");
  } catch (const std::exception& e) {
    return make(env, ErrorCode::kInternal, e.what());
  } catch (...) {
    return make(env, ErrorCode::kInternal, "native code threw something that is no exception");
  }
}

}  // namespace countenance
