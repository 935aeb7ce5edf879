#pragma once

#include <sqlite3.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

// A SQLite VFS over the default one whose calls fail on demand, for tests of full and broken disks.

namespace countenance::test {

/// While one exists, SQLite's files of this process go through it.
class FaultyVfs final {
 public:
  FaultyVfs() : real_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *real_;
    vfs_.zName = "faulty";
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  /// From now on the n-th call that opens, reads or changes a file or makes it durable fails (1:
  /// the next one), and with `onwards` all that follow it. With ENOSPC reading goes on.
  void failAt(long call, int systemError, bool onwards) {
    failAt_ = calls_ + call;
    systemError_ = systemError;
    onwards_ = onwards;
  }
  void heal() { failAt_ = 0; }
  long calls() const { return calls_; }
  long failures() const { return failures_; }

 private:
  struct File {
    sqlite3_file base;
    FaultyVfs* vfs;
    sqlite3_io_methods methods;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

  /// SQLITE_OK, or what the default VFS says of such an error.
  int next(int ioError) {
    ++calls_;
    const bool fails = failAt_ != 0 && (calls_ == failAt_ || (onwards_ && calls_ > failAt_));
    if (!fails) return SQLITE_OK;
    ++failures_;
    errno = systemError_;
    return systemError_ == ENOSPC && ioError == SQLITE_IOERR_WRITE ? SQLITE_FULL : ioError;
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto* self = static_cast<FaultyVfs*>(vfs->pAppData);
    File& wrapped = of(file);
    wrapped.base.pMethods = nullptr;
    if (const int status = self->next(SQLITE_CANTOPEN)) return status;
    std::memset(static_cast<void*>(wrapped.real()), 0,
                static_cast<std::size_t>(self->real_->szOsFile));
    const int status = self->real_->xOpen(self->real_, name, wrapped.real(), flags, out);
    if (wrapped.real()->pMethods == nullptr) return status;
    wrapped.vfs = self;
    wrapped.methods = *wrapped.real()->pMethods;
    wrapped.methods.xClose = [](sqlite3_file* f) {
      return of(f).real()->pMethods->xClose(of(f).real());
    };
    wrapped.methods.xRead = [](sqlite3_file* f, void* to, int count, sqlite3_int64 at) {
      // A full disk can still be read.
      if (of(f).vfs->systemError_ != ENOSPC) {
        if (const int failed = of(f).vfs->next(SQLITE_IOERR_READ)) return failed;
      }
      return of(f).real()->pMethods->xRead(of(f).real(), to, count, at);
    };
    wrapped.methods.xWrite = [](sqlite3_file* f, const void* from, int count, sqlite3_int64 at) {
      if (const int failed = of(f).vfs->next(SQLITE_IOERR_WRITE)) {
        // A disk that fails may have taken a part.
        of(f).real()->pMethods->xWrite(of(f).real(), from, count / 2, at);
        errno = of(f).vfs->systemError_;
        return failed;
      }
      return of(f).real()->pMethods->xWrite(of(f).real(), from, count, at);
    };
    wrapped.methods.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      if (const int failed = of(f).vfs->next(SQLITE_IOERR_TRUNCATE)) return failed;
      return of(f).real()->pMethods->xTruncate(of(f).real(), size);
    };
    wrapped.methods.xSync = [](sqlite3_file* f, int how) {
      (void)how;  // no test of ours cuts the power: the system's own cache is durable enough
      return of(f).vfs->next(SQLITE_IOERR_FSYNC);
    };
    wrapped.methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return of(f).real()->pMethods->xFileSize(of(f).real(), size);
    };
    wrapped.methods.xLock = [](sqlite3_file* f, int level) {
      return of(f).real()->pMethods->xLock(of(f).real(), level);
    };
    wrapped.methods.xUnlock = [](sqlite3_file* f, int level) {
      return of(f).real()->pMethods->xUnlock(of(f).real(), level);
    };
    wrapped.methods.xCheckReservedLock = [](sqlite3_file* f, int* held) {
      return of(f).real()->pMethods->xCheckReservedLock(of(f).real(), held);
    };
    wrapped.methods.xFileControl = [](sqlite3_file* f, int what, void* value) {
      return of(f).real()->pMethods->xFileControl(of(f).real(), what, value);
    };
    wrapped.methods.xSectorSize = [](sqlite3_file* f) {
      return of(f).real()->pMethods->xSectorSize(of(f).real());
    };
    wrapped.methods.xDeviceCharacteristics = [](sqlite3_file* f) {
      return of(f).real()->pMethods->xDeviceCharacteristics(of(f).real());
    };
    wrapped.methods.xShmMap = [](sqlite3_file* f, int page, int size, int extend,
                                 void volatile** at) {
      if (extend != 0) {
        if (const int failed = of(f).vfs->next(SQLITE_IOERR_SHMSIZE)) return failed;
      }
      return of(f).real()->pMethods->xShmMap(of(f).real(), page, size, extend, at);
    };
    wrapped.methods.xShmLock = [](sqlite3_file* f, int offset, int count, int flags2) {
      return of(f).real()->pMethods->xShmLock(of(f).real(), offset, count, flags2);
    };
    wrapped.methods.xShmBarrier = [](sqlite3_file* f) {
      of(f).real()->pMethods->xShmBarrier(of(f).real());
    };
    wrapped.methods.xShmUnmap = [](sqlite3_file* f, int remove) {
      return of(f).real()->pMethods->xShmUnmap(of(f).real(), remove);
    };
    wrapped.methods.iVersion = 2;  // without xFetch: no memory-mapped reads
    wrapped.base.pMethods = &wrapped.methods;
    return status;
  }

  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_{};
  long calls_ = 0;
  long failures_ = 0;
  long failAt_ = 0;
  int systemError_ = 0;
  bool onwards_ = false;
};

}  // namespace countenance::test
