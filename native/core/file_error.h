#pragma once

#include "core/error.h"

namespace countenance {

/// Which failure an `errno` of the system is, when it is about room, permission or the device.
ErrorCode fileErrorCode(int systemError, ErrorCode otherwise);

}  // namespace countenance
