#pragma once

#include <stdexcept>
#include <string>

namespace countenance {

/// The closed list of failures that native code can report. Each maps to one public error code of
/// the same name (native/napi/errors.cpp), so adding one here means adding it there.
enum class ErrorCode {
  kInvalidArgument,
  kImageUnreadable,
  kImageTooLarge,
  kModelCorrupt,
  kUnsupported,
  kStoreClosed,
  kStoreCorrupt,
  kStoreLocked,
  kStoreFull,
  kStoreReadOnly,
  kStoreIo,
  kBusy,
  kAborted,
  kInternal,
};

/// The only type that the core throws. Messages say what was expected and what came; they never
/// hold pixels, vectors or names.
class Error final : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace countenance
