#pragma once

#include <mutex>
#include <shared_mutex>

namespace countenance {

/// A readers-writer lock that no stream of readers can starve a writer of: std::shared_mutex of
/// glibc prefers readers. A waiting writer holds the gate, so readers that come later queue behind.
class FairSharedMutex final {
 public:
  void lock() {
    const std::lock_guard<std::mutex> gate(gate_);
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }

  void lock_shared() {
    const std::lock_guard<std::mutex> gate(gate_);
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  std::mutex gate_;  // held for the moment of entering, or while a writer waits for readers to go
  std::shared_mutex mutex_;
};

}  // namespace countenance
