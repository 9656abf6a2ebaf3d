// SPDX-License-Identifier: Apache-2.0

// Kernels of the curve BLS12-381: sums of many points times small numbers. Sources/Curve/Buckets has their Swift twins.
//
// A point takes 16 words aligned to 64 bytes, eight for x and eight for y, in a form that depends on the level; y = 0 means
// infinity, as no point of the curve has order 2. Coordinates that go in and out are six words in Montgomery form, a·2^384 mod p,
// lowest first. Nothing here takes the same time for all values.
#ifndef DRIFTPROOF_CURVE_KERNELS_H
#define DRIFTPROOF_CURVE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
  DPC_LEVEL_PLAIN = 0,  // C with 128-bit integers
  DPC_LEVEL_MULX = 1,   // the same, compiled for BMI2 and ADX
  DPC_LEVEL_IFMA = 2,   // eight lanes of AVX-512 IFMA
};

// The highest level at most `cap` that this processor has.
int dpc_level(int cap);

// Bytes of the workspace that one call of dpc_accumulate needs, aligned to 64, for buckets up to `buckets`.
size_t dpc_workspace_bytes(size_t buckets);

// From 12 words a point (x, y; all zero for infinity) to the level's form, and back.
void dpc_import(int level, const uint64_t *words, size_t count, uint64_t *points);
void dpc_export(int level, const uint64_t *points, size_t count, uint64_t *words);

// Adds the sign of digits[i] times point i to bucket |digits[i]| - 1, for all i with a digit that is not zero.
// `full` has one byte for each of `bucket_count` buckets: zero where it is infinity, whatever its words are.
void dpc_accumulate(int level, const uint64_t *points, const int32_t *digits, size_t count, uint64_t *buckets,
                    uint8_t *full, size_t bucket_count, void *workspace);

// Eight segments of m = ⌈bucket_count/8⌉ buckets; of segment j, R_j = Σ B[j·m + i] and S_j = Σ (i + 1)·B[j·m + i] over
// i < m. `sums` gets R_0, S_0, R_1, … as projective points of 18 words each (X, Y, Z).
void dpc_aggregate(int level, const uint64_t *buckets, const uint8_t *full, size_t bucket_count, uint64_t *sums);

// For each of `count` x the square root a^((p + 1)/4) of a = x³ + 4, and whether it is one: else no point has this x.
void dpc_lift(int level, const uint64_t *x, size_t count, uint64_t *y, uint8_t *found);
// Whether r times a point is infinity: φ(P) = -[x²]P. Each has 12 words x, y and must be on the curve; none is infinity.
void dpc_in_group(int level, const uint64_t *points, size_t count, uint8_t *inside);

// Eight transforms over Fr, for DPC_LEVEL_IFMA alone. Elements are four words a·2^256 mod r. Element i < 2^log of transform j is
// in[i·in_step + j·in_lane], zero from `count` on. Its frequency k, Σ_i element·root^(i·k), times `first`·steps[j]^k goes to
// out[k·out_step + j·out_lane], below r. `twiddles` are root^0, root^1, … for half of the size; they, `first` and `steps` are
// 16 times what they stand for. log is at most 16.
size_t dpc_transforms_bytes(unsigned log);
void dpc_transforms(const uint64_t *in, size_t count, size_t in_step, size_t in_lane, unsigned log,
                    const uint64_t *twiddles, const uint64_t *first, const uint64_t *steps, uint64_t *out,
                    size_t out_step, size_t out_lane, void *workspace);

// For tests. Products of elements of six words, in lanes from representatives that are `lift`·p too large, at most 200.
void dpc_products(int level, const uint64_t *a, const uint64_t *b, size_t count, unsigned lift, uint64_t *out);
// For tests. Inverses; zero for zero.
void dpc_inverses(int level, const uint64_t *a, size_t count, uint64_t *out);

#endif
