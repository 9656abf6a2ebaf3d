// SPDX-License-Identifier: Apache-2.0

// Holds every level of the C kernels that a processor has against plain C, without Swift. scripts/test runs it on this
// processor, scripts/arm-kernels on an emulated 64-bit ARM.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../Sources/CKernels/scalar.h"

static u64 state = 1;
static u64 next(void) {
  u64 z = (state += 0x9E3779B97F4A7C15ull);
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ z >> 27) * 0x94D049BB133111EBull;
  return z ^ z >> 31;
}
/// Canonical, often at a place where carries change.
static u64 element(void) {
  static const u64 corners[] = {0, 1, DP_P - 1, DP_P - 2, DP_EPS, DP_EPS + 1, 0xFFFFFFFF00000000ull};
  u64 x = next();
  return x % 3 ? x % DP_P : corners[(x >> 8) % 7];
}

enum { ROW = 1 << 14 };
static u64 field[8 * ROW], results[4][8 * ROW];
static int32_t narrow[ROW + 64], small[ROW + 64];
static uint8_t bytes[64 * 40];
static int8_t signs[DP_PROJECTIONS * DP_CHUNK];
static uint8_t planes[4 * DP_CHUNK];

/// One kernel at one level: writes its results to out and returns how many bytes they have.
typedef size_t Case(int level, u64 *out);

static size_t lanes(int level, u64 *out) {
  for (int op = 0; op <= DP_TIMES_84; op++) dp_lanes(level, op, field, field + 4096, out + 4096 * op, 4096);
  return 9 * 4096 * 8;
}
static u64 scale[16], roots[ROW];
static size_t ntt(int level, u64 *out) {
  memcpy(out, field, sizeof field);
  dp_ntt_radix2(level, out, 2048, 0, 2048, field[5]);
  dp_ntt_pass(level, out, 12, 0, scale, roots);
  dp_ntt_block(level, out + 8 * 4096, 12, 1, scale, roots);
  dp_ntt_block(level, out + 16 * 4096, 6, 3, scale, roots);
  return sizeof field;
}
/// Rows of all kinds; canonical only after the last passes.
static size_t ntt_start(int level, u64 *out) {
  dp_row rows[8] = {{narrow, 0, 4096, {{field + 7, 4090, 6}, {field, 0, 3}}}, {0, field, 4000, {{0, 0, 0}}}};
  for (size_t k = 2; k < 8; k++) rows[k] = (dp_row){k == 4 ? 0 : narrow + k, 0, k == 4 ? 0 : 4096, {{0, 0, 0}}};
  for (int log = 12; log <= 13; log++) {
    u64 *target = out + (log - 12) * 8 * 4096;
    const size_t halves = (size_t)log - 11;
    dp_ntt_start(level, rows, target, log, 0, 16, field[5], scale, roots);
    for (size_t b = 0; b < 256 * halves; b++) dp_ntt_block(level, target + 8 * 16 * b, 4, b, scale, roots);
  }
  return 3 * 8 * 4096 * 8;
}
static size_t sha(int level, u64 *out) {
  uint32_t *states = (uint32_t *)out;
  dp_sha_begin(level, states, bytes, bytes + 32, 37);
  dp_sha_absorb(level, states, bytes, 37);
  dp_sha_pairs(level, states, bytes + 64, bytes, 37);
  dp_sha_pairs(level, states, bytes + 7, 0, 37);
  dp_sha_finish(level, states, 123456789, (uint8_t *)(states + 8 * 40), 37);
  dp_sha_parents(level, bytes, (uint8_t *)(states + 16 * 40), 37);
  return 24 * 40 * 4;
}
static size_t project(int level, u64 *out) {
  dp_byte_planes(level, narrow, DP_CHUNK, 4, planes, DP_CHUNK);
  int32_t *sums = (int32_t *)out;
  dp_project(level, signs, planes, 4, sums);
  sums[4 * DP_PROJECTIONS] = dp_magnitude(level, small, ROW + 3);
  memcpy(sums + 4 * DP_PROJECTIONS + 1, planes, sizeof planes);
  return (4 * DP_PROJECTIONS + 1) * 4 + sizeof planes;
}
static size_t gram(int level, u64 *out) {
  for (int log = 4; log <= 6; log++) dp_gram(level, small + 3, log, 101, (int64_t *)out + 3000 * (log - 4));
  return 9000 * 8;
}
static uint32_t limbs[512 * 9];
static size_t rows(int level, u64 *out) {
  memcpy(out, field, sizeof field);
  const int32_t *a[3] = {narrow, narrow + 5, narrow + 700};
  const u64 *b[3] = {field, field + 9, field + 4000};
  const size_t lengths[3] = {600, 0, 333};
  dp_rows_narrow(level, a, lengths, limbs, 3, 0, 611, out);
  dp_rows_field(level, b, lengths, field + 100, 3, 3, 611, out + 3000);
  for (int log = 4; log <= 9; log++) dp_fold_groups(level, narrow, log, 19, limbs, out + 6000 + 100 * (log - 4));
  dp_fold(level, field, 1, 44, field + 77, out + 7000);
  return sizeof field;
}
/// Full groups of lanes and every rest.
static size_t cubic(int level, u64 *out) {
  for (size_t count = 0; count < 20; count++) {
    u64 *target = out + 32 * count;
    memset(target, 0, 32 * 8);
    dp_quartic(level, field + 3, field + 1000 + count, field + 2000, count, target);
    dp_dot(level, field + count, field + 3000, count, target + 18);
    dp_dot_pairs(level, field + 5, field + 4000, count, target + 21);
    dp_squares(level, narrow + count, 50 * count, target + 27);
  }
  return 32 * 20 * 8;
}
static size_t points(int level, u64 *out) {
  enum { PAIRS = 3, DIGITS = 8 };
  static u64 values[2 * PAIRS * DP_POINTS_STRIDE];
  memset(values, 0, sizeof values);
  dp_points_expand(level, small, DP_POINTS_GROUP + 16, DIGITS, narrow, PAIRS, values);
  static uint32_t slots[5] = {0, 5, 5, 2, 1};
  memcpy(out, field, 5 * 64);
  dp_points_collect(level, values, slots, limbs, 5, out);
  for (size_t k = 0; k < 5 * 8; k++) out[k] = gl_canonical(out[k]);
  for (size_t s = 0; s < 2 * PAIRS; s++)
    for (size_t x = 0; x < DP_POINTS_GROUP; x++)
      out[40 + DP_POINTS_GROUP * s + x] = gl_canonical(values[DP_POINTS_STRIDE * s + x]);
  dp_points_horner(level, field, 24, field + 200, 77, out + 8000);
  return (8000 + 24) * 8;
}

/// Lengths that leave every kind of rest; results that fit, that do not, and what the kernel says of each.
static size_t residual(int level, u64 *out) {
  enum { RANK = 5, STRIDE = 100, PART = 128 };
  static const size_t counts[] = {0, 1, 7, 8, 31, 32, 33, 77, 96};
  enum { LENGTHS = sizeof counts / sizeof counts[0] };
  int32_t *entries = (int32_t *)out, *says = entries + 4 * LENGTHS * PART;
  for (size_t i = 0; i < LENGTHS; i++)
    for (size_t kind = 0; kind < 4; kind++) {
      // Small factors and a small shift; as large as they come; no factors; one result out of range.
      int32_t u[RANK], v[RANK * STRIDE], *e = entries + (4 * i + kind) * PART;
      for (size_t k = 0; k < RANK; k++) u[k] = kind == 1 ? narrow[7 * i + k] : small[7 * i + k] >> 12;
      for (size_t k = 0; k < RANK * STRIDE; k++) v[k] = kind == 1 ? narrow[k + i] : small[k + i] >> 8;
      for (size_t k = 0; k < PART; k++) e[k] = kind == 1 ? narrow[k + 3 * i] : small[k + 3 * i] >> 12;
      if (kind == 3 && counts[i] > 0) e[counts[i] - 1] = 1 << 28;
      says[4 * i + kind] = dp_residual(level, e, counts[i], kind == 1 ? 31 : 4, u, kind == 2 ? 0 : RANK, v, STRIDE);
    }
  return (4 * LENGTHS * PART + 4 * LENGTHS) * 4;
}

/// Blocks of every width, packed and unpacked: what was packed, its widths, and what came back.
static size_t pack(int level, u64 *out) {
  enum { BLOCKS = 32, SIZE = 256 };
  int32_t *back = (int32_t *)out, e[BLOCKS * SIZE];
  uint8_t *widths = (uint8_t *)(back + BLOCKS * SIZE), *bytes = widths + BLOCKS;
  // The last block has all bits, the first two none but the sign.
  for (size_t k = 0; k < BLOCKS * SIZE; k++) e[k] = narrow[k % ROW] >> (31 - k / SIZE);
  memset(bytes, 0, 4 * BLOCKS * SIZE);
  dp_pack_widths(level, e, BLOCKS, widths);
  dp_pack(level, widths, BLOCKS, e, bytes);
  dp_unpack(level, widths, BLOCKS, bytes, back);
  if (memcmp(e, back, sizeof e)) back[0] = level ^ 0x55AA;
  return 8 * BLOCKS * SIZE + BLOCKS;
}

int main(void) {
  for (size_t k = 0; k < 8 * ROW; k++) field[k] = element();
  for (size_t k = 0; k < ROW + 64; k++) {
    narrow[k] = k % 7 == 0 ? INT32_MIN : (int32_t)next();
    small[k] = (int32_t)next() >> 12;
    if (k < ROW) roots[k] = element();
  }
  for (size_t k = 0; k < 16; k++) scale[k] = element();
  for (size_t k = 0; k < sizeof bytes; k++) bytes[k] = (uint8_t)next();
  for (size_t k = 0; k < sizeof signs; k++) signs[k] = (int8_t)(next() % 3) - 1;
  for (size_t k = 0; k < sizeof limbs / 4; k++) limbs[k] = k % 3 == 2 ? next() & 0xFFFFF : next() & 0x3FFFFF;

  static const struct {
    const char *name;
    Case *run;
  } cases[] = {{"lanes", lanes}, {"ntt", ntt}, {"ntt_start", ntt_start}, {"sha", sha}, {"project", project},
               {"gram", gram}, {"rows", rows}, {"cubic", cubic}, {"points", points}, {"residual", residual},
               {"pack", pack}};
  int failures = 0, best = dp_level(DP_LEVEL_AVX512);
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
    for (int cap = 0; cap <= best; cap++) {
      int level = dp_level(cap);
      memset(results[level], 0, sizeof results[level]);
      size_t length = cases[c].run(level, results[level]);
      int same = memcmp(results[level], results[0], length) == 0;
      failures += !same;
      printf("%-8s level %d: %zu bytes %s\n", cases[c].name, level, length, same ? "agree" : "DIFFER");
    }
  return failures > 0;
}
