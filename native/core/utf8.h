#pragma once

#include <string>
#include <string_view>

namespace countenance {

/// Appends UTF-16 as UTF-8; it may hold NUL. A surrogate without its pair is refused: UTF-8 cannot
/// carry it, and two different strings must never become one.
/// @param name  Of the argument, for the error.
/// @throws Error kInvalidArgument.
void appendUtf8(std::string& text, std::u16string_view units, const char* name);

/// Whether these bytes are well-formed UTF-8 (Unicode 15, table 3-7).
bool isUtf8(std::string_view bytes);

}  // namespace countenance
