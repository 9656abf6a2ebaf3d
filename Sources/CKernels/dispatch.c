// SPDX-License-Identifier: Apache-2.0

// Picks the code for a level.
#include "scalar.h"

#define KERNEL(type, name, params) \
  type dp_plain_##name params;     \
  type dp_avx2_##name params;      \
  type dp_avx512_##name params;    \
  type dp_ni_##name params;        \
  type dp_neon_##name params;      \
  type dp_arm_##name params

KERNEL(void, ntt_radix2, (u64 *, size_t, size_t, size_t, u64));
KERNEL(void, ntt_start, (const dp_row *, u64 *, int, size_t, size_t, u64, const u64 *, const u64 *));
KERNEL(void, ntt_pass, (u64 *, int, size_t, const u64 *, const u64 *));
KERNEL(void, ntt_block, (u64 *, int, size_t, const u64 *, const u64 *));
KERNEL(void, lanes, (int, const u64 *, const u64 *, u64 *, size_t));
KERNEL(size_t, sha_begin, (uint32_t *, const uint8_t *, const uint8_t *, size_t));
KERNEL(size_t, sha_absorb, (uint32_t *, const uint8_t *, size_t));
KERNEL(size_t, sha_pairs, (uint32_t *, const uint8_t *, const uint8_t *, size_t));
KERNEL(size_t, sha_finish, (const uint32_t *, uint64_t, uint8_t *, size_t));
KERNEL(size_t, sha_parents, (const uint8_t *, uint8_t *, size_t));
KERNEL(void, project, (const int8_t *, const uint8_t *, size_t, int32_t *));
KERNEL(void, byte_planes, (const int32_t *, size_t, int, uint8_t *, size_t));
KERNEL(int32_t, magnitude, (const int32_t *, size_t));
KERNEL(void, gram, (const int32_t *, int, size_t, int64_t *));
KERNEL(void, rows_narrow,
       (const int32_t *const *, const size_t *, const uint32_t *, size_t, size_t, size_t, u64 *));
KERNEL(void, rows_field, (const u64 *const *, const size_t *, const u64 *, size_t, size_t, size_t, u64 *));
KERNEL(void, points_expand, (const int32_t *, size_t, size_t, const int32_t *, size_t, u64 *));
KERNEL(void, points_collect, (const u64 *, const uint32_t *, const uint32_t *, size_t, u64 *));
KERNEL(void, points_horner, (const u64 *, size_t, const u64 *, size_t, u64 *));
KERNEL(void, fold, (const u64 *, size_t, size_t, const u64 *, u64 *));
KERNEL(void, quartic, (const u64 *, const u64 *, const u64 *, size_t, u64 *));
KERNEL(void, dot, (const u64 *, const u64 *, size_t, u64 *));
KERNEL(void, dot_pairs, (const u64 *, const u64 *, size_t, u64 *));
KERNEL(void, squares, (const int32_t *, size_t, u64 *));
KERNEL(void, fold_groups, (const int32_t *, int, size_t, const uint32_t *, u64 *));
KERNEL(int, residual, (int32_t *, size_t, int, const int32_t *, size_t, const int32_t *, size_t));
KERNEL(void, product_row, (double *, size_t, const double *, size_t, const double *, size_t));
KERNEL(void, pack_widths, (const int32_t *, size_t, uint8_t *));
KERNEL(void, pack, (const uint8_t *, size_t, const int32_t *, uint8_t *));
KERNEL(void, unpack, (const uint8_t *, size_t, const uint8_t *, int32_t *));

#if defined(__x86_64__)
#include <cpuid.h>

static int has_sha(void) {
  unsigned a, b, c, d;
  return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

int dp_level(int cap) {
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512vnni");
  if (cap >= DP_LEVEL_AVX512 && avx512) return DP_LEVEL_AVX512;
  if (cap >= DP_LEVEL_SHA && avx2 && has_sha()) return DP_LEVEL_SHA;
  if (cap >= DP_LEVEL_AVX2 && avx2) return DP_LEVEL_AVX2;
  return DP_LEVEL_PLAIN;
}

#define CALL(name, ...)                               \
  (level == DP_LEVEL_AVX512 ? dp_avx512_##name(__VA_ARGS__) \
   : level >= DP_LEVEL_AVX2 ? dp_avx2_##name(__VA_ARGS__)   \
                            : dp_plain_##name(__VA_ARGS__))
// The lanes of 16 are faster than the SHA instructions, and those faster than 8 lanes.
#define CALL_SHA(name, ...) (level == DP_LEVEL_SHA ? dp_ni_##name(__VA_ARGS__) : CALL(name, __VA_ARGS__))
#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
#endif

static int has_sha(void) {
#if defined(__APPLE__)
  return 1;
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) >> 6 & 1) != 0;  // HWCAP_SHA2
#else
  return 0;
#endif
}

int dp_level(int cap) {
  if (cap >= DP_LEVEL_SHA && has_sha()) return DP_LEVEL_SHA;
  return cap >= DP_LEVEL_NEON ? DP_LEVEL_NEON : DP_LEVEL_PLAIN;
}

#define CALL(name, ...) (level >= DP_LEVEL_NEON ? dp_neon_##name(__VA_ARGS__) : dp_plain_##name(__VA_ARGS__))
#define CALL_SHA(name, ...) (level >= DP_LEVEL_SHA ? dp_arm_##name(__VA_ARGS__) : dp_plain_##name(__VA_ARGS__))
#else
int dp_level(int cap) {
  (void)cap;
  return DP_LEVEL_PLAIN;
}
#define CALL(name, ...) ((void)level, dp_plain_##name(__VA_ARGS__))
#define CALL_SHA(name, ...) CALL(name, __VA_ARGS__)
#endif

void dp_ntt_radix2(int level, u64 *data, size_t half, size_t j0, size_t j1, u64 rho) {
  CALL(ntt_radix2, data, half, j0, j1, rho);
}
void dp_ntt_start(int level, const dp_row *rows, u64 *data, int logn, size_t j0, size_t j1, u64 rho, const u64 *scale,
                  const u64 *U) {
  CALL(ntt_start, rows, data, logn, j0, j1, rho, scale, U);
}
void dp_ntt_pass(int level, u64 *data, int logn, size_t b, const u64 *scale, const u64 *U) {
  CALL(ntt_pass, data, logn, b, scale, U);
}
void dp_ntt_block(int level, u64 *data, int logn, size_t b, const u64 *scale, const u64 *U) {
  CALL(ntt_block, data, logn, b, scale, U);
}
void dp_lanes(int level, int op, const u64 *a, const u64 *b, u64 *out, size_t count) {
  CALL(lanes, op, a, b, out, count);
}

void dp_place_narrow(u64 *dst, const int32_t *src, size_t count) {
  for (size_t x = 0; x < count; x++) dst[8 * x] = (u64)(int64_t)src[x] + (DP_P & (u64)((int64_t)src[x] >> 63));
}
void dp_place_field(u64 *dst, const u64 *src, size_t count) {
  for (size_t x = 0; x < count; x++) dst[8 * x] = src[x];
}

// The messages after the last full group go through the plain code.

void dp_sha_begin(int level, uint32_t *states, const uint8_t *header, const uint8_t *salts, size_t count) {
  size_t j = CALL_SHA(sha_begin, states, header, salts, count);
  dp_plain_sha_begin(states + 8 * j, header, salts + 32 * j, count - j);
}
void dp_sha_absorb(int level, uint32_t *states, const uint8_t *blocks, size_t count) {
  size_t j = CALL_SHA(sha_absorb, states, blocks, count);
  dp_plain_sha_absorb(states + 8 * j, blocks + 64 * j, count - j);
}
void dp_sha_pairs(int level, uint32_t *states, const uint8_t *left, const uint8_t *right, size_t count) {
  size_t j = CALL_SHA(sha_pairs, states, left, right, count);
  dp_plain_sha_pairs(states + 8 * j, left + 32 * j, right ? right + 32 * j : right, count - j);
}
void dp_sha_finish(int level, const uint32_t *states, uint64_t total_bytes, uint8_t *digests, size_t count) {
  size_t j = CALL_SHA(sha_finish, states, total_bytes, digests, count);
  dp_plain_sha_finish(states + 8 * j, total_bytes, digests + 32 * j, count - j);
}
void dp_sha_parents(int level, const uint8_t *children, uint8_t *parents, size_t count) {
  size_t j = CALL_SHA(sha_parents, children, parents, count);
  dp_plain_sha_parents(children + 64 * j, parents + 32 * j, count - j);
}

void dp_project(int level, const int8_t *signs, const uint8_t *limbs, size_t columns, int32_t *sums) {
  CALL(project, signs, limbs, columns, sums);
}
void dp_byte_planes(int level, const int32_t *entries, size_t n, int count, uint8_t *planes, size_t stride) {
  CALL(byte_planes, entries, n, count, planes, stride);
}
int32_t dp_magnitude(int level, const int32_t *entries, size_t n) { return CALL(magnitude, entries, n); }
void dp_gram(int level, const int32_t *entries, int log, size_t groups, int64_t *out) {
  CALL(gram, entries, log, groups, out);
}
void dp_rows_narrow(int level, const int32_t *const *rows, const size_t *lengths, const uint32_t *limbs, size_t count,
                    size_t x0, size_t x1, u64 *acc) {
  CALL(rows_narrow, rows, lengths, limbs, count, x0, x1, acc);
}
void dp_rows_field(int level, const u64 *const *rows, const size_t *lengths, const u64 *weights, size_t count,
                   size_t x0, size_t x1, u64 *acc) {
  CALL(rows_field, rows, lengths, weights, count, x0, x1, acc);
}
void dp_fold_groups(int level, const int32_t *entries, int log, size_t groups, const uint32_t *limbs, u64 *out) {
  CALL(fold_groups, entries, log, groups, limbs, out);
}
void dp_fold(int level, const u64 *t, size_t i0, size_t i1, const u64 r[3], u64 *out) {
  CALL(fold, t, i0, i1, r, out);
}
void dp_quartic(int level, const u64 *values, const u64 *rest, const u64 *linear, size_t count, u64 out[18]) {
  CALL(quartic, values, rest, linear, count, out);
}
void dp_dot(int level, const u64 *a, const u64 *b, size_t count, u64 out[3]) { CALL(dot, a, b, count, out); }
void dp_dot_pairs(int level, const u64 *a, const u64 *b, size_t count, u64 out[6]) {
  CALL(dot_pairs, a, b, count, out);
}
void dp_squares(int level, const int32_t *entries, size_t count, u64 out[2]) { CALL(squares, entries, count, out); }
void dp_points_expand(int level, const int32_t *entries, size_t stride, size_t digits, const int32_t *weights,
                      size_t pairs, u64 *out) {
  CALL(points_expand, entries, stride, digits, weights, pairs, out);
}
void dp_points_collect(int level, const u64 *values, const uint32_t *slots, const uint32_t *limbs, size_t count,
                       u64 *sums) {
  CALL(points_collect, values, slots, limbs, count, sums);
}
void dp_points_horner(int level, const u64 *points, size_t count, const u64 *coefficients, size_t length, u64 *out) {
  CALL(points_horner, points, count, coefficients, length, out);
}
int dp_residual(int level, int32_t *e, size_t count, int shift, const int32_t *u, size_t rank, const int32_t *v,
                size_t stride) {
  return CALL(residual, e, count, shift, u, rank, v, stride);
}
void dp_product_row(int level, double *out, size_t count, const double *u, size_t rank, const double *v,
                    size_t stride) {
  CALL(product_row, out, count, u, rank, v, stride);
}
void dp_pack_widths(int level, const int32_t *e, size_t blocks, uint8_t *widths) {
  CALL(pack_widths, e, blocks, widths);
}
void dp_pack(int level, const uint8_t *widths, size_t blocks, const int32_t *e, uint8_t *bytes) {
  CALL(pack, widths, blocks, e, bytes);
}
void dp_unpack(int level, const uint8_t *widths, size_t blocks, const uint8_t *bytes, int32_t *e) {
  CALL(unpack, widths, blocks, bytes, e);
}
