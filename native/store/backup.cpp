#include "store/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "core/error.h"
#include "store/connection.h"
#include "store/database_file.h"

namespace countenance {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(int systemError, const char* what) {
  throw Error(fileErrorCode(systemError, ErrorCode::kInvalidArgument),
              std::string("backup: ") + what + ": " + std::generic_category().message(systemError));
}

bool exists(const std::string& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

void requireFree(const std::string& target, const BackupOptions& options) {
  if (!options.overwrite && exists(target)) {
    throw Error(ErrorCode::kInvalidArgument, "backup: there is a file of that name already");
  }
  // SQLite would take it for the copy's own log.
  if (exists(target + "-wal") || exists(target + "-journal")) {
    throw Error(ErrorCode::kInvalidArgument,
                "backup: beside that name lies the log of a database that was not closed");
  }
}

/// A name that SQLite or we give to a file beside a database could be an open store's.
void requireOwnName(const std::string& target) {
  for (const std::string suffix : {"-wal", "-shm", "-journal", "-lock", "-partial"}) {
    const std::size_t size = suffix.size();
    if (target.size() >= size && target.compare(target.size() - size, size, suffix) == 0) {
      throw Error(ErrorCode::kInvalidArgument,
                  "backup: expected a name that does not end in " + suffix);
    }
  }
}

/// The copy under its first name; removed unless it is renamed.
class Partial final {
 public:
  explicit Partial(std::string path) : path_(std::move(path)) {
    (void)unlink(path_.c_str());  // of a backup that was killed: we have its lock
    const int made = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made < 0) refuse(errno, "the file cannot be made");
    (void)close(made);
  }
  ~Partial() {
    if (renamed_) return;
    (void)unlink(path_.c_str());
    (void)unlink((path_ + "-journal").c_str());
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;

  const std::string& path() const { return path_; }

  void rename(const std::string& target) {
    if (std::rename(path_.c_str(), target.c_str()) != 0) refuse(errno, "the file cannot be named");
    renamed_ = true;
  }

 private:
  const std::string path_;
  bool renamed_ = false;
};

void copy(const std::string& source, const std::string& target, const CancelToken& cancel) {
  Connection connection(source, Connection::Mode::kCopier);
  connection.setCancel(&cancel);
  connection.run({"VACUUM INTO ?1", {target}, std::nullopt});
}

void check(const std::string& path, const CancelToken& cancel) {
  Connection connection(path, Connection::Mode::kReader);
  connection.setCancel(&cancel);
  const SqlRows rows = connection.query({"PRAGMA quick_check(1)", {}, std::nullopt});
  if (rows.cells.size() != 1 || rows.cells[0] != SqlValue(std::string("ok"))) {
    throw Error(ErrorCode::kStoreCorrupt, "backup: the copy is damaged, so the database may be");
  }
}

void reachDisk(const std::string& path, int flags) {
  const int descriptor = open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) refuse(errno, "the copy cannot be opened");
  const int status = fsync(descriptor);
  const int error = errno;
  (void)close(descriptor);
  // EINVAL: a file system that cannot be asked to, e.g. for a folder.
  if (status != 0 && error != EINVAL) refuse(error, "the copy does not reach the disk");
}

}  // namespace

void backUp(const std::string& source, const std::string& target, const BackupOptions& options,
            const CancelToken& cancel) {
  const std::string path = resolveDatabasePath(target);
  requireOwnName(path);
  const DatabaseLock lock(path);  // so it is no open database, and no other backup's target
  requireFree(path, options);
  Partial partial(path + "-partial");
  copy(source, partial.path(), cancel);
  check(partial.path(), cancel);
  reachDisk(partial.path(), O_RDWR);
  cancel.check();
  requireFree(path, options);
  const std::string folder = fs::path(path).parent_path().string();
  reachDisk(folder, O_RDONLY | O_DIRECTORY);  // one that may not be opened is refused in time
  partial.rename(path);
  reachDisk(folder, O_RDONLY | O_DIRECTORY);
}

}  // namespace countenance
