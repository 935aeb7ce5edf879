#include "index/search_queue.h"

#include <atomic>
#include <future>
#include <optional>
#include <random>

#include "check.h"
#include "index/flat_index.h"

namespace {

using countenance::CancelToken;
using countenance::Error;
using countenance::ErrorCode;
using countenance::FlatIndex;
using countenance::IndexChanges;
using countenance::IndexHits;
using countenance::IndexQuery;
using countenance::IndexRestriction;
using countenance::QueuedSearch;
using countenance::SearchQueue;
using countenance::Span;

constexpr std::size_t kDimension = 4;

std::vector<float> vectorsOf(unsigned seed, std::size_t count) {
  std::mt19937 random(seed);
  std::vector<float> vectors(count * kDimension);
  for (float& value : vectors) value = static_cast<float>(random() % 64) / 16;
  return vectors;
}

std::shared_ptr<FlatIndex> filledIndex() {
  const auto index = std::make_shared<FlatIndex>(kDimension);
  IndexChanges changes;
  for (std::int64_t key = 1; key <= 500; ++key) {
    changes.addKeys.push_back(key);
    changes.addGroups.push_back(key);
    if (key % 5 == 0) changes.tag.insert(changes.tag.end(), {1, key});
  }
  changes.addVectors = vectorsOf(1, 500);
  index->apply(changes);
  return index;
}

/// What became of a search. The thread sanitizer does not see how libstdc++ counts the holders of
/// an exception, so that only its code passes from thread to thread.
struct Outcome {
  std::vector<IndexHits> hits;
  std::optional<ErrorCode> failure;
};

class Answer final {
 public:
  explicit Answer(std::future<Outcome> outcome) : outcome_(std::move(outcome)) {}
  std::vector<IndexHits> get() {
    Outcome outcome = outcome_.get();
    if (outcome.failure) throw Error(*outcome.failure, "the search failed");
    return std::move(outcome.hits);
  }

 private:
  std::future<Outcome> outcome_;
};

Answer ask(SearchQueue& queue, QueuedSearch search) {
  const auto promise = std::make_shared<std::promise<Outcome>>();
  search.claim = [] { return true; };
  search.finish = [promise](std::vector<IndexHits> hits, const std::exception_ptr& reason) {
    Outcome outcome = {std::move(hits), std::nullopt};
    try {
      if (reason) std::rethrow_exception(reason);
    } catch (const Error& error) {
      outcome.failure = error.code();
    }
    promise->set_value(std::move(outcome));
  };
  queue.submit(std::move(search));
  return Answer(promise->get_future());
}

QueuedSearch searchOf(std::vector<float> vectors, std::size_t k = 3) {
  QueuedSearch search;
  search.vectors = std::move(vectors);
  search.k = k;
  return search;
}

/// Keeps a thread of the queue busy for as long as it lives.
class Plug final {
 public:
  explicit Plug(SearchQueue& queue) {
    std::promise<void> started;
    queue.pool().submit([&started, open = open_.get_future().share()](std::size_t) {
      started.set_value();
      open.wait();
    });
    started.get_future().wait();
  }
  ~Plug() { release(); }
  Plug(const Plug&) = delete;
  Plug& operator=(const Plug&) = delete;
  void release() {
    if (!released_) open_.set_value();
    released_ = true;
  }

 private:
  std::promise<void> open_;
  bool released_ = false;
};

void checkSame(const IndexHits& actual, const IndexHits& expected) {
  CHECK(actual.compared == expected.compared && actual.hits.size() == expected.hits.size());
  for (std::size_t i = 0; i < actual.hits.size(); ++i) {
    CHECK(actual.hits[i].key == expected.hits[i].key);
    CHECK(actual.hits[i].distance == expected.hits[i].distance);
  }
}

/// Counts how many queries were answered at once.
class Counting final : public countenance::VectorIndex {
 public:
  explicit Counting(std::shared_ptr<FlatIndex> index) : index_(std::move(index)) {}
  std::size_t dimension() const override { return index_->dimension(); }
  std::size_t size() const override { return index_->size(); }
  void check(const IndexChanges& changes) const override { index_->check(changes); }
  void apply(const IndexChanges& changes) override { index_->apply(changes); }
  void reserve(std::size_t vectors) override { index_->reserve(vectors); }
  void giveUp() override { index_->giveUp(); }
  void checkQuery(const IndexQuery& query) const override { index_->checkQuery(query); }
  IndexHits search(const IndexQuery& query, const IndexRestriction& restriction) const override {
    note(1);
    return index_->search(query, restriction);
  }
  std::vector<IndexHits> searchTogether(Span<const IndexQuery> queries,
                                        const IndexRestriction& restriction) const override {
    note(queries.size());
    return index_->searchTogether(queries, restriction);
  }
  bool contains(std::int64_t key) const override { return index_->contains(key); }
  std::vector<std::int64_t> keys() const override { return index_->keys(); }
  void copyVectors(Span<const std::int64_t> keys, Span<float> vectors) const override {
    index_->copyVectors(keys, vectors);
  }
  void clear() override { index_->clear(); }
  std::size_t bytes() const override { return index_->bytes(); }

  std::vector<std::size_t> blocks() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return blocks_;
  }

 private:
  void note(std::size_t queries) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    blocks_.push_back(queries);
  }
  const std::shared_ptr<FlatIndex> index_;
  mutable std::mutex mutex_;
  mutable std::vector<std::size_t> blocks_;
};

TEST("queries that wait are answered in blocks of up to 16, each as it would be alone") {
  const auto plain = filledIndex();
  const auto index = std::make_shared<Counting>(plain);
  SearchQueue queue(index, 1, 100);
  std::vector<Answer> answers;
  Plug plug(queue);
  for (unsigned i = 0; i < 35; ++i) answers.push_back(ask(queue, searchOf(vectorsOf(i, 1), 1 + i)));
  plug.release();
  for (unsigned i = 0; i < 35; ++i) {
    const std::vector<float> vector = vectorsOf(i, 1);
    checkSame(answers[i].get().front(), plain->search({vector, 1 + i}, {}));
  }
  CHECK(index->blocks() == (std::vector<std::size_t>{16, 16, 3}));
}

TEST("what waits is spread over the threads") {
  const auto index = std::make_shared<Counting>(filledIndex());
  SearchQueue queue(index, 2, 100);
  std::vector<Answer> answers;
  {
    Plug first(queue);
    Plug second(queue);
    for (unsigned i = 0; i < 12; ++i) answers.push_back(ask(queue, searchOf(vectorsOf(i, 1))));
  }
  for (Answer& answer : answers) CHECK(answer.get().size() == 1);
  const std::vector<std::size_t> blocks = index->blocks();
  CHECK(blocks.size() >= 2 && blocks.front() == 6);
}

TEST("many queries in one search are answered in order, with and without a restriction") {
  const auto plain = filledIndex();
  const auto index = std::make_shared<Counting>(plain);
  SearchQueue queue(index, 1, 100);
  const std::vector<float> vectors = vectorsOf(9, 40);
  for (const bool restricted : {false, true}) {
    QueuedSearch search = searchOf(vectors);
    search.maxDistance = 2;
    if (restricted) search.restriction.tag = 1;
    const IndexRestriction restriction = search.restriction;
    const std::vector<IndexHits> all = ask(queue, std::move(search)).get();
    CHECK(all.size() == 40 && all.front().compared == (restricted ? 100 : 500));
    for (std::size_t i = 0; i < 40; ++i) {
      checkSame(all[i], plain->search({{&vectors[i * kDimension], kDimension}, 3, 2}, restriction));
    }
  }
  CHECK(index->blocks() == (std::vector<std::size_t>{16, 16, 8, 16, 16, 8}));
}

TEST("one that is cancelled does not harm those it waits with") {
  const auto index = std::make_shared<Counting>(filledIndex());
  SearchQueue queue(index, 1, 100);
  std::vector<Answer> answers;
  std::vector<CancelToken> tokens(3);
  Plug plug(queue);
  for (const CancelToken& token : tokens) {
    QueuedSearch search = searchOf(vectorsOf(1, 1));
    search.cancel = token;
    answers.push_back(ask(queue, std::move(search)));
  }
  bool finished = false;
  QueuedSearch dropped = searchOf(vectorsOf(2, 1));
  dropped.claim = [] { return false; };
  dropped.finish = [&finished](std::vector<IndexHits>, const std::exception_ptr&) {
    finished = true;
  };
  queue.submit(std::move(dropped));
  tokens[1].cancel();
  plug.release();
  CHECK(answers[0].get().front().hits.size() == 3);
  CHECK_ERROR(ErrorCode::kAborted, answers[1].get());
  CHECK(answers[2].get().front().hits.size() == 3);
  queue.close();
  CHECK(!finished && index->blocks() == (std::vector<std::size_t>{3}));
}

TEST("a full queue refuses, and a closed one; what waits when it closes is answered") {
  SearchQueue queue(filledIndex(), 1, 2);
  std::vector<Answer> answers;
  Plug plug(queue);
  QueuedSearch tagged = searchOf(vectorsOf(3, 1));
  tagged.restriction.tag = 1;
  answers.push_back(ask(queue, std::move(tagged)));
  answers.push_back(ask(queue, searchOf(vectorsOf(4, 1))));
  CHECK_ERROR(ErrorCode::kBusy, ask(queue, searchOf(vectorsOf(5, 1))));
  auto closing = std::async(std::launch::async, [&queue] { queue.close(); });
  plug.release();
  for (Answer& answer : answers) CHECK(answer.get().front().hits.size() == 3);
  closing.wait();
  CHECK_ERROR(ErrorCode::kAborted, ask(queue, searchOf(vectorsOf(5, 1))));
}

TEST("queries that the index would refuse are refused when they come") {
  SearchQueue queue(filledIndex(), 1, 2);
  CHECK_ERROR(ErrorCode::kInvalidArgument, ask(queue, searchOf({})));
  CHECK_ERROR(ErrorCode::kInvalidArgument, ask(queue, searchOf({1, 2, 3})));
  CHECK_ERROR(ErrorCode::kInvalidArgument, ask(queue, searchOf({1, 2, 3, 4}, 0)));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_ERROR(ErrorCode::kInvalidArgument, ask(queue, searchOf({1, 2, 3, nan})));
}

TEST("other work on the same threads takes turns with searches") {
  SearchQueue queue(filledIndex(), 1, 1000);
  std::promise<void> other;
  Plug plug(queue);
  std::vector<Answer> answers;
  std::atomic<int> finished{0};
  int before = 0;
  for (unsigned i = 0; i < 100; ++i) {
    QueuedSearch search = searchOf(vectorsOf(i, 1));
    search.claim = [] { return true; };
    search.finish = [&finished](std::vector<IndexHits>, const std::exception_ptr&) { ++finished; };
    queue.submit(std::move(search));
  }
  queue.pool().submit([&](std::size_t) {
    before = finished;
    other.set_value();
  });
  plug.release();
  other.get_future().wait();
  queue.close();
  CHECK(finished == 100 && before <= 16);
}

TEST("searches from several threads, some of them cancelled, each get an answer") {
  SearchQueue queue(filledIndex(), 2, 10000);
  std::vector<std::future<int>> callers;
  for (unsigned caller = 0; caller < 3; ++caller) {
    callers.push_back(std::async(std::launch::async, [&queue, caller] {
      int answered = 0;
      for (unsigned i = 0; i < 200; ++i) {
        QueuedSearch search = searchOf(vectorsOf(i + caller, 1 + i % 20));
        if (i % 3 == 0) search.restriction.tag = 1;
        if (i % 5 == 0) search.cancel.cancel();
        try {
          if (ask(queue, std::move(search)).get().size() == 1 + i % 20) ++answered;
        } catch (const Error& error) {
          if (error.code() == ErrorCode::kAborted && i % 5 == 0) ++answered;
        }
      }
      return answered;
    }));
  }
  for (auto& caller : callers) CHECK(caller.get() == 200);
}

}  // namespace

TEST_MAIN()
