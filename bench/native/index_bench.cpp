// Times the scans of native/index by themselves: no store, no threads, no JavaScript.
//
//   index_bench table <rows> <dimension> [rounds [level]]   all rows, interleaved: one JSON object
//   index_bench serve <row> <rows> <dimension> [level]      one of them, for bench/race.ts
//
// The data: clusters (clustered_vectors.h) unless a row's name says otherwise.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "clustered_vectors.h"
#include "index/coded_block.h"
#include "index/pages.h"
#include "index/row_scan.h"
#include "rounds.h"

namespace {

using namespace countenance;  // NOLINT: a program of one file, about this namespace

constexpr std::size_t kQueries = 64;
constexpr std::size_t kNearest = 10;
constexpr std::size_t kTogether = 16;
constexpr std::uint64_t kSeed = 20261120;

/// The k nearest rows of a whole index, and nothing else.
class Nearest final : public NearRowSink {
 public:
  explicit Nearest(std::size_t k) : k_(k) {}
  float bound() const override { return bound_; }
  void take(std::uint32_t row, float squared) override {
    const std::pair<float, std::size_t> entry{squared, base + row};
    found_.insert(std::upper_bound(found_.begin(), found_.end(), entry), entry);
    if (found_.size() > k_) found_.pop_back();
    if (found_.size() == k_) bound_ = found_.back().first;
  }
  std::size_t base = 0;  ///< Of the block's rows.
  const std::vector<std::pair<float, std::size_t>>& found() const { return found_; }

 private:
  const std::size_t k_;
  float bound_ = std::numeric_limits<float>::infinity();
  std::vector<std::pair<float, std::size_t>> found_;
};

const ScanKernels& kernelsNamed(const std::string& level) {
  if (level == "best") return bestScanKernels();
  for (const ScanKernels* kernels : availableScanKernels()) {
    if (kernels->name == level) return *kernels;
  }
  throw std::runtime_error("error: this CPU has no " + level);
}

/// Vectors in blocks, and queries for them.
struct Collection {
  Collection(std::size_t count, std::size_t d, const ScanKernels& k)
      : rows(count), dimension(d), kernels(k) {}

  void add(const float* vector) {
    const std::size_t capacity = CodedBlock::capacityFor(dimension);
    if (size % capacity == 0) {
      blocks.push_back(std::make_unique<CodedBlock>(dimension, true, kernels));
    }
    blocks.back()->write(size++ % capacity, vector);
  }

  std::size_t usedOf(std::size_t block) const {
    return std::min(rows - block * blocks[0]->capacity(), blocks[0]->capacity());
  }
  Span<const float> query(std::size_t i) const {
    return {queries.data() + i % kQueries * dimension, dimension};
  }

  const std::size_t rows;
  const std::size_t dimension;
  const ScanKernels& kernels;
  std::size_t size = 0;
  std::vector<std::unique_ptr<CodedBlock>> blocks;
  std::vector<float> queries;
};

using Made = std::unique_ptr<Collection>;

Made clusters(std::size_t rows, std::size_t dimension, const ScanKernels& kernels) {
  auto made = std::make_unique<Collection>(rows, dimension, kernels);
  const bench::ClusteredVectors source(dimension, kSeed);
  std::vector<float> vector(dimension);
  for (std::size_t i = 0; i < rows; ++i) {
    source.row(i, rows, vector.data());
    made->add(vector.data());
  }
  made->queries.resize(kQueries * dimension);
  for (std::size_t i = 0; i < kQueries; ++i) {
    source.query(i, rows, made->queries.data() + i * dimension);
  }
  return made;
}

/// No structure that a code could use: every row is about as far as every other.
Made gaussians(std::size_t rows, std::size_t dimension, const ScanKernels& kernels) {
  auto made = std::make_unique<Collection>(rows, dimension, kernels);
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> vector(dimension);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& value : vector) value = normal(random);
    made->add(vector.data());
  }
  made->queries.resize(kQueries * dimension);
  for (float& value : made->queries) value = normal(random);
  return made;
}

/// All rows as far from every query as the nearest, but for differences that no code can see.
Made duplicates(std::size_t rows, std::size_t dimension, const ScanKernels& kernels) {
  auto made = std::make_unique<Collection>(rows, dimension, kernels);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.1F);
  std::vector<float> vector(dimension);
  for (float& value : vector) value = normal(random);
  for (std::size_t i = 0; i < rows; ++i) {
    vector[i % dimension] *= 1 + 1e-6F * normal(random);
    made->add(vector.data());
  }
  made->queries.resize(kQueries * dimension);
  for (float& value : made->queries) value = normal(random);
  return made;
}

struct Step {
  std::string name;
  std::function<void(std::size_t)> run;
  double bytes = 0;         ///< Read per call, at least.
  std::size_t queries = 1;  ///< Per call.
  ScanCounts counts;        ///< Of all calls.
  std::size_t calls = 0;
};

void add(ScanCounts& to, const ScanCounts& from) {
  to.scanned += from.scanned;
  to.refined += from.refined;
  to.reranked += from.reranked;
  to.plainSegments += from.plainSegments;
}

/// Sums what is there, eight words at a time.
std::uint64_t readAll(const Pages& pages) {
  std::uint64_t sums[8] = {};
  const auto* words = reinterpret_cast<const std::uint64_t*>(pages.data());
  for (std::size_t i = 0; i < pages.size() / sizeof(*words); i += 8) {
    for (std::size_t j = 0; j < 8; ++j) sums[j] += words[i + j];
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t one : sums) sum += one;
  return sum;
}

Step readStep(const std::string& name, std::size_t bytes, bool huge) {
  auto pages = std::make_shared<Pages>(bytes, huge);
  std::memset(pages->data(), 1, bytes);
  auto sink = std::make_shared<std::uint64_t>(0);
  return {name, [pages, sink](std::size_t) { *sink += readAll(*pages); }, double(bytes), 1, {}, 0};
}

Step plainStep(const std::string& name, const Collection& data) {
  Step step{name, {}, double(data.rows * data.dimension * sizeof(float)), 1, {}, 0};
  step.run = [&data](std::size_t i) {
    Nearest nearest(kNearest);
    std::vector<float> query(data.query(i).begin(), data.query(i).end());
    std::vector<float> squared(1024);
    for (std::size_t b = 0; b < data.blocks.size(); ++b) {
      const CodedBlock& block = *data.blocks[b];
      nearest.base = b * block.capacity();
      const std::size_t used = data.usedOf(b);
      for (std::size_t row = 0; row < used; row += squared.size()) {
        const std::size_t count = std::min(squared.size(), used - row);
        data.kernels.distances(query.data(), {block.vector(row), block.stride()}, count,
                               squared.data());
        for (std::size_t at = 0; at < count; ++at) {
          if (squared[at] <= nearest.bound()) {
            nearest.take(static_cast<std::uint32_t>(row + at), squared[at]);
          }
        }
      }
    }
  };
  return step;
}

void scanAll(const Collection& data, RowScan& scan, Nearest& nearest) {
  for (std::size_t b = 0; b < data.blocks.size(); ++b) {
    nearest.base = b * data.blocks[0]->capacity();
    scan.scan(*data.blocks[b], data.usedOf(b), nullptr, nearest);
  }
}

double codeBytes(const Collection& data) {
  const std::size_t chunks = (data.dimension + kChunkElements - 1) / kChunkElements;
  return double(data.rows * (chunks * kChunkBytes + sizeof(RowMark)));
}

std::unique_ptr<Step> certifiedStep(const std::string& name, const Collection& data,
                                    std::size_t k = kNearest) {
  auto step = std::make_unique<Step>(Step{name, {}, codeBytes(data), 1, {}, 0});
  step->run = [&data, k, at = step.get()](std::size_t i) {
    Nearest nearest(k);
    RowScan scan(data.query(i), data.kernels);
    scanAll(data, scan, nearest);
    add(at->counts, scan.counts());
    ++at->calls;
  };
  return step;
}

std::unique_ptr<Step> togetherStep(const std::string& name, const Collection& data) {
  auto step = std::make_unique<Step>(Step{name, {}, codeBytes(data), kTogether, {}, 0});
  step->run = [&data, at = step.get()](std::size_t i) {
    std::vector<RowScan> scans;
    std::vector<Nearest> nearest(kTogether, Nearest(kNearest));
    for (std::size_t q = 0; q < kTogether; ++q) {
      scans.emplace_back(data.query(i * kTogether + q), data.kernels);
    }
    std::vector<RowScan*> scanOf;
    std::vector<NearRowSink*> sinkOf;
    for (std::size_t q = 0; q < kTogether; ++q) {
      scanOf.push_back(&scans[q]);
      sinkOf.push_back(&nearest[q]);
    }
    for (std::size_t b = 0; b < data.blocks.size(); ++b) {
      for (Nearest& one : nearest) one.base = b * data.blocks[0]->capacity();
      scanTogether(scanOf, *data.blocks[b], data.usedOf(b), sinkOf);
    }
    for (const RowScan& scan : scans) add(at->counts, scan.counts());
    ++at->calls;
  };
  return step;
}

std::unique_ptr<Step> gatherStep(const std::string& name, const Collection& data,
                                 std::size_t wanted) {
  auto step = std::make_unique<Step>(Step{name, {}, 0, 1, {}, 0});
  const std::size_t capacity = data.blocks[0]->capacity();
  std::mt19937_64 random(7);
  // Eight lists, as the next search is for another one: rows of each block.
  std::vector<std::vector<std::vector<std::uint32_t>>> lists(8);
  for (auto& list : lists) {
    list.resize(data.blocks.size());
    for (std::size_t i = 0; i < std::min(wanted, data.rows); ++i) {
      const std::size_t row = random() % data.rows;
      list[row / capacity].push_back(static_cast<std::uint32_t>(row % capacity));
    }
    for (auto& rows : list) {
      std::sort(rows.begin(), rows.end());
      rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    }
  }
  step->run = [&data, capacity, lists, at = step.get()](std::size_t i) {
    Nearest nearest(kNearest);
    RowScan scan(data.query(i), data.kernels);
    for (std::size_t b = 0; b < data.blocks.size(); ++b) {
      nearest.base = b * capacity;
      scan.gather(*data.blocks[b], lists[i % lists.size()][b], nearest);
    }
    add(at->counts, scan.counts());
    ++at->calls;
  };
  return step;
}

struct Program {
  std::vector<Made> data;
  std::vector<std::unique_ptr<Step>> steps;
};

constexpr std::size_t kReadBytes = std::size_t{256} << 20;

Program programFor(std::size_t rows, std::size_t dimension, const ScanKernels& kernels,
                   const std::string& only) {
  Program program;
  const auto wants = [&](const std::string& name) { return only.empty() || only == name; };
  const auto push = [&](Step step) {
    program.steps.push_back(std::make_unique<Step>(std::move(step)));
  };
  if (wants("read-huge")) push(readStep("read-huge", kReadBytes, true));
  if (wants("read-small")) push(readStep("read-small", kReadBytes, false));
  const std::string onClusters[] = {"f32",      "certified",   "certified-k1000",
                                    "together", "gather-1000", "gather-10000"};
  if (only.empty() || std::count(std::begin(onClusters), std::end(onClusters), only) > 0) {
    program.data.push_back(clusters(rows, dimension, kernels));
    const Collection& data = *program.data.back();
    if (wants("f32")) push(plainStep("f32", data));
    if (wants("certified")) program.steps.push_back(certifiedStep("certified", data));
    if (wants("certified-k1000")) {
      program.steps.push_back(certifiedStep("certified-k1000", data, 1000));
    }
    if (wants("together")) program.steps.push_back(togetherStep("together", data));
    if (wants("gather-1000")) program.steps.push_back(gatherStep("gather-1000", data, 1000));
    if (wants("gather-10000")) program.steps.push_back(gatherStep("gather-10000", data, 10000));
  }
  // Beside these, a fifth of the rows is enough.
  const std::size_t fewer = std::max<std::size_t>(1, rows / 5);
  const std::pair<std::string, Made (*)(std::size_t, std::size_t, const ScanKernels&)> others[] = {
      {"gaussian", &gaussians}, {"duplicates", &duplicates}};
  for (const auto& [name, make] : others) {
    if (!wants(name) && !wants(name + "-f32")) continue;
    program.data.push_back(make(fewer, dimension, kernels));
    const Collection& data = *program.data.back();
    if (wants(name + "-f32")) push(plainStep(name + "-f32", data));
    if (wants(name)) program.steps.push_back(certifiedStep(name, data));
  }
  if (program.steps.empty()) throw std::runtime_error("error: no row is called " + only);
  return program;
}

double timed(Step& step, std::size_t i) {
  const auto start = std::chrono::steady_clock::now();
  step.run(i);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(step.queries);
}

void table(std::size_t rows, std::size_t dimension, std::size_t rounds,
           const ScanKernels& kernels) {
  Program program = programFor(rows, dimension, kernels, "");
  std::vector<std::vector<double>> times(program.steps.size());
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t s = 0; s < program.steps.size(); ++s) {
      times[s].push_back(timed(*program.steps[s], round));
    }
  }
  std::cout << "{\"level\":" << bench::quoted(kernels.name) << ",\"rows\":" << rows
            << ",\"dimension\":" << dimension << ",\"bytesPerRow\":"
            << program.data[0]->blocks[0]->bytes() / program.data[0]->blocks[0]->capacity()
            << ",\"steps\":{";
  for (std::size_t s = 0; s < program.steps.size(); ++s) {
    const Step& step = *program.steps[s];
    std::vector<double>& all = times[s];
    std::sort(all.begin(), all.end());
    const double median = all[all.size() / 2];
    const double queries = std::max<double>(1, double(step.calls * step.queries));
    std::cout << (s == 0 ? "\n" : ",\n") << std::setprecision(4) << bench::quoted(step.name)
              << ":{\"minMs\":" << all[0] << ",\"medianMs\":" << median;
    if (step.bytes > 0) {
      std::cout << ",\"gbPerS\":" << step.bytes / all[0] / 1e6 / double(step.queries)
                << ",\"medianGbPerS\":" << step.bytes / median / 1e6 / double(step.queries);
    }
    if (step.calls > 0) {
      std::cout << ",\"refined\":" << double(step.counts.refined) / queries
                << ",\"reranked\":" << double(step.counts.reranked) / queries
                << ",\"plainSegments\":" << double(step.counts.plainSegments) / queries;
    }
    std::cout << "}";
  }
  std::cout << "\n}}\n";
}

void serve(const std::string& row, std::size_t rows, std::size_t dimension,
           const ScanKernels& kernels) {
  Program program = programFor(rows, dimension, kernels, row);
  Step& step = *program.steps.front();
  bench::RoundServer server;
  server.ready(std::string("countenance, ") + kernels.name + " scans, calls of " +
                   std::to_string(step.queries) + " queries",
               {});
  server.serve([&step](std::size_t i) { step.run(i); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if (args.size() >= 3 && args.size() <= 5 && args[0] == "table") {
      table(std::stoul(args[1]), std::stoul(args[2]), args.size() > 3 ? std::stoul(args[3]) : 20,
            kernelsNamed(args.size() > 4 ? args[4] : "best"));
    } else if (args.size() >= 4 && args.size() <= 5 && args[0] == "serve") {
      serve(args[1], std::stoul(args[2]), std::stoul(args[3]),
            kernelsNamed(args.size() > 4 ? args[4] : "best"));
    } else {
      std::cerr << "usage: index_bench table <rows> <dimension> [rounds [level]]\n"
                   "       index_bench serve <row> <rows> <dimension> [level]\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
