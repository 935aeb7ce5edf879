#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace countenance {

/// NULL, INTEGER, REAL, TEXT (UTF-8, may hold NUL) or BLOB.
using SqlValue =
    std::variant<std::monostate, std::int64_t, double, std::string, std::vector<std::uint8_t>>;

/// Numbers: whole ones are bound as INTEGER, others as REAL, NaN as NULL.
using NumberColumn = std::vector<double>;
using TextColumn = std::vector<std::optional<std::string>>;
/// Blobs of one size, one after the other.
struct BlobColumn {
  std::vector<std::uint8_t> bytes;
  std::size_t size = 1;  ///< Of one blob, at least 1.
};
/// A value for each time that a statement runs.
using SqlColumn = std::variant<NumberColumn, TextColumn, BlobColumn>;

/// One statement of SQL and the values of its parameters `?1`, `?2`, ...
struct SqlStatement {
  std::string sql;
  std::vector<SqlValue> params;
  /// The batch is rolled back unless the statement changes exactly this many rows, each time that
  /// it runs.
  std::optional<std::int64_t> expectChanges;
  /// With columns, the statement runs once for each of their rows: their values follow `params`.
  std::vector<SqlColumn> columns = {};
};

struct SqlRows {
  std::vector<std::string> columns;
  std::vector<SqlValue> cells;  ///< Row by row, columns.size() to a row.
};

}  // namespace countenance
