#include "index/row_set.h"

#include <random>
#include <set>

#include "check.h"

namespace {

using countenance::RowSet;

/// The members as the parts tell them, which have to be in order and not empty.
std::vector<std::uint32_t> membersOf(const RowSet& rows, unsigned blockBits) {
  std::vector<std::uint32_t> members;
  for (const RowSet::Part& part : rows.parts()) {
    const std::size_t before = members.size();
    const std::uint32_t base = part.block << blockBits;
    for (const std::uint16_t place : part.places) members.push_back(base + place);
    for (std::size_t bit = 0; bit < part.bits.size() * 64; ++bit) {
      if ((part.bits[bit / 64] >> (bit % 64) & 1) != 0) {
        members.push_back(base + static_cast<std::uint32_t>(bit));
      }
    }
    CHECK(members.size() - before == part.count && part.count > 0);
  }
  return members;
}

TEST("a set agrees with std::set while its blocks fill up and become empty again") {
  for (const unsigned blockBits : {6U, 8U, 14U}) {
    std::mt19937 random(blockBits);
    RowSet rows(blockBits);
    std::set<std::uint32_t> model;
    for (int step = 0; step < 60000; ++step) {
      const std::uint32_t row = random() % 2000;
      const bool grow = step < 20000 || step > 45000 ? random() % 4 != 0 : random() % 8 == 0;
      if (grow) {
        CHECK(rows.insert(row) == model.insert(row).second);
      } else {
        CHECK(rows.erase(row) == (model.erase(row) == 1));
      }
      CHECK(rows.size() == model.size() && rows.contains(row) == grow);
      if (step % 500 == 0) {
        const std::vector<std::uint32_t> members = membersOf(rows, blockBits);
        CHECK(std::equal(members.begin(), members.end(), model.begin(), model.end()));
      }
    }
    for (std::uint32_t row = 0; row < 2000; ++row) rows.erase(row);
    CHECK(rows.size() == 0 && rows.parts().empty());
  }
}

TEST("a set of everybody costs about a bit each, and one of a few people two bytes each") {
  RowSet everybody(14);
  for (std::uint32_t row = 0; row < 1000000; ++row) everybody.insert(row);
  CHECK(everybody.bytes() < 1000000 / 8 + 62 * 200 + 2048);
  RowSet few(14);
  for (std::uint32_t row = 0; row < 1000000; row += 1000) few.insert(row);
  CHECK(few.bytes() < 1000 * 4 + 62 * 200);
}

}  // namespace

TEST_MAIN()
