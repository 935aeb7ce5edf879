// The independent oracle of faiss_file: FAISS itself, and nothing of ours.
//
//   faiss_files write <folder>   writes the golden files of test/golden
//   faiss_files read <file>      prints what FAISS reads: type, dimension, ids and values

#include <faiss/IndexFlat.h>
#include <faiss/IndexIDMap.h>
#include <faiss/index_io.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

// The same three vectors and ids as in test/native/faiss_file_test.cpp. Each has length 1.
const std::vector<float> kVectors = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.6F, 0.8F};
const std::vector<std::int64_t> kIds = {7, 0, 9007199254740990};
constexpr int kDimension = 4;

void write(const std::string& folder) {
  for (const auto metric : {faiss::METRIC_L2, faiss::METRIC_INNER_PRODUCT}) {
    const std::string name = metric == faiss::METRIC_L2 ? "l2" : "ip";
    faiss::IndexFlat flat(kDimension, metric);
    faiss::IndexIDMap map(&flat);
    map.add_with_ids(3, kVectors.data(), kIds.data());
    faiss::write_index(&map, (folder + "/faiss-idmap-" + name + ".bin").c_str());
    faiss::write_index(&flat, (folder + "/faiss-flat-" + name + ".bin").c_str());
  }
}

void print(const faiss::IndexFlat& flat, const std::vector<std::int64_t>* ids) {
  const char* metric = flat.metric_type == faiss::METRIC_L2 ? "l2" : "ip";
  std::cout << metric << " " << flat.d << " " << flat.ntotal << "\n";
  for (faiss::Index::idx_t row = 0; row < flat.ntotal; ++row) {
    std::cout << (ids == nullptr ? row : (*ids)[static_cast<std::size_t>(row)]);
    for (int i = 0; i < flat.d; ++i) std::cout << " " << flat.get_xb()[row * flat.d + i];
    std::cout << "\n";
  }
}

int read(const std::string& path) {
  const std::unique_ptr<faiss::Index> index(faiss::read_index(path.c_str()));
  const auto* map = dynamic_cast<const faiss::IndexIDMap*>(index.get());
  const auto* flat =
      dynamic_cast<const faiss::IndexFlat*>(map == nullptr ? index.get() : map->index);
  if (flat == nullptr) return 1;
  print(*flat, map == nullptr ? nullptr : &map->id_map);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 2 && words[0] == "read") return read(words[1]);
  if (words.size() != 2 || words[0] != "write") {
    std::cerr << "usage: faiss_files write <folder> | read <file>\n";
    return 2;
  }
  write(words[1]);
  return 0;
}
