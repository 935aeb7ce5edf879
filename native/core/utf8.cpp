#include "core/utf8.h"

#include <cstddef>
#include <cstdint>

#include "core/error.h"

namespace countenance {
namespace {

void appendPoint(std::string& text, std::uint32_t point) {
  const auto put = [&text](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

/// The bytes of the character that starts here; 0 when none does.
std::size_t characterAt(std::string_view bytes) {
  const auto at = [&bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const std::uint8_t first = at(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && at(1) < 0xa0) return 0;   // too long for what it says
  if (first == 0xed && at(1) >= 0xa0) return 0;  // a surrogate
  if (first == 0xf0 && at(1) < 0x90) return 0;   // too long
  if (first == 0xf4 && at(1) >= 0x90) return 0;  // beyond U+10FFFF
  return length;
}

}  // namespace

void appendUtf8(std::string& text, std::u16string_view units, const char* name) {
  for (std::size_t i = 0; i < units.size(); ++i) {
    std::uint32_t point = units[i];
    if (point >= 0xd800 && point < 0xe000) {
      const std::uint32_t low = i + 1 < units.size() ? units[i + 1] : 0;
      if (point >= 0xdc00 || low < 0xdc00 || low >= 0xe000) {
        throw Error(
            ErrorCode::kInvalidArgument,
            std::string(name) + ": expected well-formed Unicode, got a surrogate without its pair");
      }
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      ++i;
    }
    appendPoint(text, point);
  }
}

bool isUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = characterAt(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace countenance
