#pragma once

#include <cstdint>
#include <mutex>
#include <set>

#include "index/row_block.h"

namespace countenance {

/// The sequence numbers at which searches are looking just now.
class Snapshots final {
 public:
  void enter(std::uint64_t sequence) {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_.insert(sequence);
  }

  void leave(std::uint64_t sequence) {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_.erase(running_.find(sequence));
  }

  /// The lowest of them; kNever when nobody is looking.
  std::uint64_t oldest() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return running_.empty() ? kNever : *running_.begin();
  }

 private:
  mutable std::mutex mutex_;
  std::multiset<std::uint64_t> running_;
};

}  // namespace countenance
