#include "napi/named_ids.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace countenance {
namespace {

constexpr std::size_t kHandlesPerScope = 1024;

[[noreturn]] void reject(const std::string& expected) {
  throw Error(ErrorCode::kInvalidArgument, "ids: expected " + expected);
}

bool isArrayOf(Napi::Value value, napi_typedarray_type type) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
}

}  // namespace

NamedIds::NamedIds(Napi::Value value) {
  if (isArrayOf(value, napi_float64_array)) {
    const auto numbers = value.As<Napi::Float64Array>();
    integers_.reserve(numbers.ElementLength());
    for (std::size_t i = 0; i < numbers.ElementLength(); ++i) {
      const double number = numbers.Data()[i];
      if (!(number >= 0 && number <= static_cast<double>(IdList::kMaxInteger)) ||
          std::trunc(number) != number) {
        reject("integers in 0..2^53-2");
      }
      integers_.push_back(static_cast<std::int64_t>(number));
    }
    return;
  }
  if (!value.IsObject()) reject("a Float64Array, or strings with their lengths");
  const auto object = value.As<Napi::Object>();
  const Napi::Value text = object.Get("text");
  const Napi::Value lengths = object.Get("lengths");
  if (!text.IsString() || !isArrayOf(lengths, napi_uint32_array)) {
    reject("a Float64Array, or strings with their lengths");
  }
  texts_ = true;
  units_ = text.As<Napi::String>().Utf16Value();
  const auto counts = lengths.As<Napi::Uint32Array>();
  lengths_.assign(counts.Data(), counts.Data() + counts.ElementLength());
}

IdList NamedIds::list() const {
  if (!texts_) return IdList::ofIntegers(integers_);
  std::string bytes;
  bytes.reserve(units_.size());
  std::vector<std::uint32_t> lengths;
  lengths.reserve(lengths_.size());
  std::u16string_view left(units_);
  for (const std::uint32_t length : lengths_) {
    if (length > left.size()) reject("as many characters as the lengths say, got fewer");
    const std::size_t before = bytes.size();
    appendUtf8(bytes, left.substr(0, length), "ids");
    lengths.push_back(static_cast<std::uint32_t>(bytes.size() - before));
    left.remove_prefix(length);
  }
  if (!left.empty()) reject("as many characters as the lengths say, got more");
  return IdList::ofTexts(std::move(bytes), lengths);
}

Napi::Value toJs(Napi::Env env, const IdList& ids) {
  if (ids.kind() == IdList::Kind::kIntegers) {
    auto numbers = Napi::Float64Array::New(env, ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      numbers.Data()[i] = static_cast<double>(ids.integer(i));
    }
    return numbers;
  }
  Napi::Array texts = Napi::Array::New(env, ids.size());
  for (std::size_t start = 0; start < ids.size(); start += kHandlesPerScope) {
    const Napi::HandleScope scope(env);
    for (std::size_t i = start; i < ids.size() && i < start + kHandlesPerScope; ++i) {
      const std::string_view text = ids.text(i);
      texts.Set(static_cast<std::uint32_t>(i), Napi::String::New(env, text.data(), text.size()));
    }
  }
  return texts;
}

}  // namespace countenance
