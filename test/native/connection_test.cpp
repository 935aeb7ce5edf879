#include "store/connection.h"

#include <cerrno>
#include <set>

#include "check.h"
#include "database_fixture.h"
#include "faulty_vfs.h"

namespace {

using namespace countenance;        // NOLINT: a test of this namespace
using namespace countenance::test;  // NOLINT

struct Fault {
  int systemError;
  bool onwards;
  ErrorCode code;
};
constexpr Fault kFullForGood = {ENOSPC, true, ErrorCode::kStoreFull};
constexpr Fault kFullOnce = {ENOSPC, false, ErrorCode::kStoreFull};
constexpr Fault kBrokenForGood = {EIO, true, ErrorCode::kStoreIo};
constexpr Fault kBrokenOnce = {EIO, false, ErrorCode::kStoreIo};
constexpr Fault kReadOnly = {EROFS, true, ErrorCode::kStoreReadOnly};
constexpr std::int64_t kWrites = 3;

/// What happened to a load of writes, each of two faces and an index change.
struct Told {
  std::set<std::int64_t> acknowledged;
  std::set<std::int64_t> refused;
};

/// Runs `body`; whatever it throws must be of the fault's kind. False when it threw.
template <typename Body>
bool survives(const Fault& fault, Body&& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    // A full disk that is asked to sync answers as a broken one does, and so does a file that
    // cannot be made longer for the index of the log.
    const bool expected = error.code() == fault.code || error.code() == ErrorCode::kStoreIo;
    if (!expected) throw;
    return false;
  }
}

void writePair(Database& database, std::int64_t key) {
  IndexChanges changes = addedFace(key, key, {float(key), 0});
  changes.addKeys.push_back(key + 1);
  changes.addGroups.push_back(key);
  changes.addVectors.insert(changes.addVectors.end(), {float(key), 1});
  // Large enough for pages of its own, so that a commit writes several.
  const std::vector<float> wide(1100, float(key));
  writeNow(database,
           {insertFace(key, key, {float(key), 0}), insertFace(key + 1, key, {float(key), 1}),
            statement("INSERT INTO filler VALUES (?1, ?2)", {key, blob(wide)})},
           std::move(changes));
}

Told runLoad(Database& database, const Fault& fault) {
  Told told;
  const auto index = std::make_shared<FlatIndex>(2);
  if (!survives(fault, [&] { openIt(database); })) return told;
  if (!survives(fault, [&] { load(database, index); })) return told;
  for (std::int64_t i = 0; i < kWrites; ++i) {
    const std::int64_t key = 1 + 2 * i;
    const std::size_t before = index->size();
    if (survives(fault, [&] { writePair(database, key); })) {
      told.acknowledged.insert(key);
    } else {
      told.refused.insert(key);
    }
    CHECK(index->size() == before + (told.acknowledged.count(key) != 0 ? 2 : 0));
    // Whatever failed, what is read is what was acknowledged.
    survives(fault,
             [&] { CHECK(count(database, "face") == std::int64_t(2 * told.acknowledged.size())); });
  }
  survives(fault, [&] { closeIt(database); });
  return told;
}

std::set<std::int64_t> keysIn(Database& database) {
  const SqlRows rows = read(database, statement("SELECT key FROM face"));
  std::set<std::int64_t> keys;
  for (const SqlValue& cell : rows.cells) keys.insert(std::get<std::int64_t>(cell));
  return keys;
}

/// Lets each call in turn fail; afterwards the store must open, be whole, and take writes again.
long tryEveryCall(const Fault& fault) {
  long refused = 0;
  for (long call = 1;; ++call) {
    const Folder folder;
    FaultyVfs vfs;
    {
      Database database(folder / "a.db", {1, 10});
      openIt(database);
      std::vector<SqlStatement> tables = schema();
      tables.push_back(statement("CREATE TABLE filler (key INTEGER PRIMARY KEY, x BLOB) STRICT"));
      writeNow(database, tables);
    }
    vfs.failAt(call, fault.systemError, fault.onwards);
    Told told;
    {
      Database database(folder / "a.db", {1, 10});
      told = runLoad(database, fault);
    }
    const bool reached = vfs.failures() != 0;
    vfs.heal();
    refused += static_cast<long>(told.refused.size());

    Database database(folder / "a.db", {1, 10});
    openIt(database);
    const auto index = std::make_shared<FlatIndex>(2);
    load(database, index);
    const std::set<std::int64_t> found = keysIn(database);
    std::size_t unforeseen = 0;
    for (const std::int64_t key : told.acknowledged)
      CHECK(found.count(key) + found.count(key + 1) == 2);
    for (const std::int64_t key : told.refused) {
      CHECK(found.count(key) == found.count(key + 1));
      unforeseen += found.count(key);
    }
    // The log had it all when the disk refused to sync, and nothing was written over it since.
    CHECK(unforeseen <= (fault.onwards ? 1 : 0));
    const std::size_t writes = told.acknowledged.size() + unforeseen;
    CHECK(found.size() == 2 * writes && index->size() == 2 * writes);
    CHECK(count(database, "filler") == std::int64_t(writes));
    CHECK(read(database, statement("PRAGMA integrity_check")).cells.at(0) ==
          SqlValue(std::string("ok")));
    writePair(database, 1001);
    closeIt(database);
    CHECK(folder.files() == 1);
    if (!reached) return refused;
  }
}

TEST("a disk that is full from any moment on loses nothing, and the store works again with room") {
  CHECK(tryEveryCall(kFullForGood) > 10);
}

TEST("a disk that is full for one call loses nothing") { CHECK(tryEveryCall(kFullOnce) > 2); }

TEST("a disk that breaks at any moment loses nothing that was acknowledged") {
  CHECK(tryEveryCall(kBrokenForGood) > 10);
}

TEST("an error of any single call loses nothing") { CHECK(tryEveryCall(kBrokenOnce) > 2); }

TEST("a file system that becomes read-only loses nothing") { CHECK(tryEveryCall(kReadOnly) > 10); }

TEST("a write that finds no room is told so, and the next one with room succeeds") {
  const Folder folder;
  FaultyVfs vfs;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  writeNow(database, schema());
  vfs.failAt(1, ENOSPC, true);
  CHECK_ERROR(ErrorCode::kStoreFull, writeNow(database, {insertFace(1, 1, {0, 0})}));
  CHECK_ERROR(ErrorCode::kStoreFull, writeNow(database, {insertFace(1, 1, {0, 0})}));
  CHECK(count(database, "face") == 0);
  vfs.heal();
  CHECK(writeNow(database, {insertFace(1, 1, {0, 0})}).committed);
  CHECK(count(database, "face") == 1);
}

TEST("a write to a broken disk is told so") {
  const Folder folder;
  FaultyVfs vfs;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  writeNow(database, schema());
  vfs.failAt(1, EIO, true);
  CHECK_ERROR(ErrorCode::kStoreIo, writeNow(database, {insertFace(1, 1, {0, 0})}));
  vfs.heal();
  CHECK(writeNow(database, {insertFace(1, 1, {0, 0})}).committed);
}

TEST("a backup to a full disk leaves nothing behind, and the store goes on") {
  const Folder folder;
  FaultyVfs vfs;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  writeNow(database, schema());
  for (std::int64_t key = 1; key < 50; ++key) writeNow(database, {insertFace(key, 1, {0, 0})});
  const std::size_t before = folder.files();
  const auto backup = [&] {
    runOn([&](auto job) { database.onCopier(job); },
          [&](std::size_t) { database.backup(folder / "b.db", {false}, CancelToken()); });
  };
  long failed = 0;
  for (long call = 1;; ++call) {
    const long failures = vfs.failures();
    vfs.failAt(call, ENOSPC, true);
    if (survives(kFullForGood, backup)) {
      CHECK(vfs.failures() == failures);
      break;
    }
    ++failed;
    CHECK(folder.files() == before);
  }
  vfs.heal();
  CHECK(failed > 3 && folder.files() == before + 1);
  CHECK(writeNow(database, {insertFace(1000, 1, {0, 0})}).committed);
  Database copy(folder / "b.db", {1, 10});
  openIt(copy);
  CHECK(count(copy, "face") == 49);
}

}  // namespace

TEST_MAIN()
