#include "index/group_table.h"

#include <map>
#include <random>
#include <set>

#include "check.h"

namespace {

using countenance::GroupTable;
using countenance::RowSet;
using countenance::TagSets;
using Number = std::int64_t;

constexpr unsigned kBlockBits = 6;
constexpr std::uint32_t kRows = 300;

struct Model {
  std::map<std::uint32_t, Number> groupOf;   // of rows
  std::set<std::pair<Number, Number>> tags;  // tag, group
};

void checkSame(const GroupTable& table, const Model& model) {
  for (Number group = 1; group <= 30; ++group) {
    std::set<std::uint32_t> rows;
    for (auto row = table.firstRow(group); row != GroupTable::kNone; row = table.nextRow(row)) {
      CHECK(rows.insert(row).second && model.groupOf.at(row) == group);
    }
    for (const auto& [row, of] : model.groupOf) CHECK((of == group) == (rows.count(row) == 1));
    for (Number tag = 1; tag <= 5; ++tag) {
      CHECK(table.isTagged(group, tag) == (model.tags.count({tag, group}) == 1));
    }
  }
  for (Number tag = 1; tag <= 5; ++tag) {
    const RowSet* const rows = table.rowsTagged(tag);
    std::size_t count = 0;
    for (const auto& [row, group] : model.groupOf) {
      const bool expected = model.tags.count({tag, group}) == 1;
      CHECK((rows != nullptr && rows->contains(row)) == expected);
      count += expected ? 1 : 0;
    }
    CHECK((rows == nullptr ? 0 : rows->size()) == count);
  }
}

void makeRoom(GroupTable& table, std::size_t rows, std::size_t groups) {
  auto room = table.roomFor(groups);
  table.fit(rows, room);
}

TEST("groups, tags and rows agree with plain maps through 20,000 random changes") {
  std::mt19937 random(11);
  const auto pick = [&](Number high) { return 1 + static_cast<Number>(random() % high); };
  GroupTable table(kBlockBits);
  Model model;
  makeRoom(table, kRows, 0);
  for (int step = 0; step < 20000; ++step) {
    const Number group = pick(30);
    const Number tag = pick(5);
    const auto row = static_cast<std::uint32_t>(random() % kRows);
    switch (random() % 24) {
      case 0:
        table.removeTag(tag);
        for (Number of = 1; of <= 30; ++of) model.tags.erase({tag, of});
        break;
      case 1:
        table.removeTagsOf(group);
        for (Number of = 1; of <= 5; ++of) model.tags.erase({of, group});
        break;
      default:
        switch (random() % 4) {
          case 0:
            table.tag(tag, group);
            model.tags.insert({tag, group});
            break;
          case 1:
            table.untag(tag, group);
            model.tags.erase({tag, group});
            break;
          default:
            if (const auto known = model.groupOf.find(row); known != model.groupOf.end()) {
              table.unlink(known->second, row);
              model.groupOf.erase(known);
            } else {
              table.link(group, row);
              model.groupOf.emplace(row, group);
            }
        }
    }
    if (step % 20 == 0) checkSame(table, model);
  }
}

TEST("what is empty again takes no memory") {
  GroupTable table(kBlockBits);
  makeRoom(table, 3000, 0);
  const std::size_t bare = table.bytes();
  for (std::uint32_t row = 0; row < 3000; ++row) table.link(1 + row % 1000, row);
  for (Number group = 1; group <= 1500; ++group) table.tag(1 + group % 7, group);
  CHECK(table.bytes() > bare + 10000);
  for (std::uint32_t row = 0; row < 3000; ++row) table.unlink(1 + row % 1000, row);
  for (Number tag = 1; tag <= 7; ++tag) table.removeTag(tag);
  makeRoom(table, 0, 0);
  CHECK(table.bytes() < 6000 && table.rowsTagged(3) == nullptr);
}

TEST("one gallery of everybody costs a group of one row no more than its bit") {
  constexpr std::uint32_t kMany = 1 << 15;
  GroupTable table(14);
  makeRoom(table, kMany, kMany);
  for (std::uint32_t row = 0; row < kMany; ++row) table.link(row + 1, row);
  const std::size_t before = table.bytes();
  for (std::uint32_t row = 0; row < kMany; ++row) table.tag(9, row + 1);
  CHECK(table.bytes() < before + kMany / 8 + 1000);
  CHECK(before < kMany * 30 + 1000);
}

TEST("sets of tags that a removed tag has made alike still end with their holders") {
  TagSets sets;
  const std::size_t bare = sets.bytes();
  const auto one = sets.with(TagSets::kNone, 1);
  const auto both = sets.with(sets.with(TagSets::kNone, 1), 2);
  sets.forget(2);
  CHECK(sets.tags(one) == sets.tags(both) && one != both);
  const auto again = sets.with(TagSets::kNone, 1);
  CHECK(again == one || again == both);
  sets.forget(1);
  CHECK(sets.tags(both).empty() && sets.with(TagSets::kNone, 3) != both);
  CHECK(sets.without(both, 1) == both);
  sets.release(one);
  sets.release(both);
  sets.release(again);
  CHECK(sets.without(sets.with(TagSets::kNone, 3), 3) == TagSets::kNone);
  sets.forget(3);
  CHECK(sets.bytes() < bare + 400);
}

}  // namespace

TEST_MAIN()
