#pragma once

#include <cstddef>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

// The smallest test runner that does the job. A test file holds TEST("a rule as a sentence") {...}
// blocks with CHECKs, and ends with TEST_MAIN().

namespace countenance::test {

struct Case {
  const char* name;
  std::function<void()> body;
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct Register {
  Register(const char* name, std::function<void()> body) {
    cases().push_back({name, std::move(body)});
  }
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& what) {
  throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + what);
}

/// The code of the Error that `body` throws; fails the test when it throws none.
template <typename Body>
ErrorCode thrownBy(const char* file, int line, Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  fail(file, line, "expected an Error, nothing was thrown");
}

inline int run() {
  std::size_t failed = 0;
  for (const Case& test : cases()) {
    try {
      test.body();
      std::cout << "ok   " << test.name << std::endl;
    } catch (const std::exception& error) {
      ++failed;
      std::cout << "FAIL " << test.name << "\n     " << error.what() << std::endl;
    }
  }
  std::cout << cases().size() - failed << " of " << cases().size() << " passed" << std::endl;
  return failed == 0 && !cases().empty() ? 0 : 1;
}

}  // namespace countenance::test

#define TEST_JOIN2(a, b) a##b
#define TEST_JOIN(a, b) TEST_JOIN2(a, b)
#define TEST(name)                                                          \
  static void TEST_JOIN(testBody, __LINE__)();                              \
  static const ::countenance::test::Register TEST_JOIN(testCase, __LINE__)( \
      name, TEST_JOIN(testBody, __LINE__));                                 \
  static void TEST_JOIN(testBody, __LINE__)()
#define TEST_MAIN() \
  int main() { return ::countenance::test::run(); }

#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) ::countenance::test::fail(__FILE__, __LINE__, "not " #condition); \
  } while (false)
/// CHECK_ERROR(ErrorCode::kBusy, pool.submit(job)): the expression throws an Error of that code.
#define CHECK_ERROR(expected, ...)                                                             \
  do {                                                                                         \
    if (::countenance::test::thrownBy(__FILE__, __LINE__, [&] { __VA_ARGS__; }) != (expected)) \
      ::countenance::test::fail(__FILE__, __LINE__, "another code than " #expected);           \
  } while (false)
