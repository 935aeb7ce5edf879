#include "store/database_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "core/error.h"

namespace countenance {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr char kMagic[] = "SQLite format 3";  // 16 bytes with its NUL (SQLite file format, 1.3)
constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kApplicationIdOffset = 68;
constexpr int kMaxLockAttempts = 100;

/// Without the path: it may hold a person's name, and whoever gave it knows it.
[[noreturn]] void reject(const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, "path: cannot use it: " + why);
}

std::string textOf(int error) { return std::generic_category().message(error); }

/// What the system refused: the path is wrong, or there is no room, no permission, or no disk.
[[noreturn]] void refuse(int systemError, const std::string& what = "") {
  throw Error(fileErrorCode(systemError, ErrorCode::kInvalidArgument),
              "path: cannot use it: " + what + textOf(systemError));
}

/// A file descriptor that closes itself.
class Descriptor final {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) (void)close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

/// What a lock file holds: who has the lock and since when, for people and for the message of the
/// next one who comes. The lock itself does not need it.
std::string ownerLine() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  std::array<char, 32> text{};
  if (gmtime_r(&now, &utc) == nullptr ||
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
    return std::to_string(getpid());
  }
  return std::to_string(getpid()) + " since " + text.data();
}

/// Repeats only what looks as ownerLine() writes it: anybody may have put a text there.
std::string ownerOf(int descriptor) {
  std::array<char, 64> text{};
  const ssize_t length = pread(descriptor, text.data(), text.size() - 1, 0);
  const std::string line(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (line.empty() || digits == 0) return "another process";
  if (digits != std::string::npos &&
      line.find_first_not_of(" since0123456789-:TZ", digits) != std::string::npos) {
    return "another process";
  }
  return "process " + line;
}

/// Looks without opening: another handle of this process may use the file under another name, and
/// closing a descriptor of it would drop SQLite's locks.
void requireOnlyName(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    refuse(errno);
  }
  if (!S_ISREG(status.st_mode)) reject("it is no regular file");
  if (status.st_nlink > 1) {
    reject("it has several names (hard links), and the lock is by name");
  }
}

}  // namespace

std::string resolveDatabasePath(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty() || path.find('\0') != std::string::npos || path == ":memory:") {
    throw Error(ErrorCode::kInvalidArgument, "path: expected the path of a database file");
  }
  std::error_code error;
  const fs::path given(path);
  const fs::file_status status = fs::symlink_status(given, error);
  if (status.type() == fs::file_type::not_found) {
    if (!given.has_filename()) reject("it names a folder");
    const fs::path folder = given.has_parent_path() ? given.parent_path() : fs::path(".");
    const fs::path resolved = fs::canonical(folder, error);
    if (error) refuse(error.value(), "its folder: ");
    return (resolved / given.filename()).string();
  }
  const fs::path resolved = fs::canonical(given, error);
  if (error) refuse(error.value());
  if (fs::is_directory(resolved, error)) reject("it names a folder");
  return resolved.string();
}

DatabaseLock::DatabaseLock(const std::string& databasePath) : path_(databasePath + "-lock") {
  // A loser may have opened the file just before its owner removed it: then it must look again.
  for (int attempt = 0; attempt < kMaxLockAttempts; ++attempt) {
    if (tryLock()) return;
  }
  throw Error(ErrorCode::kStoreLocked, "the database is being opened and closed by others");
}

bool DatabaseLock::tryLock() {
  const int opened = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly);
  if (opened < 0) refuse(errno, "its lock: ");
  if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const Descriptor closing(opened);
    if (error == EWOULDBLOCK) {
      throw Error(ErrorCode::kStoreLocked,
                  "the database is in use by " + ownerOf(opened) + ": one handle at a time");
    }
    refuse(error, "its lock: ");
  }
  struct stat ours {};
  struct stat named {};
  if (fstat(opened, &ours) != 0 || stat(path_.c_str(), &named) != 0 ||
      ours.st_ino != named.st_ino || ours.st_dev != named.st_dev) {
    (void)close(opened);
    return false;
  }
  descriptor_ = opened;
  const std::string line = ownerLine();
  if (ftruncate(opened, 0) == 0) (void)!pwrite(opened, line.data(), line.size(), 0);
  return true;
}

DatabaseLock::~DatabaseLock() {
  if (descriptor_ < 0) return;
  (void)unlink(path_.c_str());  // while it is locked, so that nobody else's file is removed
  (void)close(descriptor_);
}

bool prepareDatabaseFile(const std::string& path) {
  requireOnlyName(path);
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (file.get() < 0) refuse(errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) refuse(errno);
  if (status.st_size == 0) return true;

  std::array<unsigned char, kHeaderBytes> header{};
  const ssize_t length = pread(file.get(), header.data(), header.size(), 0);
  if (length != static_cast<ssize_t>(header.size()) ||
      std::memcmp(header.data(), kMagic, sizeof kMagic) != 0) {
    throw Error(ErrorCode::kStoreCorrupt, "the file is no database");
  }
  std::uint32_t applicationId = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    applicationId = applicationId << 8 | header[kApplicationIdOffset + i];
  }
  if (applicationId != kApplicationId) {
    throw Error(ErrorCode::kStoreCorrupt, "the file is a database of another program");
  }
  return false;
}

}  // namespace countenance
