#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace countenance {

/// A hash map of positive integers to small values: two plain arrays, linear probing, and a delete
/// that leaves no tombstone.
///
/// Bytes: (8 + sizeof(Value)) per slot, 1/2 to 3/4 of which are taken once a map has grown step by
/// step: 16 to 24 per key for a 4-byte value, where std::unordered_map takes about 48.
template <typename Value>
class KeyMap final {
  static_assert(std::is_trivially_copyable_v<Value>, "slots are moved as bytes");

 public:
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return keys_.size() * (sizeof(std::int64_t) + sizeof(Value)); }

  /// Where the key's value is, until the next change of the map; null when there is none.
  Value* find(std::int64_t key) {
    const std::size_t slot = slotOf(key);
    return slot < keys_.size() && keys_[slot] == key && key != kEmpty ? &values_[slot] : nullptr;
  }
  const Value* find(std::int64_t key) const { return const_cast<KeyMap*>(this)->find(key); }

  /// The value of a key (>= 1), which is `value` now if there was none. The second says whether.
  std::pair<Value*, bool> insert(std::int64_t key, Value value) {
    if (size_ >= capacityOf(keys_.size())) *this = resized(slotsFor(size_ + 1));
    const std::size_t slot = slotOf(key);
    if (keys_[slot] == key) return {&values_[slot], false};
    keys_[slot] = key;
    values_[slot] = value;
    ++size_;
    return {&values_[slot], true};
  }

  bool erase(std::int64_t key) {
    std::size_t hole = slotOf(key);
    if (hole >= keys_.size() || keys_[hole] != key) return false;
    // Whoever stands behind the hole and would have been put there, or before it, moves up.
    for (std::size_t slot = after(hole); keys_[slot] != kEmpty; slot = after(slot)) {
      if (distance(homeOf(keys_[slot]), slot) < distance(hole, slot)) continue;
      keys_[hole] = keys_[slot];
      values_[hole] = values_[slot];
      hole = slot;
    }
    keys_[hole] = kEmpty;
    --size_;
    return true;
  }

  /// Makes room, so that inserting until size() is `count` cannot fail.
  void reserve(std::size_t count) {
    if (count > capacityOf(keys_.size())) *this = resized(slotsFor(count));
  }

  /// A copy that fits `count` keys, unless this map does: it has room, and most of it in use. So
  /// whoever locks the map need not keep others waiting for as long as the copy takes.
  std::optional<KeyMap> fitted(std::size_t count) const {
    if (count > capacityOf(keys_.size())) return resized(slotsFor(count));
    if (keys_.size() > kSmall && count < keys_.size() / 6) return resized(count * 2 + 2);
    return std::nullopt;
  }

  /// Asks for the memory where the key would be.
  void prefetch(std::int64_t key) const {
    if (keys_.empty()) return;
    const std::size_t home = homeOf(key);
    __builtin_prefetch(&keys_[home]);
    __builtin_prefetch(&values_[home]);
  }

  template <typename Visit>
  void forEach(Visit visit) const {
    for (std::size_t slot = 0; slot < keys_.size(); ++slot) {
      if (keys_[slot] != kEmpty) visit(keys_[slot], values_[slot]);
    }
  }

 private:
  static constexpr std::int64_t kEmpty = 0;
  static constexpr std::size_t kSmall = 64;  // slots that are not worth giving back

  static std::size_t capacityOf(std::size_t slots) { return slots - (slots + 3) / 4; }

  std::size_t slotsFor(std::size_t count) const {
    return std::max({std::size_t{8}, count + count / 3 + 2, keys_.size() * 3 / 2});
  }

  /// The finalizer of splitmix64, then the high half of a product: any number of slots will do.
  std::size_t homeOf(std::int64_t key) const {
    auto mixed = static_cast<std::uint64_t>(key);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31;
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>((static_cast<Wide>(mixed) * keys_.size()) >> 64);
  }
  std::size_t after(std::size_t slot) const { return slot + 1 == keys_.size() ? 0 : slot + 1; }
  /// How many steps forward lead from one slot to another.
  std::size_t distance(std::size_t from, std::size_t to) const {
    return to >= from ? to - from : to + keys_.size() - from;
  }
  /// Where the key is, or the empty slot where it belongs.
  std::size_t slotOf(std::int64_t key) const {
    if (keys_.empty()) return 0;
    std::size_t slot = homeOf(key);
    while (keys_[slot] != key && keys_[slot] != kEmpty) slot = after(slot);
    return slot;
  }

  KeyMap resized(std::size_t slots) const {
    KeyMap copy;
    copy.size_ = size_;
    copy.keys_.assign(slots, kEmpty);
    copy.values_.resize(slots);
    forEach([&copy](std::int64_t key, const Value& value) {
      const std::size_t slot = copy.slotOf(key);
      copy.keys_[slot] = key;
      copy.values_[slot] = value;
    });
    return copy;
  }

  std::size_t size_ = 0;
  std::vector<std::int64_t> keys_;
  std::vector<Value> values_;
};

}  // namespace countenance
