#include "napi/lent_pixels.h"

#include <cstddef>

#include "core/error.h"
#include "napi/instance.h"

namespace countenance {
namespace {

struct Buffer {
  napi_value value = nullptr;  // none when the view's memory is shared between threads
  void* start = nullptr;
  std::size_t length = 0;
  std::size_t offset = 0;  // of the view in it
};

/// The buffer behind a view, read without a property that somebody may have replaced.
Buffer bufferOf(Napi::Uint8Array array) {
  Buffer buffer;
  const napi_env env = array.Env();
  bool unshared = false;
  if (napi_get_typedarray_info(env, array, nullptr, nullptr, nullptr, &buffer.value,
                               &buffer.offset) != napi_ok ||
      napi_is_arraybuffer(env, buffer.value, &unshared) != napi_ok || !unshared ||
      napi_get_arraybuffer_info(env, buffer.value, &buffer.start, &buffer.length) != napi_ok) {
    return {};
  }
  return buffer;
}

}  // namespace

LentPixels::LentPixels(Napi::Uint8Array array)
    : instance_(Instance::of(array.Env())),
      array_(Napi::Persistent(array)),
      bytes_(array.Data(), array.ByteLength()) {
  const Buffer buffer = bufferOf(array);
  if (buffer.value == nullptr) {
    throw Error(ErrorCode::kInvalidArgument, "pixels: expected memory that is not shared");
  }
  if (!instance_.lentBuffers.insert(buffer.start).second) {
    throw Error(ErrorCode::kInvalidArgument, "pixels: another task reads this buffer");
  }
  start_ = buffer.start;
}

LentPixels::~LentPixels() { instance_.lentBuffers.erase(start_); }

void LentPixels::giveBack() {
  const Napi::HandleScope scope(array_.Env());
  const Buffer buffer = bufferOf(array_.Value());
  if (buffer.value == nullptr || buffer.offset != 0 || buffer.length != bytes_.size()) return;
  // A refusal (memory of WebAssembly) is harmless: the garbage collector frees it.
  (void)napi_detach_arraybuffer(array_.Env(), buffer.value);
}

}  // namespace countenance
