#include "index/nearest_groups.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "check.h"

namespace {

using countenance::NearestGroups;
using Entry = NearestGroups::Entry;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The same, from all entries at once.
std::vector<Entry> nearestOf(const std::vector<Entry>& entries, std::size_t k, float maxDistance) {
  std::map<std::int64_t, Entry> best;
  for (const Entry& entry : entries) {
    if (std::sqrt(entry.squared) > maxDistance) continue;
    Entry& known = best.try_emplace(entry.group, entry).first->second;
    known = std::min(known, entry);
  }
  std::vector<Entry> nearest;
  for (const auto& [group, entry] : best) nearest.push_back(entry);
  std::sort(nearest.begin(), nearest.end());
  nearest.resize(std::min(nearest.size(), k));
  return nearest;
}

void checkAgainstAll(const std::vector<Entry>& entries, std::size_t k, float maxDistance) {
  NearestGroups nearest(k, maxDistance);
  float last = kInfinity;
  for (const Entry& entry : entries) {
    nearest.offer(entry);
    CHECK(nearest.bound() <= last);
    last = nearest.bound();
  }
  const std::vector<Entry> actual = nearest.sorted();
  const std::vector<Entry> expected = nearestOf(entries, k, maxDistance);
  CHECK(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CHECK(actual[i].key == expected[i].key && actual[i].group == expected[i].group);
    CHECK(actual[i].squared == expected[i].squared);
  }
  if (actual.size() == k) CHECK(nearest.bound() == actual.back().squared);
}

TEST("the nearest of random entries, with ties and groups of many, are the nearest of all") {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    const std::size_t groups = 1 + random() % (round % 2 == 0 ? 30 : 3000);
    std::vector<Entry> entries;
    for (std::int64_t key = 1; key <= 1 + static_cast<std::int64_t>(random() % 3000); ++key) {
      const auto group = 1 + static_cast<std::int64_t>(random() % groups);
      entries.push_back({static_cast<float>(random() % 200) / 8, key, group});
    }
    std::shuffle(entries.begin(), entries.end(), random);
    const float maxDistance = round % 3 == 0 ? static_cast<float>(random() % 6) : kInfinity;
    for (const std::size_t k : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
      checkAgainstAll(entries, k, maxDistance);
    }
  }
}

TEST("one group that comes nearer ten thousand times takes no more room for that") {
  std::vector<Entry> entries;
  for (std::int64_t key = 1; key <= 10000; ++key) {
    entries.push_back({static_cast<float>(20000 - key), key, 1 + key % 2});
  }
  checkAgainstAll(entries, 1, kInfinity);
  checkAgainstAll(entries, 5, kInfinity);
}

TEST("the limit holds to the last bit, and a distance equal to it is within it") {
  for (float distance = 0; distance < 3; distance += 0.0371F) {
    NearestGroups nearest(9, distance);
    for (const float squared :
         {distance * distance, std::nextafter(distance * distance, 0.0F),
          std::nextafter(distance * distance, kInfinity), distance * distance * 1.000001F}) {
      CHECK((squared <= nearest.bound()) == (std::sqrt(squared) <= distance));
    }
  }
  NearestGroups nearest(2, kInfinity);
  nearest.offer({kInfinity, 1, 1});
  CHECK(nearest.sorted().size() == 1);
  constexpr float kLargest = std::numeric_limits<float>::max();
  CHECK(NearestGroups(2, kLargest).bound() == kLargest);
}

}  // namespace

TEST_MAIN()
