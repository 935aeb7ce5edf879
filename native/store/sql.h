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

/// One statement of SQL and the values of its parameters `?1`, `?2`, ...
struct SqlStatement {
  std::string sql;
  std::vector<SqlValue> params;
  /// The batch is rolled back unless the statement changes exactly this many rows.
  std::optional<std::int64_t> expectChanges;
};

struct SqlRows {
  std::vector<std::string> columns;
  std::vector<SqlValue> cells;  ///< Row by row, columns.size() to a row.
};

}  // namespace countenance
