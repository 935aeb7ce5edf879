#include "index/index_arguments.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/checked.h"
#include "core/error.h"

namespace countenance {
namespace {

constexpr std::int64_t kMaxInteger = (std::int64_t{1} << 53) - 1;  // JavaScript's safe integers

[[noreturn]] void reject(const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, message);
}

void checkIntegers(const char* name, const std::vector<std::int64_t>& values) {
  for (const std::int64_t value : values) {
    if (value < 1 || value > kMaxInteger) {
      reject(std::string(name) + ": expected integers in 1..2^53-1, got " + std::to_string(value));
    }
  }
}

void checkPairs(const char* name, const std::vector<std::int64_t>& values) {
  checkIntegers(name, values);
  if (values.size() % 2 != 0) {
    reject(std::string(name) + ": expected pairs, got " + std::to_string(values.size()) +
           " numbers");
  }
}

/// Without a branch, so that the compiler makes vectors of it: a load has half a gigabyte of them.
void checkFinite(const char* name, Span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t unfit = 0;
  for (const float& value : values) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    unfit |= static_cast<std::uint32_t>((bits & kExponent) == kExponent);
  }
  if (unfit != 0) reject(std::string(name) + ": expected finite values");
}

}  // namespace

std::size_t checkedDimension(std::size_t dimension) {
  if (dimension < 1 || dimension > VectorIndex::kMaxDimension) {
    reject("dimension: expected an integer in 1.." + std::to_string(VectorIndex::kMaxDimension) +
           ", got " + std::to_string(dimension));
  }
  return dimension;
}

void checkChanges(const IndexChanges& changes, std::size_t dimension) {
  checkIntegers("add.keys", changes.addKeys);
  checkIntegers("add.groups", changes.addGroups);
  checkIntegers("remove", changes.remove);
  checkIntegers("removeGroups", changes.removeGroups);
  checkIntegers("removeTags", changes.removeTags);
  checkPairs("tag", changes.tag);
  checkPairs("untag", changes.untag);
  const std::size_t count = changes.addKeys.size();
  if (changes.addGroups.size() != count) {
    reject("add.groups: expected one per key (" + std::to_string(count) + "), got " +
           std::to_string(changes.addGroups.size()));
  }
  if (changes.addVectors.size() != checkedMul(count, dimension)) {
    reject("add.vectors: expected " + std::to_string(count) + " x " + std::to_string(dimension) +
           " values, got " + std::to_string(changes.addVectors.size()));
  }
  checkFinite("add.vectors", changes.addVectors);
}

void checkQuery(const IndexQuery& query, std::size_t dimension) {
  if (query.vector.size() != dimension) {
    reject("query: expected " + std::to_string(dimension) + " values, got " +
           std::to_string(query.vector.size()));
  }
  checkFinite("query", query.vector);
  if (!(query.maxDistance >= 0)) reject("maxDistance: expected a number >= 0");
  const std::size_t most =
      std::isinf(query.maxDistance) ? VectorIndex::kMaxHits : VectorIndex::kMaxRangeHits;
  if (query.k < 1 || query.k > most) {
    reject("k: expected an integer in 1.." + std::to_string(most) + ", got " +
           std::to_string(query.k));
  }
}

}  // namespace countenance
