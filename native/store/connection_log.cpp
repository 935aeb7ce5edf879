#include <sqlite3.h>

#include <array>

#include "store/connection.h"

// How the writer keeps its write-ahead log short and long enough, when nobody waits for it.

namespace countenance {
namespace {

// A commit of one face writes about 10 pages, so that the checkpoint's own waits for the disk
// (about 15 ms) are spread over 400 commits.
constexpr int kPagesBetweenCheckpoints = 4096;
constexpr int kPagesBeforeExtending = 64;            // a few commits alone are not worth it
constexpr sqlite3_int64 kLogExtension = 4 << 20;     // bytes of zeros
constexpr sqlite3_int64 kLogFrameBytes = 4096 + 24;  // SQLite file format, section 4.1

}  // namespace

void Connection::tendLog() {
  if (*logPages_ >= kPagesBetweenCheckpoints) {
    (void)sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                    nullptr);
  } else if (*logPages_ >= kPagesBeforeExtending) {
    extendLog();
  }
}

/// A commit that makes the file longer waits for the file system's own log as well: 240-350 commits
/// a second on our machine, against 1,700-2,700 within a file that has the length. What follows the
/// last commit in the log does not count, whatever it holds (SQLite file format, section 4.2).
void Connection::extendLog() {
  sqlite3_file* log = nullptr;
  sqlite3_int64 size = 0;
  if (sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) !=
          SQLITE_OK ||
      log == nullptr || log->pMethods == nullptr ||
      log->pMethods->xFileSize(log, &size) != SQLITE_OK) {
    return;
  }
  if (size > kPagesBetweenCheckpoints * kLogFrameBytes ||
      *logPages_ * kLogFrameBytes + kLogExtension / 4 < size) {
    return;
  }
  static constexpr std::array<char, 1 << 16> kZeros{};
  const sqlite3_int64 end = size + kLogExtension;
  const auto piece = static_cast<int>(kZeros.size());
  for (sqlite3_int64 at = size; at < end; at += piece) {
    if (log->pMethods->xWrite(log, kZeros.data(), piece, at) != SQLITE_OK) return;
  }
}

}  // namespace countenance
