// SPDX-License-Identifier: Apache-2.0

// A row of a product of matrices of doubles, the same bits on every machine: NAME comes from the including file.
// Vectors lie along the row, each sum goes through k in order, and products are rounded before they are added.
#pragma STDC FP_CONTRACT OFF

enum { PRODUCT_BLOCK = 4 };

typedef double Double8 __attribute__((vector_size(64), aligned(8)));

DP_INLINE void product_block(double *out, int vectors, const double *u, size_t rank, const double *v, size_t stride) {
  Double8 sums[PRODUCT_BLOCK];
  for (int i = 0; i < vectors; i++) sums[i] = (Double8){0};
  for (size_t k = 0; k < rank; k++) {
    const double w = u[k];
    for (int i = 0; i < vectors; i++) {
      Double8 x;
      memcpy(&x, v + stride * k + 8 * i, sizeof x);
      const Double8 product = x * w;
      sums[i] = sums[i] + product;
    }
  }
  for (int i = 0; i < vectors; i++) memcpy(out + 8 * i, &sums[i], sizeof sums[i]);
}

void NAME(product_row)(double *out, size_t count, const double *u, size_t rank, const double *v, size_t stride) {
  size_t x = 0;
  for (; x + 8 * PRODUCT_BLOCK <= count; x += 8 * PRODUCT_BLOCK)
    product_block(out + x, PRODUCT_BLOCK, u, rank, v + x, stride);
  for (; x + 8 <= count; x += 8) product_block(out + x, 1, u, rank, v + x, stride);
  for (; x < count; x++) {
    double sum = 0;
    for (size_t k = 0; k < rank; k++) {
      const double product = u[k] * v[stride * k + x];
      sum = sum + product;
    }
    out[x] = sum;
  }
}
