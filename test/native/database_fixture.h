#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "folder.h"
#include "index/flat_index.h"
#include "store/database.h"

// What the tests of the database share: a folder, the database's threads driven one call at a time,
// and a small schema.

namespace countenance::test {

namespace fs = std::filesystem;

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
inline void runOn(Queue&& queue, Body&& body) {
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

inline void openIt(Database& database) {
  runOn([&](auto job) { database.onWriter(job); }, [&](std::size_t) { database.open(); });
}

inline void closeIt(Database& database) {
  runOn([&](auto job) { database.onWriterAtLast(job); }, [&](std::size_t) { database.close(); });
}

inline void load(Database& database, const std::shared_ptr<FlatIndex>& index) {
  runOn([&](auto job) { database.onWriter(job); },
        [&](std::size_t) {
          database.load(index, "SELECT key, subject, vector FROM face",
                        "SELECT tag, subject FROM tagged", CancelToken());
        });
}

inline SqlRows read(Database& database, const SqlStatement& statement,
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

inline PendingWrite write(Database& database, WriteBatch batch) {
  auto promise = std::make_shared<std::promise<Outcome>>();
  database.write({std::move(batch), [] { return true; },
                  [promise](WriteResult result, const std::exception_ptr& error) {
                    Outcome outcome{std::move(result), std::nullopt};
                    outcome.capture(error);
                    promise->set_value(std::move(outcome));
                  }});
  return PendingWrite(promise->get_future());
}

inline WriteResult writeNow(Database& database, std::vector<SqlStatement> statements,
                            IndexChanges changes = {}) {
  return write(database, {std::move(statements), std::move(changes)}).get();
}

inline SqlStatement statement(const std::string& sql, std::vector<SqlValue> params = {}) {
  return {sql, std::move(params), std::nullopt};
}

inline SqlStatement expecting(std::int64_t changes, const std::string& sql,
                              std::vector<SqlValue> params = {}) {
  return {sql, std::move(params), changes};
}

inline std::vector<SqlStatement> schema() {
  return {statement("CREATE TABLE face (key INTEGER PRIMARY KEY, subject INTEGER NOT NULL, "
                    "vector BLOB NOT NULL) STRICT"),
          statement("CREATE TABLE tagged (tag INTEGER, subject INTEGER, PRIMARY KEY (tag, subject))"
                    " STRICT, WITHOUT ROWID")};
}

inline std::vector<std::uint8_t> blob(const std::vector<float>& vector) {
  std::vector<std::uint8_t> bytes(vector.size() * sizeof(float));
  std::memcpy(bytes.data(), vector.data(), bytes.size());
  return bytes;
}

inline SqlStatement insertFace(std::int64_t key, std::int64_t subject,
                               const std::vector<float>& vector) {
  return expecting(1, "INSERT INTO face VALUES (?1, ?2, ?3)", {key, subject, blob(vector)});
}

inline IndexChanges addedFace(std::int64_t key, std::int64_t subject,
                              const std::vector<float>& vector) {
  IndexChanges changes;
  changes.addKeys = {key};
  changes.addGroups = {subject};
  changes.addVectors = vector;
  return changes;
}

inline std::int64_t count(Database& database, const char* table) {
  const SqlRows rows = read(database, statement(std::string("SELECT count(*) AS n FROM ") + table));
  return std::get<std::int64_t>(rows.cells.at(0));
}

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace countenance::test
