#include "core/file_error.h"

#include <cerrno>

namespace countenance {

ErrorCode fileErrorCode(int systemError, ErrorCode otherwise) {
  switch (systemError) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // the process has a limit on the size of files (ulimit -f)
      return ErrorCode::kStoreFull;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kStoreReadOnly;
    case EIO:
    case EMFILE:
    case ENFILE:
      return ErrorCode::kStoreIo;
    default:
      return otherwise;
  }
}

}  // namespace countenance
