#include "napi/rows.h"

#include <algorithm>
#include <cstdlib>
#include <type_traits>

#include "core/error.h"

namespace countenance {
namespace {

constexpr std::int64_t kMaxSafeInteger = (std::int64_t{1} << 53) - 1;

std::int64_t safe(std::int64_t value) {
  if (value > kMaxSafeInteger || value < -kMaxSafeInteger) {
    throw Error(ErrorCode::kStoreCorrupt, "the database holds an integer beyond 2^53");
  }
  return value;
}

Napi::Value toJs(Napi::Env env, const SqlValue& value) {
  return std::visit(
      [env](const auto& held) -> Napi::Value {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::monostate>) {
          return env.Null();
        } else if constexpr (std::is_same_v<Held, std::int64_t>) {
          return Napi::Number::New(env, static_cast<double>(safe(held)));
        } else if constexpr (std::is_same_v<Held, double>) {
          return Napi::Number::New(env, held);
        } else if constexpr (std::is_same_v<Held, std::string>) {
          return Napi::String::New(env, held);
        } else {
          auto bytes = Napi::Uint8Array::New(env, held.size());
          std::copy(held.begin(), held.end(), bytes.Data());
          return bytes;
        }
      },
      value);
}

Napi::Array toJs(Napi::Env env, const SqlRows& rows) {
  const std::size_t width = rows.columns.size();
  const std::size_t count = width == 0 ? 0 : rows.cells.size() / width;
  std::vector<Napi::String> names;
  for (const std::string& column : rows.columns) names.push_back(Napi::String::New(env, column));
  Napi::Array list = Napi::Array::New(env, count);
  for (std::size_t row = 0; row < count; ++row) {
    const Napi::HandleScope scope(env);
    Napi::Object object = Napi::Object::New(env);
    for (std::size_t i = 0; i < width; ++i) {
      object.Set(names[i], toJs(env, rows.cells[row * width + i]));
    }
    list.Set(static_cast<std::uint32_t>(row), object);
  }
  return list;
}

}  // namespace

Napi::Float64Array toJs(Napi::Env env, const std::vector<std::int64_t>& keys) {
  Napi::Float64Array array = Napi::Float64Array::New(env, keys.size());
  double* values = array.Data();
  for (std::size_t i = 0; i < keys.size(); ++i) values[i] = static_cast<double>(safe(keys[i]));
  return array;
}

Napi::Array toJs(Napi::Env env, const std::vector<SqlRows>& results) {
  Napi::Array list = Napi::Array::New(env, results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    list.Set(static_cast<std::uint32_t>(i), toJs(env, results[i]));
  }
  return list;
}

}  // namespace countenance
