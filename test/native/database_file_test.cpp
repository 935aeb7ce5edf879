#include "store/database_file.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "check.h"
#include "database_fixture.h"

namespace {

using namespace countenance;        // NOLINT: a test of this namespace
using namespace countenance::test;  // NOLINT

TEST("what was committed is there after reopening, and nothing else lies in the folder") {
  const Folder folder;
  {
    Database database(folder / "a.db", {2, 10});
    openIt(database);
    CHECK(writeNow(database, schema()).committed);
    const WriteResult result = writeNow(database, {insertFace(1, 7, {1, 2})});
    CHECK(result.committed && result.changes == std::vector<std::int64_t>{1});
    closeIt(database);
    closeIt(database);
    CHECK(folder.files() == 1);
  }
  Database database(folder / "a.db", {2, 10});
  openIt(database);
  CHECK(count(database, "face") == 1);
}

TEST("the database and its companions are readable by their owner only") {
  const Folder folder;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  writeNow(database, schema());
  for (const char* name : {"a.db", "a.db-lock", "a.db-wal", "a.db-shm"}) {
    struct stat status {};
    CHECK(stat((folder / name).c_str(), &status) == 0 && (status.st_mode & 0777) == 0600);
  }
}

TEST("a second handle is refused at once, and may come when the first has gone") {
  const Folder folder;
  Database first(folder / "a.db", {1, 10});
  openIt(first);
  {
    Database second(folder / "a.db", {1, 10});
    CHECK_ERROR(ErrorCode::kStoreLocked, openIt(second));
  }
  fs::create_symlink(folder / "a.db", folder / "link.db");
  {
    Database second(folder / "link.db", {1, 10});
    CHECK_ERROR(ErrorCode::kStoreLocked, openIt(second));
  }
  CHECK(writeNow(first, schema()).committed);
  closeIt(first);
  Database third(folder / "link.db", {1, 10});
  openIt(third);
  CHECK(count(third, "face") == 0);
}

TEST("a file that is not ours is refused, and not one byte of the folder changes") {
  const std::string page = std::string("SQLite format 3\0", 16) + std::string(4080, '\1');
  for (const std::string& bytes : {std::string("x"), std::string(100, 'x'),
                                   std::string(100000, '\0'), page, page.substr(0, 60)}) {
    const Folder folder;
    put(folder / "a.db", bytes);
    Database database(folder / "a.db", {1, 10});
    CHECK_ERROR(ErrorCode::kStoreCorrupt, openIt(database));
    CHECK(contents(folder / "a.db") == bytes && folder.files() == 1);
  }
}

TEST("a truncated or overwritten database of ours is corrupt") {
  const Folder folder;
  {
    Database database(folder / "a.db", {1, 10});
    openIt(database);
    writeNow(database, schema());
    for (std::int64_t key = 1; key < 300; ++key) {
      writeNow(database, {insertFace(key, 1, std::vector<float>(128, 1))});
    }
  }
  const std::string whole = contents(folder / "a.db");
  CHECK(whole.size() > 16 * 4096);
  std::string scrambled = whole;
  std::fill(scrambled.begin() + 100, scrambled.begin() + 3 * 4096, '\xa5');
  for (const std::string& bytes :
       {whole.substr(0, 100), whole.substr(0, 4096), whole.substr(0, 20000), scrambled}) {
    put(folder / "a.db", bytes);
    Database database(folder / "a.db", {1, 10});
    CHECK_ERROR(ErrorCode::kStoreCorrupt, openIt(database));
    CHECK(contents(folder / "a.db") == bytes);
  }
}

TEST("a header that no SQLite knows is corrupt, and not one byte changes") {
  const Folder folder;
  {
    Database database(folder / "a.db", {1, 10});
    openIt(database);
    writeNow(database, schema());
  }
  const std::string whole = contents(folder / "a.db");
  // Write version, read version, last byte of the schema format (SQLite file format, section 1.3).
  for (const std::size_t offset : {18, 19, 47}) {
    std::string bytes = whole;
    bytes[offset] = 9;
    put(folder / "a.db", bytes);
    Database database(folder / "a.db", {1, 10});
    CHECK_ERROR(ErrorCode::kStoreCorrupt, openIt(database));
    CHECK(contents(folder / "a.db") == bytes);
  }
}

TEST("a file with several names is refused, and keeps the locks of its open handle") {
  const Folder folder;
  Database first(folder / "a.db", {1, 10});
  openIt(first);
  fs::create_hard_link(folder / "a.db", folder / "b.db");
  {
    Database second(folder / "b.db", {1, 10});
    CHECK_ERROR(ErrorCode::kInvalidArgument, openIt(second));
  }
  CHECK(writeNow(first, schema()).committed);
  closeIt(first);
  fs::remove(folder / "b.db");
  Database third(folder / "a.db", {1, 10});
  openIt(third);
  CHECK(count(third, "face") == 0);
}

TEST("a path that cannot be used is an invalid argument") {
  const Folder folder;
  fs::create_symlink(folder / "nothing", folder / "dangling");
  put(folder / "file", "");
  for (const std::string& path :
       {std::string(), std::string(":memory:"), folder / "missing/a.db", folder / ".",
        folder / "dangling", folder / "file/a.db", folder / "new/", std::string("a\0b", 3),
        folder / std::string(300, 'x').c_str()}) {
    Database database(path, {1, 10});
    CHECK_ERROR(ErrorCode::kInvalidArgument, openIt(database));
  }
  CHECK_ERROR(ErrorCode::kInvalidArgument, Database(folder / "a.db", {0, 10}));
}

TEST("a folder without permission is read-only") {
  const Folder folder;
  chmod((folder / ".").c_str(), 0500);
  const pid_t child = fork();
  if (child == 0) {  // root may write everywhere: become somebody else
    if (setuid(65534) != 0) _exit(geteuid() == 0 ? 2 : 0);
    try {
      countenance::DatabaseLock lock(folder / "a.db");
      _exit(1);
    } catch (const Error& error) {
      _exit(error.code() == ErrorCode::kStoreReadOnly ? 0 : 1);
    }
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST("kill -9 leaves every acknowledged batch, no half one, and no lock") {
  const Folder folder;
  {
    Database database(folder / "a.db", {1, 10});
    openIt(database);
    writeNow(database, schema());
  }
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
      Database database(folder / "a.db", {1, 10});
      openIt(database);
      for (std::int64_t key = acknowledged + 1000000 * (round + 1);; key += 2) {
        writeNow(database, {insertFace(key, 1, {0, 0}), insertFace(key + 1, 1, {0, 0})});
        if (::write(ends[1], "x", 1) != 1) _exit(1);
      }
    }
    (void)close(ends[1]);
    usleep(static_cast<useconds_t>(20000 + 13000 * round));
    kill(child, SIGKILL);
    CHECK(waitpid(child, nullptr, 0) == child);
    char byte = 0;
    std::int64_t told = 0;
    while (::read(ends[0], &byte, 1) == 1) ++told;
    (void)close(ends[0]);
    Database database(folder / "a.db", {1, 10});
    openIt(database);
    const std::int64_t rows = count(database, "face");
    CHECK(rows % 2 == 0 && rows / 2 >= acknowledged + told && rows / 2 <= acknowledged + told + 1);
    acknowledged = rows / 2;
    CHECK(read(database, statement("PRAGMA integrity_check")).cells.at(0) ==
          SqlValue(std::string("ok")));
  }
  CHECK(acknowledged > 8);
}

}  // namespace

TEST_MAIN()
