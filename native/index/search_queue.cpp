#include "index/search_queue.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"

namespace countenance {
namespace {

std::size_t shareOf(std::size_t queries, std::size_t threads) {
  return std::clamp<std::size_t>((queries + threads - 1) / threads, 1, VectorIndex::kTogether);
}

}  // namespace

SearchQueue::SearchQueue(std::shared_ptr<const VectorIndex> index, std::size_t threads,
                         std::size_t limit, std::function<void()> onStart)
    : index_(std::move(index)),
      limit_(limit),
      pool_(threads, limit + threads, std::move(onStart)) {}

void SearchQueue::submit(QueuedSearch search) {
  if (!search.index) search.index = index_;
  const std::size_t dimension = search.index->dimension();
  const std::size_t count = search.vectors.size() / dimension;
  if (count == 0 || count * dimension != search.vectors.size()) {
    throw Error(ErrorCode::kInvalidArgument, "query: expected " + std::to_string(dimension) +
                                                 " values each, got " +
                                                 std::to_string(search.vectors.size()));
  }
  for (std::size_t i = 0; i < count; ++i) {
    search.index->checkQuery(
        {{&search.vectors[i * dimension], dimension}, search.k, search.maxDistance});
  }
  const bool restricted = search.restriction.tag || search.restriction.groups;
  const auto job = std::make_shared<Job>();
  job->search = std::move(search);
  job->left = count;
  job->hits.resize(count);

  const std::lock_guard<std::mutex> lock(mutex_);
  if (open_.size() + restricted_.size() >= limit_) {
    throw Error(ErrorCode::kBusy, "queue full: at most " + std::to_string(limit_) +
                                      " operations may wait, retry later");
  }
  if (runners_ < pool_.threads()) {
    try {
      pool_.submit([this](std::size_t) { run(); });
      ++runners_;
    } catch (const Error&) {  // closed, or full of other work
      if (runners_ == 0) throw;
    }
  }
  (restricted ? restricted_ : open_).push_back(job);
  if (!restricted) openQueries_ += count;
}

void SearchQueue::run() {
  for (;;) {
    const std::vector<Query> block = take();
    answer(block);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (open_.empty() && restricted_.empty()) {
      --runners_;
      return;
    }
    try {  // to the end of the pool's queue: other work takes turns with blocks
      pool_.submit([this](std::size_t) { run(); });
      return;
    } catch (...) {  // closing, full or no memory: then this thread goes on
    }
  }
}

std::vector<SearchQueue::Query> SearchQueue::take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Query> block;
  while (block.empty() && !(open_.empty() && restricted_.empty())) {
    const bool open = restricted_.empty() || (!open_.empty() && openFirst_);
    openFirst_ = !open;
    if (open) {
      takeFrom(open_, shareOf(openQueries_, pool_.threads()), block);
    } else {
      const std::size_t queries = restricted_.front()->left;
      takeFrom(restricted_, shareOf(queries, pool_.threads()), block);
    }
  }
  return block;
}

void SearchQueue::takeFrom(Jobs& jobs, std::size_t most, std::vector<Query>& block) {
  while (!jobs.empty() && block.size() < most) {
    const std::shared_ptr<Job> job = jobs.front();
    if (!block.empty() && job->search.index != block.front().job->search.index) return;
    const std::size_t count = job->hits.size();
    if (job->taken == 0 && !job->search.claim()) {
      if (&jobs == &open_) openQueries_ -= count;
      jobs.pop_front();
      continue;
    }
    const std::size_t end = std::min(count, job->taken + most - block.size());
    if (&jobs == &open_) openQueries_ -= end - job->taken;
    while (job->taken < end) block.push_back({job, job->taken++});
    if (end == count) jobs.pop_front();
    if (&jobs == &restricted_) return;
  }
}

void SearchQueue::answer(const std::vector<Query>& block) {
  if (block.empty()) return;
  const VectorIndex& index = *block.front().job->search.index;
  const std::size_t dimension = index.dimension();
  std::vector<IndexHits> hits(block.size());
  std::exception_ptr error;
  try {
    std::vector<IndexQuery> queries;
    for (const Query& query : block) {
      const QueuedSearch& search = query.job->search;
      queries.push_back({{&search.vectors[query.number * dimension], dimension},
                         search.k,
                         search.maxDistance,
                         search.cancel});
    }
    const IndexRestriction& restriction = block.front().job->search.restriction;
    if (queries.size() == 1) {
      hits.front() = index.search(queries.front(), restriction);
    } else {
      hits = index.searchTogether(queries, restriction);
    }
  } catch (...) {
    error = std::current_exception();
  }
  std::vector<std::shared_ptr<Job>> ended;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (std::size_t i = 0; i < block.size(); ++i) {
      Job& job = *block[i].job;
      if (error) job.error = error;
      if (!error) job.hits[block[i].number] = std::move(hits[i]);
      if (--job.left == 0) ended.push_back(block[i].job);
    }
  }
  for (const std::shared_ptr<Job>& job : ended) {
    if (job->search.cancel.cancelled()) {
      job->error = std::make_exception_ptr(Error(ErrorCode::kAborted, "the operation was aborted"));
    }
    job->search.finish(std::move(job->hits), job->error);
  }
}

}  // namespace countenance
