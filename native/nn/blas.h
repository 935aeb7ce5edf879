#pragma once

// The part of BLAS that our third-party code links against, by BLAS's own names: dlib calls the
// cblas_ functions, FAISS calls sgemm_. Only sgemm is fast: dlib calls the others in code that we
// never run, or that we run on a handful of numbers. Hidden, so that a BLAS in the host's process
// neither replaces ours nor is replaced by it.
//
// Reference: the BLAS standard (netlib, "BLAS Technical Forum", 2001) for meaning and enumerators.

namespace countenance::blas {

enum Order : int { kRowMajor = 101, kColMajor = 102 };
enum Transpose : int { kNoTrans = 111, kTrans = 112, kConjTrans = 113 };
enum Uplo : int { kUpper = 121, kLower = 122 };
enum Diag : int { kNonUnit = 131, kUnit = 132 };
enum Side : int { kLeft = 141, kRight = 142 };

}  // namespace countenance::blas

#ifdef _WIN32
#define COUNTENANCE_HIDDEN
#else
#define COUNTENANCE_HIDDEN __attribute__((visibility("hidden")))
#endif

extern "C" {

COUNTENANCE_HIDDEN void cblas_sgemm(int order, int transA, int transB, int m, int n, int k,
                                    float alpha, const float* a, int lda, const float* b, int ldb,
                                    float beta, float* c, int ldc);
COUNTENANCE_HIDDEN void cblas_dgemm(int order, int transA, int transB, int m, int n, int k,
                                    double alpha, const double* a, int lda, const double* b,
                                    int ldb, double beta, double* c, int ldc);
COUNTENANCE_HIDDEN void cblas_strsm(int order, int side, int uplo, int transA, int diag, int m,
                                    int n, float alpha, const float* a, int lda, float* b, int ldb);
COUNTENANCE_HIDDEN void cblas_saxpy(int n, float alpha, const float* x, int incX, float* y,
                                    int incY);
COUNTENANCE_HIDDEN void cblas_sscal(int n, float alpha, float* x, int incX);

/// The Fortran entry: column-major, everything by pointer.
COUNTENANCE_HIDDEN int sgemm_(const char* transA, const char* transB, const int* m, const int* n,
                              const int* k, const float* alpha, const float* a, const int* lda,
                              const float* b, const int* ldb, const float* beta, float* c,
                              const int* ldc);
}
