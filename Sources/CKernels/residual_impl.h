// SPDX-License-Identifier: Apache-2.0

// 2^shift·e - u·V along a line of a matrix, compiled once per instruction set; NAME comes from the including file.

enum { RESIDUAL_BLOCK = 4 };

typedef int64_t Wide8 __attribute__((vector_size(64), aligned(8)));
typedef int32_t Entry8 __attribute__((vector_size(32), aligned(4)));

/// 8·vectors entries; returns bits that are not all equal to the sign where a result does not fit 32 bits.
DP_INLINE int64_t residual_block(int32_t *e, int vectors, int shift, const int32_t *u, size_t rank, const int32_t *v,
                                 size_t stride) {
  Wide8 sums[RESIDUAL_BLOCK];
  for (int i = 0; i < vectors; i++) {
    Entry8 x;
    memcpy(&x, e + 8 * i, sizeof x);
    sums[i] = __builtin_convertvector(x, Wide8) * ((int64_t)1 << shift);
  }
  for (size_t k = 0; k < rank; k++) {
    const int64_t w = u[k];
    for (int i = 0; i < vectors; i++) {
      Entry8 x;
      memcpy(&x, v + stride * k + 8 * i, sizeof x);
      sums[i] -= __builtin_convertvector(x, Wide8) * w;
    }
  }
  Wide8 lost = {0};
  for (int i = 0; i < vectors; i++) {
    Entry8 x = __builtin_convertvector(sums[i], Entry8);
    lost |= __builtin_convertvector(x, Wide8) ^ sums[i];
    memcpy(e + 8 * i, &x, sizeof x);
  }
  int64_t any = 0;
  for (int i = 0; i < 8; i++) any |= lost[i];
  return any;
}

int NAME(residual)(int32_t *e, size_t count, int shift, const int32_t *u, size_t rank, const int32_t *v,
                   size_t stride) {
  int64_t lost = 0;
  size_t x = 0;
  for (; x + 8 * RESIDUAL_BLOCK <= count; x += 8 * RESIDUAL_BLOCK)
    lost |= residual_block(e + x, RESIDUAL_BLOCK, shift, u, rank, v + x, stride);
  for (; x + 8 <= count; x += 8) lost |= residual_block(e + x, 1, shift, u, rank, v + x, stride);
  for (; x < count; x++) {
    int64_t sum = (int64_t)e[x] * ((int64_t)1 << shift);
    for (size_t k = 0; k < rank; k++) sum -= (int64_t)u[k] * v[stride * k + x];
    lost |= sum ^ (int32_t)sum;
    e[x] = (int32_t)sum;
  }
  return lost != 0;
}
