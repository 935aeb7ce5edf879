#include "index/id_list.h"

#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace countenance {
namespace {

[[noreturn]] void reject(const std::string& expected) {
  throw Error(ErrorCode::kInvalidArgument, "ids: expected " + expected);
}

}  // namespace

IdList IdList::ofIntegers(std::vector<std::int64_t> integers) {
  for (const std::int64_t integer : integers) {
    if (integer < 0 || integer > kMaxInteger) reject("integers in 0..2^53-2, got another");
  }
  IdList ids(Kind::kIntegers);
  ids.integers_ = std::move(integers);
  return ids;
}

IdList IdList::ofTexts(std::string bytes, const std::vector<std::uint32_t>& lengths) {
  IdList ids(Kind::kTexts);
  ids.bytes_ = std::move(bytes);
  ids.ends_.reserve(lengths.size());
  std::size_t end = 0;
  for (const std::uint32_t length : lengths) {
    if (length < 1 || length > kMaxTextBytes) reject("strings of 1..1024 UTF-8 bytes, got another");
    if (length > ids.bytes_.size() - end) reject("as many bytes as the lengths say, got fewer");
    if (!isUtf8(std::string_view(ids.bytes_).substr(end, length))) {
      reject("well-formed Unicode, got something else");
    }
    end += length;
    ids.ends_.push_back(end);
  }
  if (end != ids.bytes_.size()) reject("as many bytes as the lengths say, got more");
  return ids;
}

}  // namespace countenance
