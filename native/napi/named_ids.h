#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "index/id_list.h"

namespace countenance {

/// Ids as JavaScript hands them over (NativeIds), copied: a Float64Array of integers, or the
/// concatenation of all strings with their lengths, which costs one call instead of one each.
class NamedIds final {
 public:
  /// @throws Error kInvalidArgument for anything else.
  explicit NamedIds(Napi::Value value);

  /// Any thread, no Napi: most of the work.
  /// @throws Error kInvalidArgument for an integer that is out of range, a text of another length
  ///   than 1..1024 UTF-8 bytes, or a surrogate without its pair.
  IdList list() const;

 private:
  std::vector<std::int64_t> integers_;
  bool texts_ = false;
  std::u16string units_;
  std::vector<std::uint32_t> lengths_;  // in UTF-16 units
};

/// A Float64Array or an array of strings.
Napi::Value toJs(Napi::Env env, const IdList& ids);

}  // namespace countenance
