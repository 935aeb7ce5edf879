#include "napi/arguments.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace countenance {
namespace {

constexpr double kMaxSafeInteger = 9007199254740991.0;

[[noreturn]] void reject(const std::string& name, const std::string& expected) {
  throw Error(ErrorCode::kInvalidArgument, name + ": expected " + expected);
}

bool isSafeInteger(double value) {
  return std::abs(value) <= kMaxSafeInteger && std::trunc(value) == value;
}

Napi::Object objectOf(Napi::Value value, const char* name) {
  if (!value.IsObject()) reject(name, "an object");
  return value.As<Napi::Object>();
}

SqlValue sqlValueOf(Napi::Value value) {
  if (value.IsNull()) return std::monostate();
  if (value.IsString()) return stringOf(value, "params");
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    if (isSafeInteger(number)) return static_cast<std::int64_t>(number);
    if (std::isnan(number)) reject("params", "a number, got NaN");  // SQLite would store NULL
    return number;
  }
  if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    const auto bytes = value.As<Napi::Uint8Array>();
    return std::vector<std::uint8_t>(bytes.Data(), bytes.Data() + bytes.ElementLength());
  }
  reject("params", "null, a number, a string or a Uint8Array");
}

SqlColumn sqlColumnOf(Napi::Value value) {
  if (value.IsTypedArray()) {
    const auto array = value.As<Napi::TypedArray>();
    if (array.TypedArrayType() == napi_float64_array) {
      const auto numbers = value.As<Napi::Float64Array>();
      return NumberColumn(numbers.Data(), numbers.Data() + numbers.ElementLength());
    }
    reject("columns", "a Float64Array, an array of strings, or blobs");
  }
  if (value.IsArray()) {
    const auto list = value.As<Napi::Array>();
    TextColumn texts(list.Length());
    for (std::uint32_t i = 0; i < texts.size(); ++i) {
      const Napi::HandleScope scope(value.Env());
      const Napi::Value text = list.Get(i);
      if (!text.IsNull()) texts[i] = stringOf(text, "columns");
    }
    return texts;
  }
  const Napi::Object object = objectOf(value, "columns");
  const Napi::Value floats = object.Get("floats");
  constexpr std::int64_t kMaxFloats = 4096;
  BlobColumn column;
  column.size = sizeof(float) *
                static_cast<std::size_t>(integerOf(object.Get("each"), "each", 1, kMaxFloats));
  if (!floats.IsTypedArray() ||
      floats.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    reject("floats", "a Float32Array");
  }
  const auto array = floats.As<Napi::Float32Array>();
  column.bytes.resize(array.ElementLength() * sizeof(float));
  if (!column.bytes.empty()) {
    std::memcpy(column.bytes.data(), array.Data(), column.bytes.size());
  }
  return column;
}

SqlStatement statementOf(Napi::Value value) {
  const Napi::Object object = objectOf(value, "statement");
  SqlStatement statement;
  statement.sql = stringOf(object.Get("sql"), "sql");
  const Napi::Value params = object.Get("params");
  if (!params.IsUndefined()) {
    if (!params.IsArray()) reject("params", "an array");
    const auto list = params.As<Napi::Array>();
    const std::uint32_t count = list.Length();
    for (std::uint32_t i = 0; i < count; ++i) statement.params.push_back(sqlValueOf(list.Get(i)));
  }
  const Napi::Value expected = object.Get("expectChanges");
  if (!expected.IsUndefined()) {
    statement.expectChanges =
        integerOf(expected, "expectChanges", 0, static_cast<std::int64_t>(kMaxSafeInteger));
  }
  const Napi::Value columns = object.Get("columns");
  if (!columns.IsUndefined()) {
    if (!columns.IsArray()) reject("columns", "an array");
    const auto list = columns.As<Napi::Array>();
    const std::uint32_t count = list.Length();
    for (std::uint32_t i = 0; i < count; ++i) statement.columns.push_back(sqlColumnOf(list.Get(i)));
  }
  return statement;
}

}  // namespace

std::int64_t integerOf(Napi::Value value, const char* name, std::int64_t low, std::int64_t high) {
  const std::string expected = "an integer in " + std::to_string(low) + ".." + std::to_string(high);
  if (!value.IsNumber()) reject(name, expected);
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!isSafeInteger(number)) reject(name, expected);
  const auto integer = static_cast<std::int64_t>(number);
  if (integer < low || integer > high) reject(name, expected + ", got " + std::to_string(integer));
  return integer;
}

float numberOf(Napi::Value value, const char* name) {
  if (!value.IsNumber()) reject(name, "a number");
  const float number = value.As<Napi::Number>().FloatValue();
  if (std::isnan(number)) reject(name, "a number, got NaN");
  return number;
}

std::string stringOf(Napi::Value value, const char* name) {
  if (!value.IsString()) reject(name, "a string");
  const std::u16string units = value.As<Napi::String>().Utf16Value();
  std::string text;
  text.reserve(units.size());
  appendUtf8(text, units, name);
  return text;
}

std::vector<float> floatsOf(Napi::Value value, const char* name) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    reject(name, "a Float32Array");
  }
  const auto floats = value.As<Napi::Float32Array>();
  return {floats.Data(), floats.Data() + floats.ElementLength()};
}

std::vector<std::int64_t> keysOf(Napi::Value value, const char* name) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array) {
    reject(name, "a Float64Array");
  }
  const auto numbers = value.As<Napi::Float64Array>();
  std::vector<std::int64_t> keys(numbers.ElementLength());
  std::transform(numbers.Data(), numbers.Data() + keys.size(), keys.begin(), [&](double number) {
    if (!isSafeInteger(number) || number < 1) reject(name, "integers in 1..2^53-1");
    return static_cast<std::int64_t>(number);
  });
  return keys;
}

IndexChanges changesOf(Napi::Value value) {
  const Napi::Object object = objectOf(value, "changes");
  IndexChanges changes;
  const Napi::Value add = object.Get("add");
  if (!add.IsUndefined()) {
    const Napi::Object added = objectOf(add, "add");
    changes.addKeys = keysOf(added.Get("keys"), "add.keys");
    changes.addGroups = keysOf(added.Get("groups"), "add.groups");
    changes.addVectors = floatsOf(added.Get("vectors"), "add.vectors");
  }
  const auto read = [&object](const char* name, std::vector<std::int64_t>& keys) {
    const Napi::Value given = object.Get(name);
    if (!given.IsUndefined()) keys = keysOf(given, name);
  };
  read("remove", changes.remove);
  read("removeGroups", changes.removeGroups);
  read("tag", changes.tag);
  read("untag", changes.untag);
  read("removeTags", changes.removeTags);
  return changes;
}

std::vector<SqlStatement> statementsOf(Napi::Value value) {
  if (!value.IsArray()) reject("statements", "an array");
  const auto list = value.As<Napi::Array>();
  const std::uint32_t count = list.Length();
  std::vector<SqlStatement> statements;
  for (std::uint32_t i = 0; i < count; ++i) statements.push_back(statementOf(list.Get(i)));
  return statements;
}

}  // namespace countenance
