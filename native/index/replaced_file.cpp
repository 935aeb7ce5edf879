#include "index/replaced_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "core/error.h"
#include "core/file_error.h"

namespace countenance {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr int kMaxAttempts = 100;
constexpr std::size_t kMaxWrite = std::size_t{1} << 30;  // Linux writes at most 2 GiB at once

/// Without the path: it may hold a person's name, and whoever gave it knows it.
[[noreturn]] void refuse(int error, const std::string& what = "") {
  throw Error(fileErrorCode(error, ErrorCode::kInvalidArgument),
              "path: cannot use it: " + what + std::generic_category().message(error));
}

[[noreturn]] void failed(int error, const std::string& what) {
  throw Error(fileErrorCode(error, ErrorCode::kStoreIo),
              what + ": " + std::generic_category().message(error));
}

/// Where the file is or will be, without symbolic links: renaming over a link would leave its
/// target as it was.
std::string resolve(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path given(path);
  if (path.empty() || path.find('\0') != std::string::npos || !given.has_filename()) {
    throw Error(ErrorCode::kInvalidArgument, "path: expected the path of a file");
  }
  const fs::file_status status = fs::symlink_status(given, error);
  if (status.type() == fs::file_type::not_found) {
    const fs::path folder =
        fs::canonical(given.has_parent_path() ? given.parent_path() : fs::path("."), error);
    if (error) refuse(error.value(), "its folder: ");
    return (folder / given.filename()).string();
  }
  const fs::path resolved = fs::canonical(given, error);
  if (error) refuse(error.value());
  if (!fs::is_regular_file(resolved, error)) {
    throw Error(ErrorCode::kInvalidArgument, "path: cannot use it: it is no regular file");
  }
  return resolved.string();
}

void syncFolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) failed(errno, "the saved file's folder");
  const int error = fsync(opened) == 0 ? 0 : errno;
  (void)close(opened);
  // Some file systems cannot do it for a folder, and need not.
  if (error != 0 && error != EINVAL) failed(error, "the saved file's folder");
}

}  // namespace

ReplacedFile::ReplacedFile(const std::string& path)
    : path_(resolve(path)), temporary_(path_ + ".saving") {
  // Whoever had it may have renamed or removed it between our opening and locking it: look again.
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (tryOpen()) return;
  }
  throw Error(ErrorCode::kStoreLocked, "the file is being saved by others");
}

bool ReplacedFile::tryOpen() {
  const int opened = open(temporary_.c_str(),
                          O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kOwnerOnly);
  if (opened < 0) refuse(errno, "its temporary file: ");
  struct stat ours {};
  struct stat named {};
  const auto giveUp = [opened](int error) {
    (void)close(opened);
    if (error != 0) refuse(error, "its temporary file: ");
    return false;
  };
  if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) return giveUp(error);
    (void)close(opened);
    throw Error(ErrorCode::kStoreLocked, "the file is being saved by somebody else: retry later");
  }
  if (fstat(opened, &ours) != 0) return giveUp(errno);
  if (!S_ISREG(ours.st_mode) || ours.st_nlink > 1) return giveUp(EEXIST);  // not of our making
  if (lstat(temporary_.c_str(), &named) != 0 || ours.st_ino != named.st_ino ||
      ours.st_dev != named.st_dev) {
    return giveUp(0);
  }
  if (fchmod(opened, kOwnerOnly) != 0 || ftruncate(opened, 0) != 0) return giveUp(errno);
  descriptor_ = opened;
  return true;
}

ReplacedFile::~ReplacedFile() {
  if (!committed_) (void)unlink(temporary_.c_str());  // before the lock goes with the descriptor
  (void)close(descriptor_);
}

void ReplacedFile::write(const void* data, std::size_t count) {
  const auto* bytes = static_cast<const char*>(data);
  while (count > 0) {
    const ssize_t written = ::write(descriptor_, bytes, std::min(count, kMaxWrite));
    if (written < 0) {
      if (errno == EINTR) continue;
      failed(errno, "the file could not be written");
    }
    bytes += written;
    count -= static_cast<std::size_t>(written);
  }
}

void ReplacedFile::commit() {
  if (fsync(descriptor_) != 0) failed(errno, "the file could not be written");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    failed(errno, "the file could not take its place");
  }
  committed_ = true;
  syncFolderOf(path_);
}

}  // namespace countenance
