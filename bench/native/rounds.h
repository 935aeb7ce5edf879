#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace countenance::bench {

/// One JSON string. Text comes from our own programs: only quotes, backslashes and controls matter.
inline std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

/// The program's side of bench/contestant.ts: says that it is ready on descriptor 3, then runs as
/// many iterations as each line of stdin asks for, and answers with their times.
class RoundServer final {
 public:
  /// @param vectors  The results that the parent compares with the other rows'.
  /// @param facts    Plain numbers by name.
  void ready(const std::string& note, const std::vector<std::vector<float>>& vectors,
             const std::map<std::string, double>& facts = {}) {
    std::ostringstream line;
    line << std::setprecision(9) << "{\"note\":" << quoted(note) << ",\"vectors\":[";
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      line << (i == 0 ? "" : ",");
      writeArray(line, vectors[i]);
    }
    line << "],\"facts\":{";
    const char* comma = "";
    for (const auto& [name, value] : facts) {
      line << comma << quoted(name) << ":" << value;
      comma = ",";
    }
    line << "}}\n";
    answer(line.str());
  }

  /// @param step  Called with 0, 1, 2 ... over all rounds; each call is timed by itself.
  template <typename Step>
  void serve(Step&& step) {
    std::size_t next = 0;
    for (std::size_t wanted = 0; std::cin >> wanted;) {
      std::vector<double> timesMs;
      timesMs.reserve(wanted);
      for (std::size_t i = 0; i < wanted; ++i) {
        const auto start = std::chrono::steady_clock::now();
        step(next++);
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - start;
        timesMs.push_back(took.count());
      }
      answerTimes(timesMs);
    }
  }

  /// @param step  Called with the number of one of `threads` threads, and 0, 1, 2 ... over all
  /// rounds; each call is timed by itself.
  template <typename Step>
  void serve(std::size_t threads, Step&& step) {
    if (threads == 1) {
      serve([&step](std::size_t i) { step(std::size_t{0}, i); });
      return;
    }
    std::size_t first = 0;
    for (std::size_t wanted = 0; std::cin >> wanted;) {
      std::vector<double> timesMs(wanted);
      std::atomic<std::size_t> next{0};
      std::vector<std::thread> workers;
      for (std::size_t t = 0; t < threads; ++t) {
        workers.emplace_back([&, t] {
          for (std::size_t i = next++; i < wanted; i = next++) {
            const auto start = std::chrono::steady_clock::now();
            step(t, first + i);
            const std::chrono::duration<double, std::milli> took =
                std::chrono::steady_clock::now() - start;
            timesMs[i] = took.count();
          }
        });
      }
      for (std::thread& worker : workers) worker.join();
      first += wanted;
      answerTimes(timesMs);
    }
  }

 private:
  static void answerTimes(const std::vector<double>& timesMs) {
    std::ostringstream line;
    line << std::setprecision(9) << "{\"timesMs\":";
    writeArray(line, timesMs);
    line << "}\n";
    answer(line.str());
  }

  template <typename Number>
  static void writeArray(std::ostream& out, const std::vector<Number>& numbers) {
    out << "[";
    for (std::size_t i = 0; i < numbers.size(); ++i) out << (i == 0 ? "" : ",") << numbers[i];
    out << "]";
  }

  /// By write(2): Node's end is a socket, and /dev/fd/3 of a socket cannot be opened as a stream.
  static void answer(const std::string& text) {
    constexpr int kAnswerDescriptor = 3;
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t wrote = ::write(kAnswerDescriptor, text.data() + at, text.size() - at);
      if (wrote < 0) throw std::runtime_error("error: nobody reads descriptor 3");
      at += static_cast<std::size_t>(wrote);
    }
  }
};

}  // namespace countenance::bench
