#include "index/key_map.h"

#include <cstdint>
#include <random>
#include <unordered_map>

#include "check.h"

namespace {

using countenance::KeyMap;

TEST("a map agrees with std::unordered_map through 200,000 random changes") {
  for (const int range : {20, 900, 60000}) {  // crowded, and hardly ever the same key again
    std::mt19937 random(static_cast<unsigned>(range));
    KeyMap<std::uint32_t> map;
    std::unordered_map<std::int64_t, std::uint32_t> model;
    for (std::uint32_t step = 0; step < 70000; ++step) {
      const std::int64_t key = 1 + static_cast<std::int64_t>(random() % range) * 8191;
      if (random() % 3 != 0) {
        const auto [value, isNew] = map.insert(key, step);
        const auto [expected, wasNew] = model.try_emplace(key, step);
        CHECK(isNew == wasNew && *value == expected->second);
      } else {
        CHECK(map.erase(key) == (model.erase(key) == 1));
      }
      CHECK(map.size() == model.size());
    }
    for (const auto& [key, value] : model) {
      CHECK(map.find(key) != nullptr && *map.find(key) == value);
    }
    std::size_t visited = 0;
    map.forEach([&](std::int64_t key, std::uint32_t value) {
      CHECK(model.at(key) == value);
      ++visited;
    });
    CHECK(visited == model.size());
  }
}

TEST("keys that are a large power of two apart do not crowd together") {
  KeyMap<std::uint32_t> map;
  for (std::int64_t i = 1; i <= 100000; ++i) map.insert(i << 33, static_cast<std::uint32_t>(i));
  for (std::int64_t i = 1; i <= 100000; ++i) CHECK(*map.find(i << 33) == i);
  CHECK(map.find(5) == nullptr && map.find(0) == nullptr && map.find(-1) == nullptr);
}

TEST("an empty map finds, erases and prefetches nothing") {
  KeyMap<std::uint32_t> map;
  map.prefetch(1);
  CHECK(map.find(1) == nullptr && !map.erase(1) && map.bytes() == 0);
}

TEST("inserting what was reserved does not move a value, and a map that empties shrinks") {
  KeyMap<std::uint32_t> map;
  map.reserve(10000);
  const std::uint32_t* const first = map.insert(1, 1).first;
  for (std::int64_t key = 2; key <= 10000; ++key) map.insert(key, 7);
  CHECK(map.find(1) == first);
  const std::size_t full = map.bytes();
  CHECK(full <= 10000 * 12 * 3 / 2);
  for (std::int64_t key = 2; key <= 9500; ++key) map.erase(key);
  map = map.fitted(map.size()).value();
  CHECK(!map.fitted(map.size()));
  CHECK(map.bytes() * 5 < full && map.size() == 501);
  CHECK(*map.find(1) == 1 && *map.find(9501) == 7 && map.find(9500) == nullptr);
}

TEST("a map that grows step by step stays under 24 bytes a key") {
  KeyMap<std::uint32_t> map;
  for (std::int64_t key = 1; key <= 50000; ++key) {
    map.insert(key, 0);
    if (key > 1000) CHECK(map.bytes() <= 24 * map.size() + 64);
  }
}

}  // namespace

TEST_MAIN()
