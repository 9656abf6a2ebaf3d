// SPDX-License-Identifier: Apache-2.0

#pragma once
#include <stddef.h>
#include <stdint.h>

// Vector kernels behind the Swift module `Kernels`, which documents shapes and ranges. Nothing here checks an argument.
// `level` is one of the DP_LEVEL values that dp_level() returned: code for instructions that the processor has.

enum { DP_LEVEL_PLAIN = 0, DP_LEVEL_AVX2 = 1, DP_LEVEL_NEON = 1, DP_LEVEL_SHA = 2, DP_LEVEL_AVX512 = 3 };

/// The best level that this processor has, no higher than `cap`.
int dp_level(int cap);

/// Canonical elements that stand at places from `at` on.
typedef struct {
  const uint64_t *values;
  size_t at, count;
} dp_piece;

/// The coefficients of one lane: `count` entries, of `narrow` or of `field` unless it has none, and what is added to them.
typedef struct {
  const int32_t *narrow;
  const uint64_t *field;
  size_t count;
  dp_piece added[2];
} dp_row;

/// The first pass of a transform of odd logarithm: positions j in [j0, j1) of both halves; a position is 8 lanes. rho
/// is the value of X^half at the first half, in Montgomery form.
void dp_ntt_radix2(int level, uint64_t *data, size_t half, size_t j0, size_t j1, uint64_t rho);
/// The first passes over the coefficients of 8 rows, 2^logn of each, to 256 blocks, or 512 where logn is odd: positions j
/// in [j0, j1) of each block. scale[k] = shift^(2^k / 4), U and rho (as above) are in Montgomery form. What is between
/// passes may not be canonical.
void dp_ntt_start(int level, const dp_row *rows, uint64_t *data, int logn, size_t j0, size_t j1, uint64_t rho,
                  const uint64_t *scale, const uint64_t *U);
/// Four passes from block `b` of 2^logn positions to its 16 sub-blocks, logn even.
void dp_ntt_pass(int level, uint64_t *data, int logn, size_t b, const uint64_t *scale, const uint64_t *U);
/// All passes of block `b` of 2^logn positions, logn even.
void dp_ntt_block(int level, uint64_t *data, int logn, size_t b, const uint64_t *scale, const uint64_t *U);
/// Interleaves: dst[8*x + lane] = the image of src[x].
void dp_place_narrow(uint64_t *dst, const int32_t *src, size_t count);
void dp_place_field(uint64_t *dst, const uint64_t *src, size_t count);

/// Element-wise out = a op b over canonical values; count is a multiple of 8. For tests of the lane arithmetic. From
/// DP_MONTGOMERY_MUL on a may be any 64-bit value.
enum {
  DP_ADD = 0, DP_SUB = 1, DP_MONTGOMERY_MUL = 2, DP_TIMES_I = 3, DP_PLUS = 4,
  DP_TIMES_24 = 5, DP_TIMES_60 = 6, DP_TIMES_72 = 7, DP_TIMES_84 = 8
};
void dp_lanes(int level, int op, const uint64_t *a, const uint64_t *b, uint64_t *out, size_t count);

void dp_sha_begin(int level, uint32_t *states, const uint8_t *header, const uint8_t *salts, size_t count);
void dp_sha_absorb(int level, uint32_t *states, const uint8_t *blocks, size_t count);
/// The block of message j is left[32j ..< 32j + 32] || right[32j ..< 32j + 32]; right may be null, for zeros.
void dp_sha_pairs(int level, uint32_t *states, const uint8_t *left, const uint8_t *right, size_t count);
void dp_sha_finish(int level, const uint32_t *states, uint64_t total_bytes, uint8_t *digests, size_t count);
void dp_sha_parents(int level, const uint8_t *children, uint8_t *parents, size_t count);

enum { DP_PROJECTIONS = 132, DP_CHUNK = 16384, DP_GROUP = 16 };
/// signs: 132 rows of 2^14 bytes in {-1, 0, 1}; limbs: the `columns` byte planes, 2^14 bytes each, at most DP_GROUP.
/// sums[col * 132 + m] = sum_x signs[m][x] * limbs[col][x].
void dp_project(int level, const int8_t *signs, const uint8_t *limbs, size_t columns, int32_t *sums);
/// planes[k][x] = byte k of entries[x] + 2^(8*count - 1), for the first `count` bytes.
void dp_byte_planes(int level, const int32_t *entries, size_t n, int count, uint8_t *planes, size_t stride);
int32_t dp_magnitude(int level, const int32_t *entries, size_t n);

/// out: the upper triangle of the Gram matrix of `groups` runs of n = 2^log entries, row by row, log in 4...6.
void dp_gram(int level, const int32_t *entries, int log, size_t groups, int64_t *out);

/// acc[3*x + c] += sum_t w_t[c] * rows[t][x] for x in [x0, x1). Row t has lengths[t] entries, zeros after that.
/// limbs: 9 per row, w's coordinates cut in 22, 22 and 20 bits; at most 512 rows.
void dp_rows_narrow(int level, const int32_t *const *rows, const size_t *lengths, const uint32_t *limbs, size_t count,
                    size_t x0, size_t x1, uint64_t *acc);
/// The same for rows of canonical elements; weights: 3 per row in Montgomery form.
void dp_rows_field(int level, const uint64_t *const *rows, const size_t *lengths, const uint64_t *weights,
                   size_t count, size_t x0, size_t x1, uint64_t *acc);
/// out[3*g + c] = sum_b w_b[c] * entries[2^log * g + b]; limbs as above for the 2^log weights, log in 4...9.
void dp_fold_groups(int level, const int32_t *entries, int log, size_t groups, const uint32_t *limbs, uint64_t *out);

/// out[i] = t[2i] + r * (t[2i+1] - t[2i]) in K for i in [i0, i1), three numbers an element; r in Montgomery form. The
/// elements are done upwards, so out may be t.
void dp_fold(int level, const uint64_t *t, size_t i0, size_t i1, const uint64_t r[3], uint64_t *out);

// Elements of K are three numbers each.

/// With a = values[2i], d = values[2i+1] - a, w = rest[i], u = a^2 - 3a and p = w d^2, sums over i < count of w u (u + 2),
/// p (6 u + 11), p d (4 a - 6), p d^2, linear[2i] a and (linear[2i+1] - linear[2i]) d.
void dp_quartic(int level, const uint64_t *values, const uint64_t *rest, const uint64_t *linear, size_t count,
                uint64_t out[18]);
/// Sum of a[i] b[i].
void dp_dot(int level, const uint64_t *a, const uint64_t *b, size_t count, uint64_t out[3]);
/// Sums over i < count of a[2i+1] b[2i+1] and (2 a[2i+1] - a[2i]) (2 b[2i+1] - b[2i]).
void dp_dot_pairs(int level, const uint64_t *a, const uint64_t *b, size_t count, uint64_t out[6]);
/// Sums of the lower and of the upper 32 bits of all squares; fewer than 2^32 entries.
void dp_squares(int level, const int32_t *entries, size_t count, uint64_t out[2]);

/// The stride is no power of two, so that neighbours do not push one another out of a cache.
enum { DP_POINTS_GROUP = 512, DP_POINTS_STRIDE = 520 };
/// out[STRIDE * 2p + x] and out[STRIDE * (2p + 1) + x] = sum_u (+-1)^u w_p^u * entries[stride*u + x'] for p < pairs,
/// x < GROUP, any representatives; u < digits (even). x' is x with every run of 16 places in the order 0, 2, ..., 14, 1, 3, ..., 15.
/// weights[2*(digits*p + u) + k]: w_p^u = limb_0 + limb_1 * 2^32, limbs in [-2^31, 2^31); digits * |entry| <= 2^29.
void dp_points_expand(int level, const int32_t *entries, size_t stride, size_t digits, const int32_t *weights,
                      size_t pairs, uint64_t *out);
/// sums[8*j + x] = sums[8*j + x] * w_j64 + sum_i w_ji * values[STRIDE * slots[j] + 8*i + x] for x < 8, i < 64, any
/// representatives; limbs: 3 for each of the 65 w_ji, of 22, 22 and 20 bits.
void dp_points_collect(int level, const uint64_t *values, const uint32_t *slots, const uint32_t *limbs, size_t count,
                       uint64_t *sums);
/// out[j] = sum_i coefficients[i] * x_j^i; points in Montgomery form, their number a multiple of 8; canonical
/// coefficients.
void dp_points_horner(int level, const uint64_t *points, size_t count, const uint64_t *coefficients, size_t length,
                      uint64_t *out);

/// e[x] = 2^shift * e[x] - sum_k u[k] * v[stride*k + x] for x < count, modulo 2^32; nonzero when a result did not fit.
/// All products and sums are exact modulo 2^64; shift is at most 31.
int dp_residual(int level, int32_t *e, size_t count, int shift, const int32_t *u, size_t rank, const int32_t *v,
                size_t stride);

/// out[x] = sum_k u[k] * v[stride*k + x] for x < count, summed in the order of k with every product and sum rounded to double.
void dp_product_row(int level, double *out, size_t count, const double *u, size_t rank, const double *v,
                    size_t stride);

/// Blocks of 256 integers, packed with widths[b] = 0...8 half bytes an entry, 128*widths[b] bytes a block: see
/// PackedIntegers.swift for their order. pack_widths finds the least width of each block; pack writes and unpack reads as
/// many bytes as all blocks have.
void dp_pack_widths(int level, const int32_t *e, size_t blocks, uint8_t *widths);
void dp_pack(int level, const uint8_t *widths, size_t blocks, const int32_t *e, uint8_t *bytes);
void dp_unpack(int level, const uint8_t *widths, size_t blocks, const uint8_t *bytes, int32_t *e);
