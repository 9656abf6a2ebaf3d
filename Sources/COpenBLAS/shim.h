// SPDX-License-Identifier: Apache-2.0

// OpenBLAS carries LAPACK with it. Its Fortran entry points are declared here by hand, so that no LAPACKE package is
// needed: every argument is passed by address, matrices are column-major, and `info` comes back 0 on success.
#ifndef DRIFTPROOF_COPENBLAS_SHIM_H
#define DRIFTPROOF_COPENBLAS_SHIM_H

#include <cblas.h>

void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork,
             int *info);
void dgelqf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork,
             int *info);
void dorglq_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work,
             const int *lwork, int *info);
void dgeqp3_(const int *m, const int *n, double *a, const int *lda, int *jpvt, double *tau, double *work,
             const int *lwork, int *info);
// The Fortran character arguments have hidden lengths, which follow the declared arguments.
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info,
             unsigned long jobz_length);
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info, unsigned long jobz_length,
             unsigned long uplo_length);

#endif
