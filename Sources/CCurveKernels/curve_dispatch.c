// SPDX-License-Identifier: Apache-2.0

// Picks the code for a level.
#include "CDriftProofCurveKernels.h"

#define KERNEL(type, name, params) \
  type dpc_plain_##name params;    \
  type dpc_mulx_##name params;     \
  type dpc_ifma_##name params

typedef uint64_t u64;

KERNEL(void, import, (const u64 *, size_t, u64 *));
KERNEL(void, export, (const u64 *, size_t, u64 *));
KERNEL(void, accumulate, (const u64 *, const int32_t *, size_t, u64 *, uint8_t *, size_t, void *));
KERNEL(void, aggregate, (const u64 *, const uint8_t *, size_t, u64 *));
KERNEL(void, lift, (const u64 *, size_t, u64 *, uint8_t *));
KERNEL(void, in_group, (const u64 *, size_t, uint8_t *));
KERNEL(void, products, (const u64 *, const u64 *, size_t, unsigned, u64 *));
KERNEL(void, inverses, (const u64 *, size_t, u64 *));
void dpc_ifma_transforms(const u64 *, size_t, size_t, size_t, unsigned, const u64 *, const u64 *, const u64 *, u64 *, size_t,
                         size_t, void *);
size_t dpc_plain_workspace_bytes(size_t buckets);

#if defined(__x86_64__)
int dpc_level(int cap) {
  __builtin_cpu_init();
  int mulx = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("adx");
  int ifma = mulx && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512ifma");
  if (cap >= DPC_LEVEL_IFMA && ifma) return DPC_LEVEL_IFMA;
  return cap >= DPC_LEVEL_MULX && mulx ? DPC_LEVEL_MULX : DPC_LEVEL_PLAIN;
}
#define CALL(name, ...)                                        \
  do {                                                         \
    if (level == DPC_LEVEL_IFMA) dpc_ifma_##name(__VA_ARGS__); \
    else if (level == DPC_LEVEL_MULX) dpc_mulx_##name(__VA_ARGS__); \
    else dpc_plain_##name(__VA_ARGS__);                        \
  } while (0)
// There are no lanes for inversions.
#define CALL_SCALAR(name, ...)                                      \
  do {                                                              \
    if (level >= DPC_LEVEL_MULX) dpc_mulx_##name(__VA_ARGS__);      \
    else dpc_plain_##name(__VA_ARGS__);                             \
  } while (0)
#else
int dpc_level(int cap) {
  (void)cap;
  return DPC_LEVEL_PLAIN;
}
#define CALL(name, ...) ((void)level, dpc_plain_##name(__VA_ARGS__))
#define CALL_SCALAR(name, ...) CALL(name, __VA_ARGS__)
#endif

size_t dpc_workspace_bytes(size_t buckets) { return dpc_plain_workspace_bytes(buckets); }

void dpc_import(int level, const uint64_t *words, size_t count, uint64_t *points) {
  CALL(import, words, count, points);
}
void dpc_export(int level, const uint64_t *points, size_t count, uint64_t *words) {
  CALL(export, points, count, words);
}
void dpc_accumulate(int level, const uint64_t *points, const int32_t *digits, size_t count, uint64_t *buckets,
                    uint8_t *full, size_t bucket_count, void *workspace) {
  CALL(accumulate, points, digits, count, buckets, full, bucket_count, workspace);
}
void dpc_aggregate(int level, const uint64_t *buckets, const uint8_t *full, size_t bucket_count, uint64_t *sums) {
  CALL(aggregate, buckets, full, bucket_count, sums);
}
void dpc_lift(int level, const uint64_t *x, size_t count, uint64_t *y, uint8_t *found) {
  CALL(lift, x, count, y, found);
}
void dpc_in_group(int level, const uint64_t *points, size_t count, uint8_t *inside) {
  CALL(in_group, points, count, inside);
}
size_t dpc_transforms_bytes(unsigned log) { return (size_t)8 * 5 * 8 << log; }
void dpc_transforms(const uint64_t *in, size_t count, size_t in_step, size_t in_lane, unsigned log,
                    const uint64_t *twiddles, const uint64_t *first, const uint64_t *steps, uint64_t *out,
                    size_t out_step, size_t out_lane, void *workspace) {
#if defined(__x86_64__)
  dpc_ifma_transforms(in, count, in_step, in_lane, log, twiddles, first, steps, out, out_step, out_lane, workspace);
#else
  (void)in, (void)count, (void)in_step, (void)in_lane, (void)log, (void)twiddles, (void)first, (void)steps;
  (void)out, (void)out_step, (void)out_lane, (void)workspace;
  __builtin_trap();
#endif
}
void dpc_products(int level, const uint64_t *a, const uint64_t *b, size_t count, unsigned lift, uint64_t *out) {
  CALL(products, a, b, count, lift, out);
}
void dpc_inverses(int level, const uint64_t *a, size_t count, uint64_t *out) {
  CALL_SCALAR(inverses, a, count, out);
}
