// SPDX-License-Identifier: Apache-2.0

#pragma once
// The shuffles of lanes_avx512.h through memory, for the other instruction sets.

/// The images of 4 entries of each of 8 rows: out[8 c + lane] = rows[lane][c].
DP_INLINE void v_place4(const int32_t *const *rows, u64 *out) {
  for (int lane = 0; lane < 8; lane++)
    for (int c = 0; c < 4; c++) {
      int64_t e = rows[lane][c];
      out[8 * c + lane] = (u64)e + (DP_P & (u64)(e >> 63));
    }
}
DP_INLINE void v_load3(const u64 *p, V *x) {
  u64 lanes[3][8];
  for (int e = 0; e < 8; e++)
    for (int c = 0; c < 3; c++) lanes[c][e] = p[3 * e + c];
  for (int c = 0; c < 3; c++) x[c] = v_load(lanes[c]);
}
DP_INLINE void v_store3(u64 *p, const V *x) {
  u64 lanes[3][8];
  for (int c = 0; c < 3; c++) v_store(lanes[c], x[c]);
  for (int e = 0; e < 8; e++)
    for (int c = 0; c < 3; c++) p[3 * e + c] = lanes[c][e];
}
DP_INLINE void v_unzip(V *x, V *y) {
  u64 in[16], out[16];
  v_store(in, *x);
  v_store(in + 8, *y);
  for (int k = 0; k < 16; k++) out[k / 2 + k % 2 * 8] = in[k];
  *x = v_load(out);
  *y = v_load(out + 8);
}
DP_INLINE void v_zip(V *even, V *odd) {
  u64 in[16], out[16];
  v_store(in, *even);
  v_store(in + 8, *odd);
  for (int k = 0; k < 16; k++) out[k] = in[k / 2 + k % 2 * 8];
  *even = v_load(out);
  *odd = v_load(out + 8);
}
/// out[16 b + g] = in[step g + b] for 16 values of g and of b.
DP_INLINE void transpose16(const int32_t *in, size_t step, int32_t *out) {
  for (size_t g = 0; g < 16; g++)
    for (size_t b = 0; b < 16; b++) out[16 * b + g] = in[step * g + b];
}
