#include "store/database.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <limits>
#include <optional>
#include <thread>

#include "check.h"
#include "index/flat_index.h"

namespace {

namespace fs = std::filesystem;
using countenance::CancelToken;
using countenance::Connection;
using countenance::Database;
using countenance::Error;
using countenance::ErrorCode;
using countenance::FlatIndex;
using countenance::IndexChanges;
using countenance::kApplicationId;
using countenance::SqlRows;
using countenance::SqlStatement;
using countenance::SqlValue;
using countenance::WriteBatch;
using countenance::WriteResult;

/// A folder of its own for each test, removed at its end.
class Folder final {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "countenance-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const char* name) const { return (path_ / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  fs::path path_;
};

/// What happened on another thread. Errors cross by value: ThreadSanitizer cannot see the counter
/// inside std::exception_ptr, and would report its last release as a race.
struct Outcome {
  WriteResult result;
  std::optional<ErrorCode> failure;

  void capture(const std::exception_ptr& error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const Error& thrown) {
      failure = thrown.code();
    }
  }
  WriteResult get() const {
    if (failure) throw Error(*failure, "on another thread");
    return result;
  }
};

/// Runs `body` by `queue`, on a thread of the database, and hands over what it throws.
template <typename Queue, typename Body>
void runOn(Queue&& queue, Body&& body) {
  std::promise<Outcome> done;
  queue([&](std::size_t worker) {
    Outcome outcome;
    try {
      body(worker);
    } catch (...) {
      outcome.capture(std::current_exception());
    }
    done.set_value(outcome);
  });
  done.get_future().get().get();
}

void openIt(Database& database) {
  runOn([&](auto job) { database.onWriter(job); }, [&](std::size_t) { database.open(); });
}

void closeIt(Database& database) {
  runOn([&](auto job) { database.onWriterAtLast(job); }, [&](std::size_t) { database.close(); });
}

void load(Database& database, const std::shared_ptr<FlatIndex>& index) {
  runOn([&](auto job) { database.onWriter(job); },
        [&](std::size_t) {
          database.load(index, "SELECT key, subject, vector FROM face",
                        "SELECT tag, subject FROM tagged", CancelToken());
        });
}

SqlRows read(Database& database, const SqlStatement& statement,
             const CancelToken& cancel = CancelToken()) {
  SqlRows rows;
  runOn([&](auto job) { database.onReader(job); },
        [&](std::size_t reader) { rows = database.read(reader, {statement}, cancel).at(0); });
  return rows;
}

class PendingWrite final {
 public:
  explicit PendingWrite(std::future<Outcome> outcome) : outcome_(std::move(outcome)) {}
  WriteResult get() { return outcome_.get().get(); }

 private:
  std::future<Outcome> outcome_;
};

PendingWrite write(Database& database, WriteBatch batch) {
  auto promise = std::make_shared<std::promise<Outcome>>();
  database.write({std::move(batch), [] { return true; },
                  [promise](WriteResult result, const std::exception_ptr& error) {
                    Outcome outcome{std::move(result), std::nullopt};
                    outcome.capture(error);
                    promise->set_value(std::move(outcome));
                  }});
  return PendingWrite(promise->get_future());
}

WriteResult writeNow(Database& database, std::vector<SqlStatement> statements,
                     IndexChanges changes = {}) {
  return write(database, {std::move(statements), std::move(changes)}).get();
}

SqlStatement statement(const std::string& sql, std::vector<SqlValue> params = {}) {
  return {sql, std::move(params), std::nullopt};
}

SqlStatement expecting(std::int64_t changes, const std::string& sql,
                       std::vector<SqlValue> params = {}) {
  return {sql, std::move(params), changes};
}

std::vector<SqlStatement> schema() {
  return {statement("CREATE TABLE face (key INTEGER PRIMARY KEY, subject INTEGER NOT NULL, "
                    "vector BLOB NOT NULL) STRICT"),
          statement("CREATE TABLE tagged (tag INTEGER, subject INTEGER, PRIMARY KEY (tag, subject))"
                    " STRICT, WITHOUT ROWID")};
}

std::vector<std::uint8_t> blob(const std::vector<float>& vector) {
  std::vector<std::uint8_t> bytes(vector.size() * sizeof(float));
  std::memcpy(bytes.data(), vector.data(), bytes.size());
  return bytes;
}

SqlStatement insertFace(std::int64_t key, std::int64_t subject, const std::vector<float>& vector) {
  return expecting(1, "INSERT INTO face VALUES (?1, ?2, ?3)", {key, subject, blob(vector)});
}

IndexChanges addedFace(std::int64_t key, std::int64_t subject, const std::vector<float>& vector) {
  IndexChanges changes;
  changes.addKeys = {key};
  changes.addGroups = {subject};
  changes.addVectors = vector;
  return changes;
}

std::int64_t count(Database& database, const char* table) {
  const SqlRows rows = read(database, statement(std::string("SELECT count(*) AS n FROM ") + table));
  return std::get<std::int64_t>(rows.cells.at(0));
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

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
  const auto found = index->search(std::vector<float>{1, 1}, 5, {3, std::nullopt}, CancelToken());
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

TEST("a folder without permission is an invalid argument") {
  const Folder folder;
  chmod((folder / ".").c_str(), 0500);
  const pid_t child = fork();
  if (child == 0) {  // root may write everywhere: become somebody else
    if (setuid(65534) != 0) _exit(geteuid() == 0 ? 2 : 0);
    try {
      countenance::DatabaseLock lock(folder / "a.db");
      _exit(1);
    } catch (const Error& error) {
      _exit(error.code() == ErrorCode::kInvalidArgument ? 0 : 1);
    }
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
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
