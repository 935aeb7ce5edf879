#include "store/index_feeder.h"

#include <string>
#include <utility>

#include "core/error.h"

namespace countenance {
namespace {

constexpr std::size_t kAhead = 2;  // changes that may wait while others are applied

void clear(IndexChanges& changes) {
  changes.addKeys.clear();
  changes.addGroups.clear();
  changes.addVectors.clear();
  changes.tag.clear();
}

}  // namespace

IndexFeeder::IndexFeeder(VectorIndex& index) : index_(index), thread_([this] { work(); }) {}

IndexFeeder::~IndexFeeder() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

IndexChanges IndexFeeder::empty() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return error_ || waiting_.size() < kAhead; });
  if (error_) std::rethrow_exception(error_);
  if (used_.empty()) return {};
  IndexChanges changes = std::move(used_.back());
  used_.pop_back();
  clear(changes);
  return changes;
}

void IndexFeeder::feed(IndexChanges changes) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(std::move(changes));
  }
  changed_.notify_all();
}

void IndexFeeder::finish() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return error_ || (waiting_.empty() && !busy_); });
  if (error_) std::rethrow_exception(error_);
}

void IndexFeeder::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    IndexChanges changes = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    busy_ = true;
    lock.unlock();
    std::exception_ptr error;
    try {
      index_.apply(changes);
    } catch (const Error& refused) {  // what it refuses came from the file, not from a caller
      error = refused.code() == ErrorCode::kInvalidArgument
                  ? std::make_exception_ptr(Error(ErrorCode::kStoreCorrupt,
                                                  std::string("the database: ") + refused.what()))
                  : std::current_exception();
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    busy_ = false;
    used_.push_back(std::move(changes));
    if (error) {
      error_ = error;
      waiting_.clear();
      changed_.notify_all();
      return;
    }
    changed_.notify_all();
  }
}

}  // namespace countenance
