#pragma once

#include <napi.h>

#include <cstdint>

#include "core/span.h"

namespace countenance {

class Instance;

/// A picture's pixels that a task reads where JavaScript has them, without a copy. Made, given back
/// and freed on the JavaScript thread; the array cannot be collected meanwhile.
///
/// Lending means giving away: giveBack() frees the memory at once instead of at some later garbage
/// collection. Between collections decoded pictures of 2.7 MB pile up otherwise, and JavaScript,
/// whose own heap hardly grows, sees no reason to collect.
class LentPixels final {
 public:
  /// @throws Error(kInvalidArgument) for memory that is shared between threads, or that another
  /// task is reading: it would be freed under that one.
  explicit LentPixels(Napi::Uint8Array array);
  ~LentPixels();
  LentPixels(const LentPixels&) = delete;
  LentPixels& operator=(const LentPixels&) = delete;

  /// Borrowed until giveBack(). The view's byte offset is counted in.
  Span<const std::uint8_t> bytes() const { return bytes_; }

  /// Detaches the array's buffer if the array covers all of it; what belongs to others too is left
  /// to the garbage collector. To be called once, when no thread reads the bytes any more.
  void giveBack();

 private:
  Instance& instance_;  // outlives every task: it owns them
  Napi::Reference<Napi::Uint8Array> array_;
  Span<const std::uint8_t> bytes_;
  const void* start_ = nullptr;  // of the whole buffer, as the instance's lentBuffers has it
};

}  // namespace countenance
