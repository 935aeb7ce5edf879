#include "napi/lent_bytes.h"

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

Napi::Uint8Array uint8ArrayOf(Napi::Value value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Error(ErrorCode::kInvalidArgument, name + ": expected a Uint8Array");
  }
  return value.As<Napi::Uint8Array>();
}

}  // namespace

LentBytes::LentBytes(Napi::Value array, const std::string& name)
    : instance_(Instance::of(array.Env())),
      array_(Napi::Persistent(uint8ArrayOf(array, name))),
      bytes_(array_.Value().Data(), array_.Value().ByteLength()) {
  const Buffer buffer = bufferOf(array_.Value());
  if (buffer.value == nullptr) {
    throw Error(ErrorCode::kInvalidArgument, name + ": expected memory that is not shared");
  }
  if (buffer.start == nullptr) return;  // an empty or detached one has nothing to free
  if (!instance_.lentBuffers.insert(buffer.start).second) {
    throw Error(ErrorCode::kInvalidArgument, name + ": another task reads this buffer");
  }
  start_ = buffer.start;
}

LentBytes::~LentBytes() { instance_.lentBuffers.erase(start_); }

void LentBytes::giveBack() {
  const Napi::HandleScope scope(array_.Env());
  const Buffer buffer = bufferOf(array_.Value());
  if (buffer.value == nullptr || buffer.offset != 0 || buffer.length != bytes_.size()) return;
  // A refusal (memory of WebAssembly) is harmless: the garbage collector frees it.
  (void)napi_detach_arraybuffer(array_.Env(), buffer.value);
}

}  // namespace countenance
