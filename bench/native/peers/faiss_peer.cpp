// FAISS's flat indexes on the vectors of search_data.
//
//   faiss_peer <prefix> <dimension> <rows> flat|sq8 <queries at once> [blas]
//
// An iteration is so many queries, the ten nearest of each. With `blas` FAISS multiplies matrices
// for any number of queries; without, from 20 on, as it does by itself.

#include <faiss/IndexFlat.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/utils/distances.h>
#include <omp.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../rounds.h"
#include "../vector_files.h"

namespace {

using namespace countenance::bench;  // NOLINT: a program of one file, about this namespace

constexpr faiss::Index::idx_t kNearest = 10;
constexpr std::size_t kAnswers = 40;  // Debian's takes a fifth of a second for one

std::unique_ptr<faiss::Index> makeIndex(const std::string& kind, std::size_t dimension) {
  const auto size = static_cast<faiss::Index::idx_t>(dimension);
  if (kind == "flat") return std::make_unique<faiss::IndexFlatL2>(size);
  if (kind == "sq8") {
    return std::make_unique<faiss::IndexScalarQuantizer>(size, faiss::ScalarQuantizer::QT_8bit,
                                                         faiss::METRIC_L2);
  }
  throw std::runtime_error("error: no index is called " + kind);
}

void serve(const std::vector<std::string>& args) {
  const std::string& prefix = args[0];
  const std::size_t dimension = std::stoul(args[1]);
  const std::size_t rows = std::stoul(args[2]);
  const std::size_t atOnce = std::stoul(args[4]);
  const bool blas = args.size() > 5 && args[5] == "blas";
  if (blas) faiss::distance_compute_blas_threshold = 0;

  const std::unique_ptr<faiss::Index> index = makeIndex(args[3], dimension);
  readRows(basePath(prefix), dimension, rows,
           [&](std::size_t, std::size_t count, const float* values) {
             const auto n = static_cast<faiss::Index::idx_t>(count);
             if (!index->is_trained) index->train(n, values);  // ranges, of the first rows
             index->add(n, values);
           });
  const std::vector<float> queries = readFloats(queryPath(prefix));
  const std::size_t batches = queries.size() / dimension / atOnce;
  std::vector<float> distances(atOnce * kNearest);
  std::vector<faiss::Index::idx_t> labels(atOnce * kNearest);
  const auto search = [&](std::size_t i) {
    index->search(static_cast<faiss::Index::idx_t>(atOnce),
                  &queries[i % batches * atOnce * dimension], kNearest, distances.data(),
                  labels.data());
  };
  std::vector<std::vector<float>> answers;
  for (std::size_t i = 0; answers.size() < std::min(kAnswers, batches * atOnce); ++i) {
    search(i);
    for (std::size_t j = 0; j < atOnce && answers.size() < kAnswers; ++j) {
      const auto first = labels.begin() + static_cast<std::ptrdiff_t>(j) * kNearest;
      answers.emplace_back(first, first + kNearest);
    }
  }
  RoundServer server;
  server.ready("FAISS " + std::to_string(FAISS_VERSION_MAJOR) + "." +
                   std::to_string(FAISS_VERSION_MINOR) + "." + std::to_string(FAISS_VERSION_PATCH) +
                   ", " + FAISS_PEER_BUILD + ", " +
                   (blas || atOnce >= 20 ? "OpenBLAS" : "no BLAS") + ", threads " +
                   std::to_string(omp_get_max_threads()),
               answers);
  server.serve(search);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if (args.size() != 5 && args.size() != 6) {
      std::cerr << "usage: faiss_peer <prefix> <dimension> <rows> flat|sq8 <at once> [blas]\n";
      return 2;
    }
    serve(args);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
