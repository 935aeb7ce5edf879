#include "napi/priority.h"

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace countenance {

void giveWayToEventLoop() {
#ifdef __linux__
  // Linux lets each thread have its own nice value. 5 gives the event loop about three times the
  // share of a worker when all cores are busy (kernel: sched_prio_to_weight, 1024 against 335).
  constexpr int kWorkerNice = 5;
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  // A host that runs us at a nicer value already keeps it: only ever lower. A refusal is harmless.
  if (getpriority(PRIO_PROCESS, thread) < kWorkerNice) {
    (void)setpriority(PRIO_PROCESS, thread, kWorkerNice);
  }
#endif
}

}  // namespace countenance
