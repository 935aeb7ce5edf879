#include "store/database.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include "check.h"
#include "database_fixture.h"

namespace {

using namespace countenance;        // NOLINT: a test of this namespace
using namespace countenance::test;  // NOLINT

TEST("every kind of value comes back as it was") {
  const Folder folder;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  writeNow(database, {statement("CREATE TABLE t (v ANY) STRICT")});
  const std::vector<SqlValue> values = {std::monostate(),
                                        std::int64_t{-9007199254740991},
                                        0.1,
                                        std::string(),
                                        std::string("a\0b", 3),
                                        std::string("\xc3\xa4\xf0\x9f\x99\x82"),
                                        std::vector<std::uint8_t>{},
                                        std::vector<std::uint8_t>{0, 255, 0}};
  for (const SqlValue& value : values) {
    writeNow(database, {statement("INSERT INTO t VALUES (?1)", {value})});
  }
  CHECK(read(database, statement("SELECT v FROM t ORDER BY rowid")).cells == values);
}

TEST("a batch is all or nothing, and its failure does not touch its neighbours") {
  const Folder folder;
  Database database(folder / "a.db", {1, 100});
  openIt(database);
  writeNow(database, schema());
  std::promise<void> release;  // holds the writer, so that the batches fall into one group
  database.onWriter([&](std::size_t) { release.get_future().wait(); });
  auto first = write(database, {{insertFace(1, 1, {0, 0})}, {}});
  auto missed = write(
      database, {{insertFace(2, 1, {0, 0}), expecting(1, "DELETE FROM face WHERE key = 99")}, {}});
  auto conflicting = write(database, {{insertFace(3, 1, {0, 0}), insertFace(1, 1, {0, 0})}, {}});
  auto broken = write(database, {{statement("SELECT nonsense FROM nowhere")}, {}});
  auto two = write(database, {{statement("DELETE FROM face; DELETE FROM face")}, {}});
  auto wrongCount = write(database, {{statement("DELETE FROM face WHERE key = ?1")}, {}});
  auto ending = write(database, {{insertFace(5, 1, {0, 0}), insertFace(6, 1, {0, 0})}, {}});
  release.set_value();
  CHECK(first.get().committed);
  const WriteResult miss = missed.get();
  CHECK(!miss.committed && miss.failed == 1 && miss.changes.empty());
  CHECK_ERROR(ErrorCode::kInvalidArgument, conflicting.get());
  CHECK_ERROR(ErrorCode::kInternal, broken.get());
  CHECK_ERROR(ErrorCode::kInvalidArgument, two.get());
  CHECK_ERROR(ErrorCode::kInvalidArgument, wrongCount.get());
  CHECK(ending.get().committed);
  const SqlRows rows = read(database, statement("SELECT key FROM face ORDER BY key"));
  CHECK(rows.cells == (std::vector<SqlValue>{std::int64_t{1}, std::int64_t{5}, std::int64_t{6}}));
}

TEST("a statement that ends the transaction fails the whole group and loses nothing later") {
  const Folder folder;
  Database database(folder / "a.db", {1, 100});
  openIt(database);
  writeNow(database, schema());
  CHECK_ERROR(ErrorCode::kInternal,
              writeNow(database, {insertFace(1, 1, {0, 0}), statement("ROLLBACK")}));
  CHECK(writeNow(database, {insertFace(2, 1, {0, 0})}).committed);
  CHECK(count(database, "face") == 1);
}

TEST("a write that nobody wants any more is dropped") {
  const Folder folder;
  Database database(folder / "a.db", {1, 100});
  openIt(database);
  writeNow(database, schema());
  database.write({{{insertFace(1, 1, {0, 0})}, {}},
                  [] { return false; },
                  [](WriteResult, std::exception_ptr) {}});
  writeNow(database, {insertFace(2, 1, {0, 0})});
  CHECK(count(database, "face") == 1);
}

TEST("a statement with columns runs once for each row, of every kind of value") {
  const Folder folder;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  writeNow(database, {statement("CREATE TABLE t (a ANY, b ANY, c ANY, d ANY) STRICT")});
  SqlStatement insert = expecting(1, "INSERT INTO t VALUES (?1, ?2, ?3, ?4)", {std::int64_t{7}});
  insert.columns = {NumberColumn{1, 0.5, std::nan("")}, TextColumn{"x", std::nullopt, ""},
                    BlobColumn{{1, 2, 3, 4, 5, 6}, 2}};
  const WriteResult result = writeNow(database, {insert});
  CHECK(result.committed && result.changes == std::vector<std::int64_t>{3});
  using Bytes = std::vector<std::uint8_t>;
  const std::vector<SqlValue> expected = {std::int64_t{7},  std::int64_t{1}, std::string("x"),
                                          Bytes{1, 2},      std::int64_t{7}, 0.5,
                                          std::monostate(), Bytes{3, 4},     std::int64_t{7},
                                          std::monostate(), std::string(),   Bytes{5, 6}};
  CHECK(read(database, statement("SELECT * FROM t ORDER BY rowid")).cells == expected);

  SqlStatement erase = expecting(1, "DELETE FROM t WHERE b = ?1");
  erase.columns = {NumberColumn{1, 99}};
  CHECK(!writeNow(database, {erase}).committed);
  CHECK(count(database, "t") == 3);  // the first row of the columns was undone, too
  erase.columns = {NumberColumn{}};
  CHECK(writeNow(database, {erase}).committed);
  CHECK(count(database, "t") == 3);
}

TEST("columns that do not fit together are refused") {
  const Folder folder;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  writeNow(database, {statement("CREATE TABLE t (a ANY, b ANY) STRICT")});
  const std::vector<std::vector<SqlColumn>> bad = {
      {NumberColumn{1, 2}, NumberColumn{1}},
      {NumberColumn{1, 2}},
      {NumberColumn{1}, NumberColumn{1}, NumberColumn{1}},
      {NumberColumn{1}, BlobColumn{{1, 2, 3}, 2}},
      {NumberColumn{1}, BlobColumn{{1}, 0}}};
  for (const std::vector<SqlColumn>& columns : bad) {
    SqlStatement insert = statement("INSERT INTO t VALUES (?1, ?2)");
    insert.columns = columns;
    CHECK_ERROR(ErrorCode::kInvalidArgument, writeNow(database, {insert}));
    CHECK_ERROR(ErrorCode::kInvalidArgument, read(database, insert));
  }
  CHECK(count(database, "t") == 0);
}

TEST("keys are those that every set has, in order and once") {
  const Folder folder;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  const auto keysOf = [&](const std::vector<std::vector<SqlStatement>>& sets) {
    std::vector<std::int64_t> keys;
    runOn([&](auto job) { database.onReader(job); },
          [&](std::size_t reader) { keys = database.readKeys(reader, sets, CancelToken()); });
    return keys;
  };
  const SqlStatement odd = statement("VALUES (5), (3), (1), (3)");
  const SqlStatement low = statement("VALUES (1), (2), (3)");
  const SqlStatement high = statement("VALUES (4), (5)");
  using Keys = std::vector<std::int64_t>;
  CHECK(keysOf({{odd}}) == (Keys{1, 3, 5}));
  CHECK(keysOf({{odd}, {low}}) == (Keys{1, 3}));
  CHECK(keysOf({{low, high}, {odd}, {odd}}) == (Keys{1, 3, 5}));
  CHECK(keysOf({{odd}, {}}).empty());
  CHECK(keysOf({}).empty());
  CHECK_ERROR(ErrorCode::kStoreCorrupt, keysOf({{statement("VALUES ('a')")}}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, keysOf({{statement("COMMIT")}}));
}

TEST("an acknowledged write is in the index, and a failed one is not") {
  const Folder folder;
  Database database(folder / "a.db", {1, 100});
  openIt(database);
  writeNow(database, schema());
  CHECK_ERROR(ErrorCode::kInvalidArgument, writeNow(database, {}, addedFace(1, 1, {1, 1})));
  writeNow(database, {insertFace(1, 5, {1, 1}), statement("INSERT INTO tagged VALUES (3, 5)")});
  const auto index = std::make_shared<FlatIndex>(2);
  load(database, index);
  CHECK(index->size() == 1);
  const std::vector<float> query{1, 1};
  const auto found = index->search({query, 5}, {3, std::nullopt});
  CHECK(found.hits.size() == 1 && found.hits[0].group == 5);
  writeNow(database, {insertFace(2, 5, {2, 2})}, addedFace(2, 5, {2, 2}));
  CHECK(index->size() == 2);
  writeNow(database, {expecting(1, "DELETE FROM face WHERE key = 99")}, addedFace(3, 5, {3, 3}));
  CHECK(index->size() == 2);
  CHECK_ERROR(ErrorCode::kInvalidArgument,
              writeNow(database, {insertFace(4, 5, {4, 4})}, addedFace(4, 5, {4})));
  CHECK(count(database, "face") == 2);
}

TEST("rows that no store writes are corrupt, and nothing is half loaded") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<SqlStatement> bad = {
      insertFace(9, 1, {1}),    insertFace(9, 1, {1, nan}),
      insertFace(0, 1, {1, 1}), insertFace(-1, 1, {1, 1}),
      insertFace(9, 0, {1, 1}), statement("INSERT INTO tagged VALUES (0, 1)")};
  for (const SqlStatement& row : bad) {
    const Folder folder;
    Database database(folder / "a.db", {1, 100});
    openIt(database);
    writeNow(database, schema());
    for (std::int64_t key = 10; key < 20; ++key) writeNow(database, {insertFace(key, 1, {0, 0})});
    writeNow(database, {row});
    const auto index = std::make_shared<FlatIndex>(2);
    CHECK_ERROR(ErrorCode::kStoreCorrupt, load(database, index));
    CHECK(index->size() == 0);
  }
}

TEST("an index of 10,000 rows is loaded in several chunks") {
  const Folder folder;
  Database database(folder / "a.db", {1, 100});
  openIt(database);
  writeNow(database, schema());
  writeNow(database, {statement("INSERT INTO face WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                                "SELECT i + 1 FROM n WHERE i < 10000) "
                                "SELECT i, i, zeroblob(8) FROM n")});
  const auto index = std::make_shared<FlatIndex>(2);
  load(database, index);
  CHECK(index->size() == 10000);
  CHECK_ERROR(ErrorCode::kInvalidArgument, load(database, index));
}

TEST("full queues are busy") {
  const Folder folder;
  Database database(folder / "a.db", {1, 2});
  openIt(database);
  std::promise<void> release;
  const std::shared_future<void> released(release.get_future());
  std::promise<void> reading;
  database.onWriter([released](std::size_t) { released.wait(); });
  database.onReader([&, released](std::size_t) {
    reading.set_value();
    released.wait();
  });
  reading.get_future().wait();
  auto first = write(database, {});
  auto second = write(database, {});
  CHECK_ERROR(ErrorCode::kBusy, write(database, {}));
  for (int i = 0; i < 2; ++i) database.onReader([](std::size_t) {});
  CHECK_ERROR(ErrorCode::kBusy, database.onReader([](std::size_t) {}));
  release.set_value();
  CHECK(first.get().committed && second.get().committed);
}

TEST("after closing, calls are refused; what was queued before has run") {
  const Folder folder;
  Database database(folder / "a.db", {1, 100});
  CHECK_ERROR(ErrorCode::kStoreClosed, write(database, {}));
  openIt(database);
  writeNow(database, schema());
  std::vector<PendingWrite> queued;
  for (std::int64_t key = 1; key <= 50; ++key) {
    queued.push_back(write(database, {{insertFace(key, 1, {0, 0})}, {}}));
  }
  database.stop();
  for (auto& result : queued) CHECK(result.get().committed);
  CHECK_ERROR(ErrorCode::kStoreClosed, write(database, {}));
  CHECK_ERROR(ErrorCode::kStoreClosed, database.onReader([](std::size_t) {}));
  CHECK_ERROR(ErrorCode::kStoreClosed, database.onWriter([](std::size_t) {}));
  database.stop();
}

TEST("a long read is aborted soon after it is cancelled, and the next one works") {
  const Folder folder;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  const CancelToken cancel;
  std::thread canceller([&cancel] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    cancel.cancel();
  });
  CHECK_ERROR(ErrorCode::kAborted,
              read(database,
                   statement("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                             "SELECT count(*) FROM n"),
                   cancel));
  canceller.join();
  CHECK(read(database, statement("SELECT 1 AS one")).columns.at(0) == "one");
}

TEST("triggers in the file never run") {
  const Folder folder;
  Database database(folder / "a.db", {1, 10});
  openIt(database);
  writeNow(database, schema());
  writeNow(database, {statement("CREATE TRIGGER spy AFTER INSERT ON face BEGIN "
                                "DELETE FROM face; END")});
  writeNow(database, {insertFace(1, 1, {0, 0})});
  CHECK(count(database, "face") == 1);
}

TEST("reads and writes from several threads are each whole") {
  const Folder folder;
  Database database(folder / "a.db", {3, 100000});
  openIt(database);
  writeNow(database, schema());
  const auto index = std::make_shared<FlatIndex>(2);
  load(database, index);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::int64_t thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::int64_t i = 0; i < 60; ++i) {
        const std::int64_t key = 1 + 2 * (thread * 1000 + i);
        IndexChanges changes = addedFace(key, key, {0, 0});
        changes.addKeys.push_back(key + 1);
        changes.addGroups.push_back(key);
        changes.addVectors.insert(changes.addVectors.end(), {1, 1});
        writeNow(database, {insertFace(key, key, {0, 0}), insertFace(key + 1, key, {1, 1})},
                 std::move(changes));
        if (count(database, "face") % 2 != 0) ++wrong;
        if (index->size() % 2 != 0) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0 && index->size() == 360 && count(database, "face") == 360);
}

}  // namespace

TEST_MAIN()
