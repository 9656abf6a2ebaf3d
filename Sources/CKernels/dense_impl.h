// SPDX-License-Identifier: Apache-2.0

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

/// Sums of products are exact in f64 below 2^53. `Row8` is a vector of 8 doubles.
typedef double Row8 __attribute__((vector_size(64), aligned(8)));

/// Groups whose doubles stay in the first-level cache.
enum { GRAM_TILE = 1024 };

/// sums[8 columns i + c] += sum_g e[g][row + i] * e[g][column + c] for GRAM_ROWS rows i and `columns` vectors c.
DP_INLINE void gram_block(const double *e, size_t width, size_t groups, size_t row, size_t column, size_t columns,
                          Row8 *sums) {
  Row8 acc[GRAM_ROWS][GRAM_COLUMNS];
  for (size_t i = 0; i < GRAM_ROWS; i++)
    for (size_t c = 0; c < columns; c++) acc[i][c] = sums[columns * i + c];
  for (size_t g = 0; g < groups; g++) {
    Row8 right[GRAM_COLUMNS];
    for (size_t c = 0; c < columns; c++) memcpy(&right[c], e + width * g + column + 8 * c, sizeof right[c]);
    for (size_t i = 0; i < GRAM_ROWS; i++)
      for (size_t c = 0; c < columns; c++) acc[i][c] += right[c] * e[width * g + row + i];
  }
  for (size_t i = 0; i < GRAM_ROWS; i++)
    for (size_t c = 0; c < columns; c++) sums[columns * i + c] = acc[i][c];
}

/// Blocks of GRAM_ROWS rows, each from the vector that holds the diagonal to the last, in `sums` one after another.
void NAME(gram)(const int32_t *entries, int log, size_t groups, int64_t *out) {
  const size_t width = (size_t)1 << log, tile = GRAM_TILE >> log;
  Row8 sums[64 * 8];
  double e[GRAM_TILE];
  memset(sums, 0, sizeof sums);
  for (size_t g0 = 0; g0 < groups; g0 += tile) {
    size_t have = groups - g0 < tile ? groups - g0 : tile;
    for (size_t k = 0; k < width * have; k++) e[k] = entries[width * g0 + k];
    Row8 *block = sums;
    for (size_t row = 0; row < width; row += GRAM_ROWS) {
      size_t column = row & ~(size_t)7;
      for (; width - column >= 8 * GRAM_COLUMNS; column += 8 * GRAM_COLUMNS) {
        gram_block(e, width, have, row, column, GRAM_COLUMNS, block);
        block += GRAM_ROWS * GRAM_COLUMNS;
      }
      for (; column < width; column += 8) {
        gram_block(e, width, have, row, column, 1, block);
        block += GRAM_ROWS;
      }
    }
  }
  const Row8 *block = sums;
  for (size_t row = 0; row < width; row += GRAM_ROWS) {
    // Row i of the upper triangle starts at its diagonal.
    size_t column = row & ~(size_t)7;
    while (column < width) {
      size_t columns = width - column >= 8 * GRAM_COLUMNS ? GRAM_COLUMNS : 1;
      for (size_t i = row; i < row + GRAM_ROWS; i++) {
        int64_t *target = out + i * width - i * (i + 1) / 2;
        for (size_t c = 0; c < 8 * columns; c++)
          if (column + c >= i) target[column + c] = (int64_t)block[columns * (i - row) + c / 8][c % 8];
      }
      block += GRAM_ROWS * columns;
      column += 8 * columns;
    }
  }
}
