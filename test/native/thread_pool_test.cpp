#include "core/thread_pool.h"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "check.h"

using namespace countenance;

TEST("every job that was taken is run, and close() waits for it") {
  std::atomic<int> done{0};
  ThreadPool pool(3, 1000);
  for (int i = 0; i < 500; ++i) pool.submit([&done](std::size_t) { ++done; });
  pool.close();
  CHECK(done == 500);
}

TEST("a worker's number is its own: no two jobs run under one at a time") {
  constexpr std::size_t kThreads = 4;
  std::vector<int> perWorker(kThreads, 0);  // plain integers: TSan sees a number used twice
  {
    ThreadPool pool(kThreads, 1000);
    CHECK(pool.threads() == kThreads);
    for (int i = 0; i < 400; ++i) {
      pool.submit([&perWorker](std::size_t worker) { ++perWorker.at(worker); });
    }
  }
  int sum = 0;
  for (const int count : perWorker) sum += count;
  CHECK(sum == 400);
}

TEST("a full queue refuses with kBusy, and takes work again later") {
  ThreadPool pool(1, 2);
  std::promise<void> started;
  std::promise<void> release;
  pool.submit([&](std::size_t) {
    started.set_value();
    release.get_future().wait();
  });
  started.get_future().wait();
  std::promise<void> last;
  pool.submit([](std::size_t) {});
  pool.submit([&last](std::size_t) { last.set_value(); });
  CHECK_ERROR(ErrorCode::kBusy, pool.submit([](std::size_t) {}));
  release.set_value();
  last.get_future().wait();
  std::promise<void> again;
  pool.submit([&again](std::size_t) { again.set_value(); });
  again.get_future().wait();
}

TEST("a closed pool refuses with kAborted, and closing again is harmless") {
  ThreadPool pool(2, 4);
  pool.close();
  pool.close();
  CHECK_ERROR(ErrorCode::kAborted, pool.submit([](std::size_t) {}));
}

TEST("threads that submit and threads that close meet without harm") {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> taken{0};
    std::atomic<int> done{0};
    ThreadPool pool(2, 64);
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
          try {
            pool.submit([&done](std::size_t) { ++done; });
            ++taken;
          } catch (const Error&) {  // full or closed: not taken
          }
        }
      });
    }
    threads.emplace_back([&pool] { pool.close(); });
    threads.emplace_back([&pool] { pool.close(); });
    for (std::thread& thread : threads) thread.join();
    pool.close();
    CHECK(taken == done);
  }
}

TEST("a pool without threads is refused") {
  CHECK_ERROR(ErrorCode::kInvalidArgument, ThreadPool(0, 1));
}

TEST_MAIN()
