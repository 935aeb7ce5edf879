#include "index/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/error.h"
#include "core/file_error.h"

namespace countenance {
namespace {

constexpr std::size_t kMaxRead = std::size_t{1} << 30;  // Linux reads at most 2 GiB at once

std::string textOf(int error) { return std::generic_category().message(error); }

}  // namespace

InputFile::InputFile(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kInvalidArgument, "path: expected the path of a file");
  }
  // Not blocking: opening somebody's pipe would wait for ever.
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) {
    const int error = errno;
    const ErrorCode code = error == EACCES ? ErrorCode::kInvalidArgument
                                           : fileErrorCode(error, ErrorCode::kInvalidArgument);
    throw Error(code, "path: cannot read it: " + textOf(error));
  }
  struct stat status {};
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    (void)close(descriptor_);
    throw Error(ErrorCode::kInvalidArgument, "path: cannot read it: it is no regular file");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  (void)posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

InputFile::~InputFile() { (void)close(descriptor_); }

void InputFile::read(void* data, std::size_t count) {
  readAt(position_, data, count);
  position_ += count;
}

void InputFile::readAt(std::uint64_t position, void* data, std::size_t count) const {
  auto* bytes = static_cast<char*>(data);
  while (count > 0) {
    const ssize_t got =
        pread(descriptor_, bytes, std::min(count, kMaxRead), static_cast<off_t>(position));
    if (got < 0) {
      if (errno == EINTR) continue;
      throw Error(ErrorCode::kStoreIo, "the file could not be read: " + textOf(errno));
    }
    if (got == 0) throw Error(ErrorCode::kStoreCorrupt, "the file ends too early");
    bytes += got;
    position += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
}

}  // namespace countenance
