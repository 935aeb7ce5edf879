#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/error.h"
#include "index/saved_index.h"

namespace countenance::test {

/// Keeps what a file of vectors holds.
struct ReadTarget final : SavedIndexTarget {
  std::size_t dimension = 0;
  Metric metric = Metric::kL2;
  IdList ids{IdList::Kind::kIntegers};
  std::vector<float> vectors;
  bool refuses = false;  ///< Whatever the file is.

  void begin(std::size_t d, Metric m) override {
    if (refuses) throw Error(ErrorCode::kInvalidArgument, "another dimension is wanted");
    dimension = d;
    metric = m;
  }
  void takeIds(IdList list) override { ids = std::move(list); }
  void takeVectors(std::vector<float>& more) override {
    vectors.insert(vectors.end(), more.begin(), more.end());
  }
};

}  // namespace countenance::test
