#include "index/id_table.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <random>
#include <shared_mutex>

#include "core/error.h"

namespace countenance {
namespace {

constexpr std::size_t kPageEntries = 1024;
constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr std::size_t kIdsPerLock = 256;  // some 20 us: what a reader may have to wait for
constexpr std::size_t kMaxEntries = 0xfffffffe;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);
// A smaller table is not worth the compaction.
constexpr std::size_t kMinRemoved = 1024;
constexpr std::size_t kMinWastedBytes = 4 * kBlockBytes;

static_assert(IdList::kMaxTextBytes < 1 << 11, "a length has eleven bits");

/// Slots for so many entries: at most three in four are taken, where a linear search still ends
/// after 2.5 of them (8.5 for a text that is not there).
std::size_t slotsFor(std::size_t entries) { return entries + entries / 3 + 8; }

std::uint64_t randomWord() {
  std::random_device device;  // the system's; not a generator of its own
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

IdTable::IdTable() : hash_(randomWord(), randomWord()) {}

std::size_t IdTable::size() const {
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  return live_;
}

std::uint32_t IdTable::hashOf(std::string_view text) const {
  return static_cast<std::uint32_t>(hash_(text) >> 32);
}

/// By the hash's place in its range, so that a table may have any number of slots.
std::size_t IdTable::homeOf(std::uint32_t hash, std::size_t slots) {
  return static_cast<std::size_t>((std::uint64_t{hash} * slots) >> 32);
}

const IdTable::Entry& IdTable::entry(std::size_t number) const {
  return pages_[number / kPageEntries][number % kPageEntries];
}

std::string_view IdTable::textOf(const Entry& entry) const {
  return {blocks_[entry.offset / kBlockBytes].get() + entry.offset % kBlockBytes, entry.length};
}

/// The first slot from `slot` on whose text has this hash.
std::size_t IdTable::nextWithHash(std::size_t slot, std::uint32_t hash) const {
  for (;; ++slot) {
    if (slot == slots_.size()) slot = 0;
    if (slots_[slot].entry == 0) return kNone;
    if (slots_[slot].hash == hash) return slot;
  }
}

/// @param slot  What nextWithHash() gave.
std::size_t IdTable::slotOf(std::string_view text, std::uint32_t hash, std::size_t slot) const {
  while (slot != kNone && textOf(entry(slots_[slot].entry - 1)) != text) {
    slot = nextWithHash(slot + 1, hash);
  }
  return slot;
}

std::size_t IdTable::slotOf(std::string_view text, std::uint32_t hash) const {
  if (slots_.empty()) return kNone;
  return slotOf(text, hash, nextWithHash(homeOf(hash, slots_.size()), hash));
}

std::vector<std::int64_t> IdTable::find(const IdList& texts) const {
  std::vector<std::int64_t> keys(texts.size());
  for (std::size_t start = 0; start < texts.size(); start += kIdsPerLock) {
    const std::size_t count = std::min(kIdsPerLock, texts.size() - start);
    findSome(texts, start, Span<std::int64_t>(keys.data() + start, count));
  }
  return keys;
}

/// In a large table each step from slot to entry to text misses the cache: a step is made for all
/// texts before the next one needs what it has asked for (1,000 of 1M: 0.16 ms one by one).
void IdTable::findSome(const IdList& texts, std::size_t start, Span<std::int64_t> keys) const {
  std::array<std::uint32_t, kIdsPerLock> hashes{};
  std::array<std::size_t, kIdsPerLock> slots{};
  for (std::size_t i = 0; i < keys.size(); ++i) hashes[i] = hashOf(texts.text(start + i));
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  if (slots_.empty()) return;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    slots[i] = homeOf(hashes[i], slots_.size());
    __builtin_prefetch(&slots_[slots[i]]);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    slots[i] = nextWithHash(slots[i], hashes[i]);
    if (slots[i] != kNone) __builtin_prefetch(&entry(slots_[slots[i]].entry - 1));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (slots[i] == kNone) continue;
    const std::string_view text = textOf(entry(slots_[slots[i]].entry - 1));
    __builtin_prefetch(text.data());
    __builtin_prefetch(text.data() + text.size());
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::size_t slot = slotOf(texts.text(start + i), hashes[i], slots[i]);
    if (slot != kNone) keys[i] = entry(slots_[slot].entry - 1).key;
  }
}

std::size_t IdTable::entryOf(std::int64_t key) const {
  std::size_t low = 0;
  for (std::size_t high = count_; low < high;) {
    const std::size_t middle = low + (high - low) / 2;
    if (entry(middle).key < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < count_ && entry(low).key == key ? low : kNone;
}

bool IdTable::text(std::int64_t key, std::string& text) const {
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  const std::size_t number = entryOf(key);
  if (number == kNone) return false;
  text.assign(textOf(entry(number)));
  return true;
}

IdTable::Added IdTable::add(const IdList& texts) {
  grow(texts.size());
  Added added;
  added.keys.reserve(texts.size());
  added.fresh.reserve(texts.size());
  try {
    for (std::size_t start = 0; start < texts.size(); start += kIdsPerLock) {
      const std::size_t end = std::min(start + kIdsPerLock, texts.size());
      const std::unique_lock<FairSharedMutex> lock(mutex_);
      for (std::size_t i = start; i < end; ++i) {
        const std::string_view text = texts.text(i);
        const std::uint32_t hash = hashOf(text);
        const std::size_t slot = slotOf(text, hash);
        if (slot != kNone) {
          added.keys.push_back(entry(slots_[slot].entry - 1).key);
          continue;
        }
        added.keys.push_back(append(text, hash));
        added.fresh.push_back(added.keys.back());
      }
    }
  } catch (...) {  // out of memory
    remove(added.fresh);
    throw;
  }
  return added;
}

/// The only step that touches every slot: the old slots serve the readers until the new ones do.
void IdTable::grow(std::size_t more) {
  if (more > kMaxEntries - count_) {
    throw Error(ErrorCode::kInvalidArgument, "ids: expected at most 2^32 - 2 of them, got more");
  }
  const std::size_t needed = slotsFor(live_ + more);
  if (needed <= slots_.size()) return;
  Slots larger(std::max(needed, slots_.size() + slots_.size() / 2));
  for (const Slot& at : slots_) {
    if (at.entry == 0) continue;
    std::size_t slot = homeOf(at.hash, larger.size());
    while (larger[slot].entry != 0) slot = slot + 1 == larger.size() ? 0 : slot + 1;
    larger[slot] = at;
  }
  const std::unique_lock<FairSharedMutex> lock(mutex_);
  slots_.swap(larger);
}

/// Takes a free slot, of which grow() has made sure.
std::int64_t IdTable::append(std::string_view text, std::uint32_t hash) {
  if (count_ == pages_.size() * kPageEntries) {
    pages_.push_back(std::make_unique<Entry[]>(kPageEntries));
  }
  if (used_ % kBlockBytes + text.size() > kBlockBytes) used_ += kBlockBytes - used_ % kBlockBytes;
  if (used_ == blocks_.size() * kBlockBytes) {
    blocks_.push_back(std::make_unique<char[]>(kBlockBytes));
  }
  const std::size_t number = count_;
  Entry& made = pages_[number / kPageEntries][number % kPageEntries];
  made.key = nextKey_;
  made.offset = used_;
  made.length = text.size();
  made.removed = 0;
  text.copy(blocks_[used_ / kBlockBytes].get() + used_ % kBlockBytes, text.size());
  std::size_t slot = homeOf(hash, slots_.size());
  while (slots_[slot].entry != 0) slot = slot + 1 == slots_.size() ? 0 : slot + 1;
  slots_[slot] = {hash, static_cast<std::uint32_t>(number + 1)};
  used_ += text.size();
  liveBytes_ += text.size();
  ++count_;
  ++live_;
  return nextKey_++;
}

void IdTable::remove(Span<const std::int64_t> keys) {
  for (std::size_t start = 0; start < keys.size(); start += kIdsPerLock) {
    const std::size_t end = std::min(start + kIdsPerLock, keys.size());
    const std::unique_lock<FairSharedMutex> lock(mutex_);
    for (std::size_t i = start; i < end; ++i) removeOne(keys[i]);
  }
}

void IdTable::removeOne(std::int64_t key) {
  const std::size_t number = entryOf(key);
  if (number == kNone) return;
  Entry& gone = pages_[number / kPageEntries][number % kPageEntries];
  if (gone.removed != 0) return;
  const std::string_view text = textOf(gone);
  vacate(slotOf(text, hashOf(text)));
  gone.removed = 1;
  liveBytes_ -= gone.length;
  --live_;
}

/// Moves back whom the gap would hide, so that nothing marks where a text was: a table does not
/// grow slow by what has come and gone.
void IdTable::vacate(std::size_t slot) {
  const std::size_t slots = slots_.size();
  std::size_t gap = slot;
  for (std::size_t at = slot;;) {
    at = at + 1 == slots ? 0 : at + 1;
    if (slots_[at].entry == 0) break;
    const std::size_t home = homeOf(slots_[at].hash, slots);
    const std::size_t fromHome = at >= home ? at - home : at + slots - home;
    const std::size_t fromGap = at >= gap ? at - gap : at + slots - gap;
    if (fromHome < fromGap) continue;  // its home lies behind the gap
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = {};
}

bool IdTable::wantsCompaction() const {
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  return count_ - live_ > live_ + kMinRemoved || used_ - liveBytes_ > liveBytes_ + kMinWastedBytes;
}

std::shared_ptr<IdTable> IdTable::compacted() {
  // Not make_shared: the constructor is private.
  const std::shared_ptr<IdTable> made(new IdTable(hash_, nextKey_));
  made->grow(live_);
  for (std::size_t number = 0; number < count_; ++number) {
    const Entry& kept = entry(number);
    if (kept.removed != 0) continue;
    made->nextKey_ = kept.key;
    const std::string_view text = textOf(kept);
    made->append(text, hashOf(text));
  }
  made->nextKey_ = nextKey_;
  const std::unique_lock<FairSharedMutex> lock(mutex_);
  successor_ = made;
  return made;
}

std::shared_ptr<const IdTable> IdTable::successor() const {
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  return successor_;
}

std::size_t IdTable::bytes() const {
  const std::shared_lock<FairSharedMutex> lock(mutex_);
  return slots_.capacity() * sizeof(Slot) + pages_.size() * kPageEntries * sizeof(Entry) +
         blocks_.size() * kBlockBytes;
}

}  // namespace countenance
