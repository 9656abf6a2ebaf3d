// Weighted sums of rows in K, compiled once per instruction set; V and NAME come from the including file.
//
// A narrow entry is below 2^31 in magnitude and a limb of a weight below 2^22, so 512 products fit a signed 64-bit sum.

enum { ROWS_TILE = 256, ROWS_AT_ONCE = 16 };

/// sums[limb][even/odd] += limb * entry for the 16 entries at p.
DP_INLINE void narrow_step(V sums[9][2], const int32_t *p, const u64 *limbs) {
  V even = v_load_i32(p), odd = v_high(even);
  for (int k = 0; k < 9; k++) {
    V w = v_set1(limbs[k]);
    sums[k][0] = v_wadd(sums[k][0], v_mul_i32(even, w));
    sums[k][1] = v_wadd(sums[k][1], v_mul_i32(odd, w));
  }
}

/// The 16 elements of K that the limb sums stand for: values[x][coordinate].
DP_INLINE void narrow_join(V sums[9][2], u64 values[16][3]) {
  for (int c = 0; c < 3; c++)
    for (int odd = 0; odd < 2; odd++) {
      u64 lane[8];
      v_store(lane, v_join(sums[3 * c][odd], sums[3 * c + 1][odd], sums[3 * c + 2][odd]));
      for (int k = 0; k < 8; k++) values[2 * k + odd][c] = lane[k];
    }
}

void NAME(rows_narrow)(const int32_t *const *rows, const size_t *lengths, const u64 *limbs, size_t count, size_t x0,
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
      u64 values[16][3];
      narrow_join(sums[x / 16], values);
      for (size_t k = 0; k < 16 && x + k < width; k++)
        for (size_t c = 0; c < 3; c++) {
          u64 *slot = acc + 3 * (tile + x + k) + c;
          *slot = gl_add(*slot, values[k][c]);
        }
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
    for (size_t c = 0; c < 3; c++) {
      u64 lane[8];
      v_store(lane, sums[c]);
      for (size_t k = 0; k < 8 && x + k < x1; k++) acc[3 * (x + k) + c] = gl_add(acc[3 * (x + k) + c], lane[k]);
    }
  }
}

void NAME(fold16)(const int32_t *entries, size_t groups, const u64 *limbs, u64 *out) {
  for (size_t g = 0; g < groups; g += 16) {
    size_t have = groups - g < 16 ? groups - g : 16;
    int32_t tile[256], padded[256];
    const int32_t *source = entries + 16 * g;
    if (have < 16) {
      memset(padded, 0, sizeof padded);
      memcpy(padded, source, have * 16 * sizeof(int32_t));
      source = padded;
    }
    transpose16(source, tile);
    V sums[9][2];
    for (int k = 0; k < 18; k++) sums[k / 2][k % 2] = v_set1(0);
    for (size_t b = 0; b < 16; b++) narrow_step(sums, tile + 16 * b, limbs + 9 * b);
    u64 values[16][3];
    narrow_join(sums, values);
    memcpy(out + 3 * g, values, have * sizeof values[0]);
  }
}
