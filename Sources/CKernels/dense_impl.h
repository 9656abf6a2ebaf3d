// Projections, Gram products and byte planes, compiled once per instruction set. The including file gives NAME and D, a
// vector of dots: d_zero, d_dot(acc, u8 bytes at p, s8 bytes at q) over D_STEP bytes and d_sum.

enum { PROJECT_BLOCK = 2048, PROJECT_ROWS = 4, PROJECT_COLUMNS = 4 };

/// 4 rows times 4 columns over a block that stays in the first-level cache; 132 is a multiple of 4.
DP_INLINE void project_tile(const int8_t *signs, const uint8_t *limbs, size_t columns, int32_t *sums) {
  D acc[PROJECT_ROWS][PROJECT_COLUMNS];
  for (int i = 0; i < PROJECT_ROWS; i++)
    for (int c = 0; c < PROJECT_COLUMNS; c++) acc[i][c] = d_zero();
  const uint8_t *column[PROJECT_COLUMNS];
  for (size_t c = 0; c < PROJECT_COLUMNS; c++) column[c] = limbs + DP_CHUNK * (c < columns ? c : 0);
  for (size_t x = 0; x < PROJECT_BLOCK; x += D_STEP)
    for (size_t i = 0; i < PROJECT_ROWS; i++)
      for (size_t c = 0; c < PROJECT_COLUMNS; c++)
        acc[i][c] = d_dot(acc[i][c], column[c] + x, signs + DP_CHUNK * i + x);
  for (size_t i = 0; i < PROJECT_ROWS; i++)
    for (size_t c = 0; c < columns; c++) sums[DP_PROJECTIONS * c + i] += d_sum(acc[i][c]);
}

void NAME(project)(const int8_t *signs, const uint8_t *limbs, size_t columns, int32_t *sums) {
  memset(sums, 0, columns * DP_PROJECTIONS * sizeof(int32_t));
  for (size_t x = 0; x < DP_CHUNK; x += PROJECT_BLOCK)
    for (size_t m = 0; m < DP_PROJECTIONS; m += PROJECT_ROWS)
      for (size_t c = 0; c < columns; c += PROJECT_COLUMNS)
        project_tile(signs + DP_CHUNK * m + x, limbs + DP_CHUNK * c + x,
                     columns - c < PROJECT_COLUMNS ? columns - c : PROJECT_COLUMNS, sums + DP_PROJECTIONS * c + m);
}

void NAME(byte_planes)(const int32_t *entries, size_t n, int count, uint8_t *planes, size_t stride) {
  const uint32_t offset = 1u << (8 * count - 1);
  for (int k = 0; k < count; k++) {
    uint8_t *plane = planes + stride * (size_t)k;
    for (size_t x = 0; x < n; x++) plane[x] = (uint8_t)(((uint32_t)entries[x] + offset) >> (8 * k));
  }
}

/// The largest e or -1 - e: below 2^k exactly when all entries fit k + 1 bits of two's complement.
int32_t NAME(magnitude)(const int32_t *entries, size_t n) {
  int32_t bits = 0;
  for (size_t x = 0; x < n; x++) {
    int32_t e = entries[x] ^ (entries[x] >> 31);
    bits = e > bits ? e : bits;
  }
  return bits;
}

enum { GRAM_TILE = 64 };

/// Sums of products are exact in f64 below 2^53. `Row8` is a vector of 8 doubles.
typedef double Row8 __attribute__((vector_size(64), aligned(8)));

void NAME(gram16)(const int32_t *entries, size_t groups, int64_t *out) {
  Row8 sums[24];
  memset(sums, 0, sizeof sums);
  double tile[16 * GRAM_TILE];
  for (size_t g0 = 0; g0 < groups; g0 += GRAM_TILE) {
    size_t have = groups - g0 < GRAM_TILE ? groups - g0 : GRAM_TILE;
    for (size_t k = 0; k < 16 * have; k++) tile[k] = entries[16 * g0 + k];
    Row8 local[24];
    memcpy(local, sums, sizeof sums);
    for (size_t g = 0; g < have; g++) {
      const double *e = tile + 16 * g;
      Row8 lo, hi;
      memcpy(&lo, e, sizeof lo);
      memcpy(&hi, e + 8, sizeof hi);
#pragma clang loop unroll(full)
      for (int b = 0; b < 8; b++) local[b] += lo * e[b];
#pragma clang loop unroll(full)
      for (int b = 0; b < 16; b++) local[8 + b] += hi * e[b];
    }
    memcpy(sums, local, sizeof sums);
  }
  for (int b = 0; b < 16; b++)
    for (int c = b; c < 16; c++) *out++ = (int64_t)(c < 8 ? sums[b][c] : sums[8 + b][c - 8]);
}
