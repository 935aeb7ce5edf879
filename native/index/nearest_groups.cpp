#include "index/nearest_groups.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace countenance {
namespace {

/// The largest float whose square root, rounded to float, is not above the distance.
float squareOf(float distance) {
  const float infinity = std::numeric_limits<float>::infinity();
  if (std::isinf(distance)) return infinity;
  float squared = distance * distance;
  while (std::sqrt(squared) > distance) squared = std::nextafter(squared, 0.0F);
  for (float next = std::nextafter(squared, infinity);
       std::sqrt(next) <= distance && squared < infinity; next = std::nextafter(next, infinity)) {
    squared = next;
  }
  return squared;
}

}  // namespace

NearestGroups::NearestGroups(std::size_t k, float maxDistance)
    : k_(k), bound_(squareOf(maxDistance)) {}

void NearestGroups::offer(const Entry& entry) {
  if (entry.squared > bound_) return;
  if (byGroup_.size() == k_ && !(entry < heap_.front())) return;
  const auto [best, isNew] = byGroup_.insert(entry.group, {entry.squared, entry.key});
  if (!isNew) {
    if (std::tie(best->squared, best->key) < std::tie(entry.squared, entry.key)) return;
    *best = {entry.squared, entry.key};
  }
  if (heap_.size() >= 2 * k_ + 64) {
    heap_.erase(
        std::remove_if(heap_.begin(), heap_.end(), [this](const Entry& old) { return stale(old); }),
        heap_.end());
    std::make_heap(heap_.begin(), heap_.end());
  }
  heap_.push_back(entry);
  std::push_heap(heap_.begin(), heap_.end());
  if (byGroup_.size() > k_) {
    byGroup_.erase(heap_.front().group);
    dropWorst();
  }
  while (stale(heap_.front())) dropWorst();
  if (byGroup_.size() == k_) bound_ = heap_.front().squared;
}

bool NearestGroups::stale(const Entry& entry) const {
  const Best* const best = byGroup_.find(entry.group);
  return best == nullptr || best->key != entry.key;
}

void NearestGroups::dropWorst() {
  std::pop_heap(heap_.begin(), heap_.end());
  heap_.pop_back();
}

std::vector<NearestGroups::Entry> NearestGroups::sorted() const {
  std::vector<Entry> entries;
  entries.reserve(byGroup_.size());
  for (const Entry& entry : heap_) {
    if (!stale(entry)) entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace countenance
