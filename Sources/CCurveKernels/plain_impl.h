// SPDX-License-Identifier: Apache-2.0

// The kernels one element at a time, for whatever instructions the file that includes this one names.
#include "scalar.h"
#include "buckets_impl.h"

static void copy_point(u64 *out, const u64 *in, int negative) {
  memcpy(out, in, 8 * POINT_WORDS);
  if (negative) {
    const fp zero = {{0}};
    fp_sub((fp *)(out + 8), &zero, (const fp *)(in + 8));
  }
}

INLINE fp coordinate(const u64 *words, int negative) {
  fp value, negated;
  const fp zero = {{0}};
  memcpy(value.l, words, 48);
  if (!negative) return value;
  fp_sub(&negated, &zero, &value);
  return negated;
}

// λ = numerator/denominator for all jobs with one inversion; x = λ² - xa - xb, y = λ·(xa - x) - ya.
static void run_batch(workspace *work, size_t first, size_t count) {
  fp *denominators = (fp *)work->scratch, *prefixes = denominators + BATCH;
  job *jobs = work->jobs + first;
  fp product;
  memcpy(product.l, ONE, 48);
  for (size_t k = 0; k < count; k++) {
    job *j = jobs + k;
    fp xa = coordinate(j->a, 0), xb = coordinate(j->b, 0), d;
    fp_sub(&d, &xb, &xa);
    j->kind = ADD;
    if (fp_is_zero(&d)) {
      fp ya = coordinate(j->a + 8, j->negative_a), yb = coordinate(j->b + 8, j->negative_b);
      if (memcmp(&ya, &yb, 48) == 0) {
        j->kind = DOUBLE;
        fp_add(&d, &ya, &ya);  // not zero, as no point has order 2
      } else {
        j->kind = CANCEL;
        memcpy(d.l, ONE, 48);
      }
    }
    denominators[k] = d;
    prefixes[k] = product;
    fp_mul(&product, &product, &d);
  }
  fp inverse;
  fp_inverse(&inverse, &product);
  for (size_t k = count; k-- > 0;) {
    job *j = jobs + k;
    fp slope, t, x, y;
    fp_mul(&slope, &inverse, &prefixes[k]);
    fp_mul(&inverse, &inverse, &denominators[k]);
    if (j->kind == CANCEL) continue;
    fp xa = coordinate(j->a, 0), xb = coordinate(j->b, 0);
    fp ya = coordinate(j->a + 8, j->negative_a), yb = coordinate(j->b + 8, j->negative_b);
    if (j->kind == DOUBLE) {
      fp_mul(&t, &xa, &xa);
      fp_add(&y, &t, &t);
      fp_add(&t, &y, &t);
    } else {
      fp_sub(&t, &yb, &ya);
    }
    fp_mul(&slope, &slope, &t);
    fp_mul(&x, &slope, &slope);
    fp_sub(&x, &x, &xa);
    fp_sub(&x, &x, &xb);
    fp_sub(&t, &xa, &x);
    fp_mul(&y, &t, &slope);
    fp_sub(&y, &y, &ya);
    memcpy(j->out, x.l, 48);
    memcpy(j->out + 8, y.l, 48);
  }
}

typedef struct {
  fp x, y, z;
} projective;

static void twelve_times(fp *r, const fp *a) {
  fp t;
  fp_add(&t, a, a);
  fp_add(&t, &t, &t);
  fp_add(r, &t, &t);
  fp_add(r, r, &t);
}

// Renes, Costello and Batina (eprint 2015/1060), algorithm 7.
static void add(projective *r, const projective *a, const projective *b) {
  fp xx, yy, zz, xy, yz, xz, s, t, sum, difference;
  fp_mul(&xx, &a->x, &b->x);
  fp_mul(&yy, &a->y, &b->y);
  fp_mul(&zz, &a->z, &b->z);
#define MIXED(out, p, q, pp, qq)  \
  fp_add(&s, &a->p, &a->q);       \
  fp_add(&t, &b->p, &b->q);       \
  fp_mul(&out, &s, &t);           \
  fp_sub(&out, &out, &pp);        \
  fp_sub(&out, &out, &qq)
  MIXED(xy, x, y, xx, yy);
  MIXED(yz, y, z, yy, zz);
  MIXED(xz, x, z, xx, zz);
#undef MIXED
  twelve_times(&zz, &zz);
  twelve_times(&xz, &xz);
  fp_add(&s, &xx, &xx);
  fp_add(&xx, &s, &xx);
  fp_add(&sum, &yy, &zz);
  fp_sub(&difference, &yy, &zz);
  fp_mul(&s, &xy, &difference);
  fp_mul(&t, &yz, &xz);
  fp_sub(&r->x, &s, &t);
  fp_mul(&s, &difference, &sum);
  fp_mul(&t, &xz, &xx);
  fp_add(&r->y, &s, &t);
  fp_mul(&s, &sum, &yz);
  fp_mul(&t, &xx, &xy);
  fp_add(&r->z, &s, &t);
}

// Algorithm 9 of the same.
static void twice(projective *r, const projective *a) {
  fp yy, zz, xy, yz, s, t, sum, difference;
  fp_mul(&yy, &a->y, &a->y);
  fp_mul(&zz, &a->z, &a->z);
  fp_mul(&xy, &a->x, &a->y);
  fp_mul(&yz, &a->y, &a->z);
  twelve_times(&zz, &zz);
  fp_add(&t, &zz, &zz);
  fp_add(&t, &t, &zz);
  fp_add(&sum, &yy, &zz);
  fp_sub(&difference, &yy, &t);
  fp_add(&yy, &yy, &yy);
  fp_add(&yy, &yy, &yy);
  fp_add(&yy, &yy, &yy);
  fp_add(&xy, &xy, &xy);
  fp_mul(&r->x, &xy, &difference);
  fp_mul(&r->z, &yy, &yz);
  fp_mul(&s, &zz, &yy);
  fp_mul(&t, &difference, &sum);
  fp_add(&r->y, &s, &t);
}

// -x times a point.
static void times_parameter(projective *r, const projective *a) {
  projective result = *a;
  for (int bit = 62; bit >= 0; bit--) {
    twice(&result, &result);
    if (PARAMETER >> bit & 1) add(&result, &result, a);
  }
  *r = result;
}

// a^((p + 1)/4), a square root where there is one, by windows of at most five bits that begin and end with a one.
static void root(fp *r, const fp *a) {
  fp table[16], square;
  fp_mul(&square, a, a);
  table[0] = *a;
  for (int k = 1; k < 16; k++) fp_mul(&table[k], &table[k - 1], &square);
  int bit = ROOT_EXPONENT_BITS - 1, started = 0;
  while (bit >= 0) {
    if (!root_exponent_bit(bit)) {
      fp_mul(r, r, r);
      bit--;
      continue;
    }
    int low = bit < 4 ? 0 : bit - 4, digit = 0;
    while (!root_exponent_bit(low)) low++;
    for (int k = bit; k >= low; k--) {
      digit = 2 * digit + root_exponent_bit(k);
      if (started) fp_mul(r, r, r);
    }
    if (started) fp_mul(r, r, &table[digit >> 1]);
    else *r = table[digit >> 1];
    started = 1;
    bit = low - 1;
  }
}

void NAME(lift)(const u64 *x, size_t count, u64 *y, uint8_t *found) {
  for (size_t i = 0; i < count; i++) {
    fp value = coordinate(x + 6 * i, 0), cube, four, result, square;
    memcpy(four.l, ONE, 48);
    fp_add(&four, &four, &four);
    fp_add(&four, &four, &four);
    fp_mul(&cube, &value, &value);
    fp_mul(&cube, &cube, &value);
    fp_add(&cube, &cube, &four);
    root(&result, &cube);
    fp_mul(&square, &result, &result);
    found[i] = memcmp(&square, &cube, 48) == 0;
    memcpy(y + 6 * i, result.l, 48);
  }
}

void NAME(in_group)(const u64 *points, size_t count, uint8_t *inside) {
  for (size_t i = 0; i < count; i++) {
    projective point, multiple;
    fp image, beta, t, u;
    point.x = coordinate(points + 12 * i, 0);
    point.y = coordinate(points + 12 * i + 6, 0);
    memcpy(point.z.l, ONE, 48);
    times_parameter(&multiple, &point);
    times_parameter(&multiple, &multiple);
    // (βx : y : 1) = (X : -Y : Z). Infinity has Z = 0 and Y ≠ 0, so it fails the second.
    memcpy(beta.l, BETA, 48);
    fp_mul(&image, &point.x, &beta);
    fp_mul(&t, &image, &multiple.z);
    fp_mul(&u, &point.y, &multiple.z);
    fp_add(&u, &u, &multiple.y);
    inside[i] = memcmp(&t, &multiple.x, 48) == 0 && fp_is_zero(&u);
  }
}

void NAME(aggregate)(const u64 *buckets, const uint8_t *full, size_t bucket_count, u64 *sums) {
  size_t length = (bucket_count + 7) / 8;
  for (size_t segment = 0; segment < 8; segment++) {
    projective run = {{{0}}, {{0}}, {{0}}}, total, bucket;
    memcpy(run.y.l, ONE, 48);
    memcpy(bucket.z.l, ONE, 48);
    total = run;
    for (size_t i = length; i-- > 0;) {
      size_t index = segment * length + i;
      if (index < bucket_count && full[index]) {
        bucket.x = coordinate(buckets + POINT_WORDS * index, 0);
        bucket.y = coordinate(buckets + POINT_WORDS * index + 8, 0);
        add(&run, &run, &bucket);
      }
      add(&total, &total, &run);
    }
    memcpy(sums + 36 * segment, &run, 144);
    memcpy(sums + 36 * segment + 18, &total, 144);
  }
}

void NAME(accumulate)(const u64 *points, const int32_t *digits, size_t count, u64 *buckets, uint8_t *full,
                      size_t bucket_count, void *work) {
  accumulate(points, digits, count, buckets, full, bucket_count, work);
}

size_t NAME(workspace_bytes)(size_t buckets) { return sizeof(workspace) + 4 * (buckets + 1); }

void NAME(import)(const u64 *words, size_t count, u64 *points) {
  for (size_t i = 0; i < count; i++) {
    memset(points + POINT_WORDS * i, 0, 8 * POINT_WORDS);
    memcpy(points + POINT_WORDS * i, words + 12 * i, 48);
    memcpy(points + POINT_WORDS * i + 8, words + 12 * i + 6, 48);
  }
}

void NAME(export)(const u64 *points, size_t count, u64 *words) {
  for (size_t i = 0; i < count; i++) {
    memcpy(words + 12 * i, points + POINT_WORDS * i, 48);
    memcpy(words + 12 * i + 6, points + POINT_WORDS * i + 8, 48);
  }
}

void NAME(products)(const u64 *a, const u64 *b, size_t count, unsigned lift, u64 *out) {
  (void)lift;
  for (size_t i = 0; i < count; i++) {
    fp x = coordinate(a + 6 * i, 0), y = coordinate(b + 6 * i, 0), z;
    fp_mul(&z, &x, &y);
    memcpy(out + 6 * i, z.l, 48);
  }
}

void NAME(inverses)(const u64 *a, size_t count, u64 *out) {
  for (size_t i = 0; i < count; i++) {
    fp x = coordinate(a + 6 * i, 0), z;
    fp_inverse(&z, &x);
    memcpy(out + 6 * i, z.l, 48);
  }
}
