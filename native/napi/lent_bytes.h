#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

#include "core/span.h"

namespace countenance {

class Instance;

/// A picture's pixels or a model file that a task reads where JavaScript has it, without a copy.
/// Made, given back and freed on the JavaScript thread; the array cannot be collected meanwhile.
///
/// Lending means giving away: giveBack() frees the memory at once instead of at some later garbage
/// collection. Between collections decoded pictures of 2.7 MB pile up otherwise, and JavaScript,
/// whose own heap hardly grows, sees no reason to collect.
class LentBytes final {
 public:
  /// @param name  Of the argument, for errors.
  /// @throws Error(kInvalidArgument) for anything but a Uint8Array, for memory that is shared
  /// between threads, and for a buffer that another task reads: it would be freed under that one.
  LentBytes(Napi::Value array, const std::string& name);
  ~LentBytes();
  LentBytes(const LentBytes&) = delete;
  LentBytes& operator=(const LentBytes&) = delete;

  /// Borrowed until giveBack(). The view's byte offset is counted in.
  Span<const std::uint8_t> bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }

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
