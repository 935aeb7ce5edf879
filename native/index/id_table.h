#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/span.h"
#include "index/fair_shared_mutex.h"
#include "index/id_list.h"
#include "index/sip_hash.h"

namespace countenance {

/// Texts and their keys: 1, 2, 3 ... in the order of addition, never given twice.
///
/// Any thread may read at any time; one thread at a time writes. Readers wait for a writer no
/// longer than a few hundred ids take it: what takes longer (a larger table) is made beside the old
/// one.
///
/// A removed text stays readable by its key, because a search under way may have found it. The room
/// comes back with compacted(), which makes a new table; the old one then knows its successor, so
/// that whoever began with the old one can name every key that appeared since.
class IdTable final {
 public:
  IdTable();
  IdTable(const IdTable&) = delete;
  IdTable& operator=(const IdTable&) = delete;

  /// Texts that are there, without the removed ones.
  std::size_t size() const;

  /// The key of each text, 0 for one that is not there.
  std::vector<std::int64_t> find(const IdList& texts) const;

  /// The text of a key that is there or was removed.
  /// @returns false for any other key.
  bool text(std::int64_t key, std::string& text) const;

  struct Added {
    std::vector<std::int64_t> keys;   ///< Of each text, new or not.
    std::vector<std::int64_t> fresh;  ///< Those that are new.
  };
  /// All or nothing when memory runs out.
  Added add(const IdList& texts);

  /// Passes over keys that are not there.
  void remove(Span<const std::int64_t> keys);

  /// Whether most of the room is that of removed texts.
  bool wantsCompaction() const;
  /// The same without the removed texts; it becomes this table's successor, which takes the writes.
  std::shared_ptr<IdTable> compacted();
  std::shared_ptr<const IdTable> successor() const;

  /// Memory in use.
  std::size_t bytes() const;

 private:
  struct Entry {
    std::int64_t key;
    std::uint64_t offset : 52;  // of the text, in the blocks
    std::uint64_t length : 11;
    std::uint64_t removed : 1;
  };
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t entry = 0;  // its number + 1; 0: nobody
  };
  using Slots = std::vector<Slot>;

  using Hash = SipHash<1, 3>;

  IdTable(const Hash& hash, std::int64_t nextKey) : hash_(hash), nextKey_(nextKey) {}

  std::uint32_t hashOf(std::string_view text) const;
  static std::size_t homeOf(std::uint32_t hash, std::size_t slots);
  const Entry& entry(std::size_t number) const;
  std::string_view textOf(const Entry& entry) const;
  std::size_t nextWithHash(std::size_t slot, std::uint32_t hash) const;
  std::size_t slotOf(std::string_view text, std::uint32_t hash, std::size_t slot) const;
  std::size_t slotOf(std::string_view text, std::uint32_t hash) const;
  void findSome(const IdList& texts, std::size_t start, Span<std::int64_t> keys) const;
  std::size_t entryOf(std::int64_t key) const;
  void grow(std::size_t more);
  std::int64_t append(std::string_view text, std::uint32_t hash);
  void removeOne(std::int64_t key);
  void vacate(std::size_t slot);

  const Hash hash_;
  mutable FairSharedMutex mutex_;  // guards everything below; the one writer may read without it
  std::int64_t nextKey_ = 1;
  std::size_t count_ = 0;      // entries, removed ones among them
  std::size_t live_ = 0;       // entries that are not removed
  std::size_t liveBytes_ = 0;  // of their texts
  Slots slots_;                // open addressing, linear; the removed ones are not in it
  std::vector<std::unique_ptr<Entry[]>> pages_;  // kPageEntries each, by key
  std::vector<std::unique_ptr<char[]>> blocks_;  // kBlockBytes each; no text spans two
  std::size_t used_ = 0;                         // of the blocks' bytes
  std::shared_ptr<IdTable> successor_;
};

}  // namespace countenance
