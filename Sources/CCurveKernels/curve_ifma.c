// SPDX-License-Identifier: Apache-2.0

// The kernels in eight lanes of AVX-512 IFMA.
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512ifma,bmi,bmi2,adx"))), apply_to = function)
#include "lanes.h"
#include "buckets_impl.h"
#include "projective_lanes.h"
#include "decode_lanes.h"
#include "transform_lanes.h"

static void copy_point(u64 *out, const u64 *in, int negative) {
  memcpy(out, in, 8 * POINT_WORDS);
  if (!negative) return;
  // 16p - y, which may stand in a bucket: y ≤ 16 is all that an addition asks for.
  i64 carry = 0;
  for (int j = 0; j < 8; j++) {
    i64 s = (i64)P52_16[j] - (i64)in[8 + j] + carry;
    carry = j < 7 ? s >> 52 : 0;
    out[8 + j] = j < 7 ? (u64)s & MASK52 : (u64)s;
  }
}

// The inverses of eight lanes, none of which is zero, with one scalar inversion.
static void inverse_lanes(f8 *r, const f8 *a) {
  u64 buffer[64] __attribute__((aligned(64)));
  u64 *rows[8];
  fp x[8], prefix[8], inverse, t;
  for (int i = 0; i < 8; i++) rows[i] = buffer + 8 * i;
  f8_store(rows, a);
  for (int i = 0; i < 8; i++) {
    lane_to_words(&x[i], rows[i]);
    if (i == 0) prefix[0] = x[0];
    else fp_mul(&prefix[i], &prefix[i - 1], &x[i]);
  }
  fp_inverse(&inverse, &prefix[7]);
  for (int i = 7; i > 0; i--) {
    fp_mul(&t, &inverse, &prefix[i - 1]);
    fp_mul(&inverse, &inverse, &x[i]);
    lane_from_words(rows[i], &t);
  }
  lane_from_words(rows[0], &inverse);
  f8_load(r, (const u64 *const *)rows);
}

INLINE void load_x(f8 *a, f8 *b, const job *jobs) {
  const u64 *p[8], *q[8];
  for (int i = 0; i < 8; i++) p[i] = jobs[i].a, q[i] = jobs[i].b;
  f8_load(a, p);
  f8_load(b, q);
}

// With signs: below 4.1 or, negated, at most 16.
INLINE void load_y(f8 *a, f8 *b, const job *jobs) {
  const u64 *p[8], *q[8];
  unsigned negative_a = 0, negative_b = 0;
  for (int i = 0; i < 8; i++) {
    p[i] = jobs[i].a + 8, q[i] = jobs[i].b + 8;
    negative_a |= (unsigned)jobs[i].negative_a << i, negative_b |= (unsigned)jobs[i].negative_b << i;
  }
  f8_load(a, p);
  f8_load(b, q);
  if (negative_a) f8_negate(a, (__mmask8)negative_a);
  if (negative_b) f8_negate(b, (__mmask8)negative_b);
}

INLINE __mmask8 lanes_of(const job *jobs, int kind) {
  unsigned lanes = 0;
  for (int i = 0; i < 8; i++) lanes |= (unsigned)(jobs[i].kind == kind) << i;
  return (__mmask8)lanes;
}

INLINE void prefetch(const job *jobs) {
  for (int i = 0; i < 8; i++) {
    _mm_prefetch((const char *)jobs[i].a, _MM_HINT_T0), _mm_prefetch((const char *)(jobs[i].a + 8), _MM_HINT_T0);
    _mm_prefetch((const char *)jobs[i].b, _MM_HINT_T0), _mm_prefetch((const char *)(jobs[i].b + 8), _MM_HINT_T0);
  }
}

INLINE void denominator(f8 *d, const job *j, int special) {
  f8 xa, xb;
  load_x(&xa, &xb, j);
  f8_sub(d, &xb, &xa);
  if (!special) return;
  __mmask8 twice = lanes_of(j, DOUBLE), cancel = lanes_of(j, CANCEL);
  if (twice) {
    f8 ya, yb;
    load_y(&ya, &yb, j);
    f8_add(&ya, &ya, &ya);
    f8_blend(d, twice, &ya);
  }
  if (cancel) {
    const f8 one = f8_one();
    f8_blend(d, cancel, &one);
  }
}

// Denominators and prefix products of all steps, those of even and odd ones apart; special jobs have their kinds already.
static void forward(workspace *work, const job *jobs, size_t steps, int special, f8 products[2]) {
  f8 *denominators = (f8 *)work->scratch, *prefixes = denominators + BATCH / 8;
  products[0] = products[1] = f8_one();
  for (size_t s = 0; s < steps; s += 2) {
    const job *j = jobs + 8 * s;
    if (s + 4 < steps) prefetch(j + 32), prefetch(j + 40);
    denominator(denominators + s, j, special);
    denominator(denominators + s + 1, j + 8, special);
    prefixes[s] = products[0], prefixes[s + 1] = products[1];
    f8_mul2(products, products, denominators + s, products + 1, products + 1, denominators + s + 1);
  }
}

static void canonical_y(u64 out[8], const u64 *point, int negative) {
  u64 copy[POINT_WORDS];
  copy_point(copy, point, negative);
  lane_canonical(out, copy + 8);
}

// Finds the pairs of equal x, one by one: they are rare.
static void classify(job *jobs, size_t count) {
  for (size_t k = 0; k < count; k++) {
    u64 a[8], b[8];
    lane_canonical(a, jobs[k].a);
    lane_canonical(b, jobs[k].b);
    if (memcmp(a, b, 64) != 0) continue;
    canonical_y(a, jobs[k].a, jobs[k].negative_a);
    canonical_y(b, jobs[k].b, jobs[k].negative_b);
    jobs[k].kind = memcmp(a, b, 64) == 0 ? DOUBLE : CANCEL;
  }
}

// ya and what the slope's denominator belongs to: yb - ya, or 3·xa² where a point is doubled.
INLINE void numerator(f8 *t, f8 *ya, const f8 *xa, const job *j, int special) {
  f8 yb;
  load_y(ya, &yb, j);
  f8_sub(t, &yb, ya);
  if (!special) return;
  __mmask8 twice = lanes_of(j, DOUBLE);
  if (twice) {
    f8 square;
    f8_mul(&square, xa, xa);
    f8_scale(&square, &square, 3);
    f8_blend(t, twice, &square);
  }
}

INLINE void store_point(const job *j, const f8 *x, const f8 *y) {
  u64 *ox[8], *oy[8];
  for (int i = 0; i < 8; i++) ox[i] = j[i].out, oy[i] = j[i].out + 8;
  f8_store(ox, x);
  f8_store(oy, y);
}

static void run_batch(workspace *work, size_t first, size_t count) {
  if (count == 0) return;
  job *jobs = work->jobs + first, saved[16];
  size_t steps = 2 * ((count + 15) / 16), filled = 8 * steps;
  // The last steps are filled up with additions of points with x = 1 and x = 2, whose results nobody reads.
  u64 *padding = work->padding;
  memcpy(saved, jobs + count, sizeof(job) * (filled - count));
  for (size_t k = count; k < filled; k++) {
    u64 *a = padding + 3 * POINT_WORDS * (k - count);
    memset(a, 0, 8 * 2 * POINT_WORDS);
    a[0] = a[8] = 1, a[POINT_WORDS] = a[POINT_WORDS + 8] = 2;
    job j = {a, a + POINT_WORDS, a + 2 * POINT_WORDS, 0, 0, 0, ADD};
    jobs[k] = j;
  }
  f8 products[2], inverses[2], all;
  forward(work, jobs, steps, 0, products);
  int special = (f8_zero_lanes(products) | f8_zero_lanes(products + 1)) != 0;
  if (special) {
    classify(jobs, count);
    forward(work, jobs, steps, 1, products);
  }
  f8_mul(&all, products, products + 1);
  inverse_lanes(&all, &all);
  f8_mul2(inverses, &all, products + 1, inverses + 1, &all, products);
  f8 *denominators = (f8 *)work->scratch, *prefixes = denominators + BATCH / 8;
  for (size_t s = steps; s > 0;) {
    s -= 2;
    job *j = jobs + 8 * s;
    if (s >= 4) prefetch(j - 32), prefetch(j - 24);
    f8 slope[2], xa[2], xb[2], ya[2], t[2], x[2], y[2];
    f8_mul2(slope, inverses, prefixes + s, slope + 1, inverses + 1, prefixes + s + 1);
    f8_mul2(inverses, inverses, denominators + s, inverses + 1, inverses + 1, denominators + s + 1);
    for (int k = 0; k < 2; k++) {
      load_x(xa + k, xb + k, j + 8 * k);
      numerator(t + k, ya + k, xa + k, j + 8 * k, special);
    }
    f8_mul2(slope, slope, t, slope + 1, slope + 1, t + 1);
    f8_mul2(x, slope, slope, x + 1, slope + 1, slope + 1);
    for (int k = 0; k < 2; k++) {
      f8_sub2(x + k, x + k, xa + k, xb + k);  // xa + xb ≤ 8.2
      f8_bound(x + k);
      f8_sub(t + k, xa + k, x + k);
    }
    f8_mul2(y, t, slope, y + 1, t + 1, slope + 1);
    for (int k = 0; k < 2; k++) {
      f8_sub(y + k, y + k, ya + k);
      f8_bound(y + k);
      store_point(j + 8 * k, x + k, y + k);
    }
  }
  memcpy(jobs + count, saved, sizeof(job) * (filled - count));
}

void dpc_ifma_aggregate(const u64 *buckets, const uint8_t *full, size_t bucket_count, u64 *sums) {
  static const u64 nothing[8] __attribute__((aligned(64))) = {0};
  size_t length = (bucket_count + 7) / 8;
  const f8 one = f8_one();
  projective8 run, total, bucket;
  for (int j = 0; j < 8; j++) run.x.l[j] = run.z.l[j] = _mm512_setzero_si512();
  run.y = one;
  total = run;
  const f8 zero = run.z;
  for (size_t i = length; i-- > 0;) {
    const u64 *p[8], *q[8];
    unsigned present = 0;
    for (size_t segment = 0; segment < 8; segment++) {
      size_t index = segment * length + i;
      int has = index < bucket_count && full[index];
      present |= (unsigned)has << segment;
      p[segment] = has ? buckets + POINT_WORDS * index : nothing;
      q[segment] = has ? buckets + POINT_WORDS * index + 8 : nothing;
    }
    if (present) {
      f8_load(&bucket.x, p);
      f8_load(&bucket.y, q);
      f8_blend(&bucket.y, (__mmask8)~present, &one);
      bucket.z = zero;
      f8_blend(&bucket.z, (__mmask8)present, &one);
      add8(&run, &run, &bucket);
    }
    add8(&total, &total, &run);
  }
  store_lanes(&run.x, sums + 0, 36, 8), store_lanes(&run.y, sums + 6, 36, 8), store_lanes(&run.z, sums + 12, 36, 8);
  store_lanes(&total.x, sums + 18, 36, 8), store_lanes(&total.y, sums + 24, 36, 8), store_lanes(&total.z, sums + 30, 36, 8);
}

void dpc_ifma_accumulate(const u64 *points, const int32_t *digits, size_t count, u64 *buckets, uint8_t *full,
                         size_t bucket_count, void *work) {
  accumulate(points, digits, count, buckets, full, bucket_count, work);
}

void dpc_ifma_import(const u64 *words, size_t count, u64 *points) {
  for (size_t i = 0; i < 2 * count; i++) {
    fp value;
    memcpy(value.l, words + 6 * i, 48);
    lane_from_words(points + 8 * i, &value);
  }
}

void dpc_ifma_export(const u64 *points, size_t count, u64 *words) {
  for (size_t i = 0; i < 2 * count; i++) {
    fp value;
    lane_to_words(&value, points + 8 * i);
    memcpy(words + 6 * i, value.l, 48);
  }
}

void dpc_ifma_products(const u64 *a, const u64 *b, size_t count, unsigned lift, u64 *out) {
  f8 modulus, x[2], y[2];
  for (int j = 0; j < 8; j++) modulus.l[j] = lane_constant(P52[j]);
  f8_scale(&modulus, &modulus, lift);
  for (size_t start = 0; start < count; start += 16) {
    size_t rest = count - start < 16 ? count - start : 16;
    load_words(x, a + 6 * start, 6, rest);
    load_words(y, b + 6 * start, 6, rest);
    for (int half = 0; half < 2; half++) {
      f8_add(x + half, x + half, &modulus);
      f8_add(y + half, y + half, &modulus);
    }
    f8_mul2(x, x, y, x + 1, x + 1, y + 1);
    store_lanes(x, out + 6 * start, 6, rest < 8 ? rest : 8);
    if (rest > 8) store_lanes(x + 1, out + 6 * (start + 8), 6, rest - 8);
  }
}
#pragma clang attribute pop
#endif
