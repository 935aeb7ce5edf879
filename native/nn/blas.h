#pragma once

// The one function of BLAS that our third-party code links against, by its own name: FAISS calls
// it. Hidden, so that a BLAS in the host's process neither replaces ours nor is replaced by it.

#ifdef _WIN32
#define COUNTENANCE_HIDDEN
#else
#define COUNTENANCE_HIDDEN __attribute__((visibility("hidden")))
#endif

extern "C" {

/// c = alpha * a * b + beta * c, column-major, everything by pointer. A flag of "N" takes an
/// operand as it is, any other one transposed. Reference: the BLAS standard (netlib, 2001).
COUNTENANCE_HIDDEN int sgemm_(const char* transA, const char* transB, const int* m, const int* n,
                              const int* k, const float* alpha, const float* a, const int* lda,
                              const float* b, const int* ldb, const float* beta, float* c,
                              const int* ldc);
}
