#include <omp.h>

// FAISS asks OpenMP how many threads there are even when it is compiled without OpenMP, as here:
// the pool of native/core is where countenance's threads are. One thread is the true answer.

extern "C" {
int omp_get_max_threads() { return 1; }
int omp_get_num_threads() { return 1; }
int omp_get_thread_num() { return 0; }
int omp_in_parallel() { return 0; }
void omp_set_num_threads(int) {}
}
