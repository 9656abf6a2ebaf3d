// SPDX-License-Identifier: Apache-2.0

// Weighted sums of rows in K, compiled once per instruction set; V and NAME come from the including file.
//
// A narrow entry is below 2^31 in magnitude and a limb of a weight below 2^22, so 512 products fit a signed 64-bit sum.

enum { ROWS_TILE = 256, ROWS_AT_ONCE = 16 };

/// sums[limb][even/odd] += limb * entry for the 16 entries at p.
DP_INLINE void narrow_step(V sums[9][2], const int32_t *p, const uint32_t *limbs) {
  V even = v_load_i32(p), odd = v_high(even);
  for (int k = 0; k < 9; k++) {
    V w = v_set1_low(limbs[k]);
    sums[k][0] = v_wadd(sums[k][0], v_mul_i32(even, w));
    sums[k][1] = v_wadd(sums[k][1], v_mul_i32(odd, w));
  }
}

/// The 16 elements of K that the limb sums stand for: coordinates of the first 8, then of the others.
DP_INLINE void narrow_join(V sums[9][2], V values[2][3]) {
  for (int c = 0; c < 3; c++) {
    for (int odd = 0; odd < 2; odd++)
      values[odd][c] = v_join(sums[3 * c][odd], sums[3 * c + 1][odd], sums[3 * c + 2][odd]);
    v_zip(&values[0][c], &values[1][c]);
  }
}

/// acc[k] += values[k] for the first `have` of 8 elements.
DP_INLINE void add_elements(u64 *acc, const V values[3], size_t have) {
  u64 padded[24];
  u64 *target = acc;
  if (have < 8) {
    memset(padded, 0, sizeof padded);
    memcpy(padded, acc, have * 24);
    target = padded;
  }
  V sum[3];
  v_load3(target, sum);
  for (int c = 0; c < 3; c++) sum[c] = v_add(sum[c], values[c]);
  v_store3(target, sum);
  if (have < 8) memcpy(acc, padded, have * 24);
}

void NAME(rows_narrow)(const int32_t *const *rows, const size_t *lengths, const uint32_t *limbs, size_t count, size_t x0,
                       size_t x1, u64 *acc) {
  for (size_t tile = x0; tile < x1; tile += ROWS_TILE) {
    size_t width = x1 - tile < ROWS_TILE ? x1 - tile : ROWS_TILE;
    V sums[ROWS_TILE / 16][9][2];
    for (size_t i = 0; i < ROWS_TILE / 16; i++)
      for (int k = 0; k < 18; k++) sums[i][k / 2][k % 2] = v_set1(0);
    for (size_t t0 = 0; t0 < count; t0 += ROWS_AT_ONCE) {
      size_t block = count - t0 < ROWS_AT_ONCE ? count - t0 : ROWS_AT_ONCE;
      const int32_t *source[ROWS_AT_ONCE];
      int32_t padded[ROWS_AT_ONCE][ROWS_TILE];
      for (size_t t = 0; t < block; t++) {
        size_t length = lengths[t0 + t];
        if (length >= tile + ROWS_TILE) {
          source[t] = rows[t0 + t] + tile;
        } else {  // never read past the end of a row
          size_t have = length > tile ? length - tile : 0;
          memset(padded[t], 0, sizeof padded[t]);
          if (have) memcpy(padded[t], rows[t0 + t] + tile, have * sizeof(int32_t));
          source[t] = padded[t];
        }
      }
      for (size_t x = 0; x < width; x += 16) {
        V local[9][2];
        memcpy(local, sums[x / 16], sizeof local);
        for (size_t t = 0; t < block; t++) narrow_step(local, source[t] + x, limbs + 9 * (t0 + t));
        memcpy(sums[x / 16], local, sizeof local);
      }
    }
    for (size_t x = 0; x < width; x += 16) {
      V values[2][3];
      narrow_join(sums[x / 16], values);
      size_t have = width - x < 16 ? width - x : 16;
      add_elements(acc + 3 * (tile + x), values[0], have < 8 ? have : 8);
      if (have > 8) add_elements(acc + 3 * (tile + x + 8), values[1], have - 8);
    }
  }
}

void NAME(rows_field)(const u64 *const *rows, const size_t *lengths, const u64 *weights, size_t count, size_t x0,
                      size_t x1, u64 *acc) {
  for (size_t x = x0; x < x1; x += 8) {
    V sums[3] = {v_set1(0), v_set1(0), v_set1(0)};
    for (size_t t = 0; t < count; t++) {
      u64 padded[8] = {0};
      const u64 *source = padded;
      if (lengths[t] >= x + 8)
        source = rows[t] + x;
      else if (lengths[t] > x)
        memcpy(padded, rows[t] + x, (lengths[t] - x) * sizeof(u64));
      V e = v_load(source);
      for (int c = 0; c < 3; c++) sums[c] = v_add(sums[c], v_mont(e, v_set1(weights[3 * t + (size_t)c])));
    }
    add_elements(acc + 3 * x, sums, x1 - x < 8 ? x1 - x : 8);
  }
}

void NAME(fold_groups)(const int32_t *entries, int log, size_t groups, const uint32_t *limbs, u64 *out) {
  const size_t width = (size_t)1 << log;
  for (size_t g = 0; g < groups; g += 16) {
    size_t have = groups - g < 16 ? groups - g : 16;
    int32_t tile[256], padded[256];
    V sums[9][2];
    for (int k = 0; k < 18; k++) sums[k / 2][k % 2] = v_set1(0);
    for (size_t b0 = 0; b0 < width; b0 += 16) {
      const int32_t *source = entries + width * g + b0;
      if (have < 16) {
        memset(padded, 0, sizeof padded);
        for (size_t k = 0; k < have; k++) memcpy(padded + 16 * k, source + width * k, 16 * sizeof(int32_t));
        transpose16(padded, 16, tile);
      } else {
        transpose16(source, width, tile);
      }
      for (size_t b = 0; b < 16; b++) narrow_step(sums, tile + 16 * b, limbs + 9 * (b0 + b));
    }
    V values[2][3];
    narrow_join(sums, values);
    u64 folded[48];
    u64 *target = have < 16 ? folded : out + 3 * g;
    v_store3(target, values[0]);
    v_store3(target + 24, values[1]);
    if (have < 16) memcpy(out + 3 * g, folded, have * 24);
  }
}

void NAME(fold)(const u64 *t, size_t i0, size_t i1, const u64 *r, u64 *out) {
  // (d0 + d1 X + d2 X^2) (r0 + r1 X + r2 X^2) with X^3 = 7
  u64 seven[3];
  for (int c = 0; c < 3; c++) {
    u64 two = gl_add(r[c], r[c]), four = gl_add(two, two);
    seven[c] = gl_add(r[c], gl_add(two, four));
  }
  const V w[3][3] = {{v_set1(r[0]), v_set1(seven[2]), v_set1(seven[1])},
                     {v_set1(r[1]), v_set1(r[0]), v_set1(seven[2])},
                     {v_set1(r[2]), v_set1(r[1]), v_set1(r[0])}};
  for (size_t i = i0; i < i1; i += 8) {
    size_t have = i1 - i < 8 ? i1 - i : 8;
    u64 padded[48];
    const u64 *source = t + 6 * i;
    if (have < 8) {
      memset(padded, 0, sizeof padded);
      memcpy(padded, source, have * 48);
      source = padded;
    }
    V low[3], high[3];
    v_load3(source, low);
    v_load3(source + 24, high);
    for (int c = 0; c < 3; c++) {
      v_unzip(&low[c], &high[c]);
      high[c] = v_sub(high[c], low[c]);
    }
    for (int c = 0; c < 3; c++)
      for (int k = 0; k < 3; k++) low[c] = v_add(low[c], v_mont(high[k], w[c][k]));
    v_store3(have < 8 ? padded : out + 3 * i, low);
    if (have < 8) memcpy(out + 3 * i, padded, have * 24);
  }
}
