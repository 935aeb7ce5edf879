#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "core/cancel.h"
#include "core/thread_pool.h"
#include "index/vector_index.h"

namespace countenance {

/// One or many queries that wait for their turn and are answered together.
struct QueuedSearch {
  /// What to search, of the queue's dimension; empty: the queue's own index.
  std::shared_ptr<const VectorIndex> index;
  std::vector<float> vectors;  ///< [count x dimension], count >= 1, finite.
  std::size_t k = 1;           ///< This and the next as in IndexQuery.
  float maxDistance = std::numeric_limits<float>::infinity();
  IndexRestriction restriction;
  CancelToken cancel = CancelToken();
  /// Called once. False: nobody wants the search any more, it is dropped. Must not throw.
  std::function<bool()> claim;
  /// Called once after a claim, with the hits of each query or with why there are none; kAborted
  /// once `cancel` has fired. Must not throw.
  std::function<void(std::vector<IndexHits>, std::exception_ptr)> finish;
};

/// The threads that search an index, and what waits for them: first come first served, but that
/// searches with and without a restriction take turns.
///
/// Queries of one index that are free of a restriction are answered in blocks, for which each
/// vector is read once: as many as wait, spread evenly over the threads, and up to
/// VectorIndex::kTogether. Of queries with a restriction only those of one QueuedSearch go
/// together.
class SearchQueue final {
 public:
  /// @param limit    How many searches may wait.
  /// @param onStart  As of ThreadPool.
  SearchQueue(std::shared_ptr<const VectorIndex> index, std::size_t threads, std::size_t limit,
              std::function<void()> onStart = {});

  /// @throws Error kInvalidArgument for queries that the index would refuse, kBusy when the queue
  ///   is full, kAborted after close(). Nothing of the search is called then.
  void submit(QueuedSearch search);

  /// For other work on the same threads; blocks of queries give way to what waits there.
  ThreadPool& pool() { return pool_; }

  /// Answers what waits and joins the threads. Idempotent.
  void close() { pool_.close(); }

 private:
  struct Job {
    QueuedSearch search;
    std::size_t taken = 0;  // queries that are answered or being answered
    std::size_t left = 0;   // queries that are not answered
    std::vector<IndexHits> hits;
    std::exception_ptr error;
  };
  struct Query {
    std::shared_ptr<Job> job;
    std::size_t number;  // in the job
  };
  using Jobs = std::deque<std::shared_ptr<Job>>;

  void run();
  std::vector<Query> take();
  void takeFrom(Jobs& jobs, std::size_t most, std::vector<Query>& block);
  void answer(const std::vector<Query>& block);

  const std::shared_ptr<const VectorIndex> index_;
  const std::size_t limit_;
  std::mutex mutex_;  // guards what follows, but for the pool
  Jobs open_;         // without a restriction
  Jobs restricted_;
  bool openFirst_ = true;        // which of the two is next, when something waits in both
  std::size_t openQueries_ = 0;  // not taken, of open_
  std::size_t runners_ = 0;      // jobs of the pool that call run(), at most one per thread
  ThreadPool pool_;              // last: it is joined before the rest goes
};

}  // namespace countenance
