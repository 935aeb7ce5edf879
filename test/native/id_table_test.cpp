#include "index/id_table.h"

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "check.h"
#include "index/sip_hash.h"

namespace {

using countenance::ErrorCode;
using countenance::IdList;
using countenance::IdTable;
using countenance::SipHash;
using Keys = std::vector<std::int64_t>;

IdList texts(const std::vector<std::string>& list) {
  IdList ids(IdList::Kind::kTexts);
  for (const std::string& text : list) ids.append(text);
  return ids;
}

std::string textOf(const IdTable& table, std::int64_t key) {
  std::string text;
  return table.text(key, text) ? text : "(unknown)";
}

}  // namespace

TEST("keys are given in the order of addition, and a known text keeps its own") {
  IdTable table;
  CHECK(table.add(texts({"b", "a"})).keys == (Keys{1, 2}));
  const IdTable::Added added = table.add(texts({"c", "a"}));
  CHECK(added.keys == (Keys{3, 2}));
  CHECK(added.fresh == (Keys{3}));
  CHECK(table.find(texts({"a", "z", "b", "c"})) == (Keys{2, 0, 1, 3}));
  CHECK(table.size() == 3);
  CHECK(textOf(table, 2) == "a");
  CHECK(textOf(table, 4) == "(unknown)");
  CHECK(textOf(table, 0) == "(unknown)");
}

TEST("a removed text is not found, its key is readable and never given again") {
  IdTable table;
  table.add(texts({"a", "b"}));
  const Keys gone = {1, 77};
  table.remove(gone);
  table.remove(gone);
  CHECK(table.find(texts({"a", "b"})) == (Keys{0, 2}));
  CHECK(table.size() == 1);
  CHECK(textOf(table, 1) == "a");
  CHECK(table.add(texts({"a"})).keys == (Keys{3}));
}

TEST("texts may hold any bytes, prefixes of each other, and a thousand of them") {
  IdTable table;
  const std::string nul("a\0b", 3);
  const std::string longest(IdList::kMaxTextBytes, 'x');
  const IdList ids = texts({nul, "a", longest, longest.substr(1)});
  CHECK(table.add(ids).keys == (Keys{1, 2, 3, 4}));
  CHECK(table.find(ids) == (Keys{1, 2, 3, 4}));
  CHECK(textOf(table, 1) == nul);
  CHECK(textOf(table, 3) == longest);
}

TEST("a compacted table has the same texts and keys; the old one leads to it") {
  IdTable table;
  table.add(texts({"a", "b", "c"}));
  const Keys gone = {2};
  table.remove(gone);
  const auto compacted = table.compacted();
  CHECK(table.successor() == compacted);
  CHECK(compacted->find(texts({"a", "b", "c"})) == (Keys{1, 0, 3}));
  CHECK(textOf(*compacted, 2) == "(unknown)");
  CHECK(textOf(table, 2) == "b");
  CHECK(compacted->add(texts({"d"})).keys == (Keys{4}));
  CHECK(textOf(table, 4) == "(unknown)");
}

TEST("it agrees with a map through any additions, removals and compactions") {
  std::mt19937 random(7);
  auto table = std::make_shared<IdTable>();
  std::map<std::string, std::int64_t> model;
  std::int64_t next = 1;
  for (int step = 0; step < 3000; ++step) {
    const std::string text = "id-" + std::to_string(random() % 400);
    const auto known = model.find(text);
    if (random() % 2 == 0) {
      const std::int64_t expected = known == model.end() ? next++ : known->second;
      CHECK(table->add(texts({text})).keys == (Keys{expected}));
      model[text] = expected;
    } else if (known != model.end()) {
      const Keys gone = {known->second};
      table->remove(gone);
      model.erase(known);
    }
    if (random() % 200 == 0) table = table->compacted();
    CHECK(table->size() == model.size());
  }
  for (int i = 0; i < 400; ++i) {
    const std::string text = "id-" + std::to_string(i);
    const auto known = model.find(text);
    const std::int64_t expected = known == model.end() ? 0 : known->second;
    CHECK(table->find(texts({text})) == (Keys{expected}));
    if (expected != 0) CHECK(textOf(*table, expected) == text);
  }
}

TEST("its room is bounded by what it holds, however much comes and goes") {
  auto table = std::make_shared<IdTable>();
  std::size_t most = 0;
  std::int64_t oldest = 1;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> list;
    for (int i = 0; i < 100; ++i) {
      list.push_back("churn-" + std::to_string(round) + "-" + std::to_string(i));
    }
    table->add(texts(list));
    Keys gone;
    for (; oldest <= (round - 4) * 100; ++oldest) gone.push_back(oldest);
    table->remove(gone);
    if (table->wantsCompaction()) table = table->compacted();
    if (table->bytes() > most) most = table->bytes();
  }
  CHECK(table->size() == 500);
  CHECK(most < 400 * 1024);  // 20,000 texts would take 1 MiB
  const auto small = table->compacted();
  CHECK(!small->wantsCompaction());
}

TEST("readers see texts come, go and move to a compacted table, never a wrong one") {
  auto table = std::make_shared<IdTable>();
  table->add(texts({"always"}));
  const std::shared_ptr<const IdTable> first = table;
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    const IdList always = texts({"always", "coming-5", "never"});
    while (!done) {
      const Keys keys = first->find(always);
      if (keys[0] != 1 || keys[2] != 0) ++wrong;
      if (keys[1] != 0 && textOf(*first, keys[1]) != "coming-5") ++wrong;
      for (auto at = first; at; at = at->successor()) {
        if (textOf(*at, 1) != "always") ++wrong;
      }
    }
  });
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> list;
    for (int i = 0; i < 20; ++i) list.push_back("coming-" + std::to_string(i));
    const Keys keys = table->add(texts(list)).keys;
    table->remove(keys);
    if (round % 20 == 19) table = table->compacted();
  }
  done = true;
  reader.join();
  CHECK(wrong == 0);
}

// From the paper's reference implementation: key 00 01 .. 0f, messages 00 01 02 ...
TEST("SipHash-2-4 gives its authors' values") {
  const SipHash<2, 4> hash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  std::string message;
  for (char byte = 0; byte < 63; ++byte) message.push_back(byte);
  const auto of = [&](std::size_t length) {
    return hash(std::string_view(message).substr(0, length));
  };
  CHECK(of(0) == 0x726fdb47dd0e0e31);
  CHECK(of(1) == 0x74f839c593dc67fd);
  CHECK(of(8) == 0x93f5f5799a932462);
  CHECK(of(15) == 0xa129ca6149be45e5);
  CHECK(of(63) == 0x958a324ceb064572);
}

TEST("an id list refuses what is no id") {
  CHECK(IdList::ofIntegers({0, IdList::kMaxInteger}).size() == 2);
  CHECK_ERROR(ErrorCode::kInvalidArgument, IdList::ofIntegers({-1}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, IdList::ofIntegers({IdList::kMaxInteger + 1}));
  const IdList two = IdList::ofTexts("abc", {1, 2});
  CHECK(two.text(0) == "a" && two.text(1) == "bc");
  CHECK_ERROR(ErrorCode::kInvalidArgument, IdList::ofTexts("abc", {1, 1}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, IdList::ofTexts("abc", {1, 3}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, IdList::ofTexts("abc", {3, 0}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, IdList::ofTexts(std::string(1025, 'x'), {1025}));
  for (const char* const bytes : {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                  "\xe2\x82", "\xe0\x80\xaf", "\xf0\x8f\xbf\xbf", "\xff"}) {
    const std::string text(bytes);
    CHECK_ERROR(ErrorCode::kInvalidArgument,
                IdList::ofTexts(text, {static_cast<std::uint32_t>(text.size())}));
  }
  const std::string good = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  CHECK(IdList::ofTexts(good, {static_cast<std::uint32_t>(good.size())}).text(0) == good);
}

TEST_MAIN()
