#pragma once

#include <atomic>
#include <memory>

#include "core/error.h"

namespace countenance {

/// A flag that one thread sets and the working thread polls between stages. Copies share the flag.
class CancelToken final {
 public:
  CancelToken() : cancelled_(std::make_shared<std::atomic<bool>>(false)) {}

  void cancel() const noexcept { cancelled_->store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancelled_->load(std::memory_order_relaxed); }
  /// Throws kAborted once the work is not wanted any more.
  void check() const {
    if (cancelled()) throw Error(ErrorCode::kAborted, "the operation was aborted");
  }

 private:
  std::shared_ptr<std::atomic<bool>> cancelled_;
};

}  // namespace countenance
