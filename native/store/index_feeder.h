#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "index/vector_index.h"

namespace countenance {

/// Applies changes to an index on a thread of its own, so that one thread reads rows while another
/// one codes them: opening a million faces takes the longer of the two times, not their sum.
class IndexFeeder final {
 public:
  explicit IndexFeeder(VectorIndex& index);
  /// Ends the thread; what was not applied yet may be left out.
  ~IndexFeeder();
  IndexFeeder(const IndexFeeder&) = delete;
  IndexFeeder& operator=(const IndexFeeder&) = delete;

  /// An empty one that may bring memory of earlier changes along. Waits for the thread when it has
  /// fallen behind. @throws what apply() threw, and kStoreCorrupt for changes that it refused.
  IndexChanges empty();
  /// Hands over changes to be applied after all before them.
  void feed(IndexChanges changes);
  /// Waits until everything is applied. @throws as empty().
  void finish();

 private:
  void work();

  VectorIndex& index_;
  std::mutex mutex_;  // guards what follows up to the thread
  std::condition_variable changed_;
  std::vector<IndexChanges> waiting_;
  std::vector<IndexChanges> used_;  // for their memory
  std::exception_ptr error_;
  bool busy_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace countenance
