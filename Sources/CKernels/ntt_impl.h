// SPDX-License-Identifier: Apache-2.0

// The transform over lanes, compiled once per instruction set; V and NAME come from the including file.
//
// A block of n positions holds a polynomial modulo X^n - c. Writing y for X^(n/4), its four quarters are the
// coefficients of A + B y + C y^2 + D y^3, and y takes the values rho, -rho, i rho, -i rho on the four sub-blocks: one twiddle a
// block, natural order in, bit-reversed order out, and the shift of the coset is inside rho.

DP_INLINE void butterfly4(V *a, V *b, V *c, V *d, const u64 *w, size_t stride) {
  V B = v_mont_at(*b, w), C = v_mont_at(*c, w + stride), D = v_mont_at(*d, w + 2 * stride);
  V s = v_add(*a, C), t = v_sub(*a, C), u = v_add(B, D), x = v_times_i(v_sub(B, D));
  *a = v_add(s, u);
  *b = v_sub(s, u);
  *c = v_add(t, x);
  *d = v_sub(t, x);
}

/// The constants of two passes over 16 consecutive blocks: rho, rho^2 and rho^3 for each block and quarter.
typedef struct {
  u64 block[3][16], quarter[3][64];
} Twiddles;

DP_INLINE void powers(u64 *w, size_t stride, u64 rho) {
  w[0] = rho;
  w[stride] = gl_mont(rho, rho);
  w[2 * stride] = gl_mont(w[stride], rho);
}

/// For block b of 2^logn positions alone, in the first places.
DP_INLINE void twiddles_one(Twiddles *t, int logn, size_t b, const u64 *scale, const u64 *U) {
  powers(&t->block[0][0], 16, gl_mont(scale[logn], U[b]));
  for (size_t k = 0; k < 4; k++) powers(&t->quarter[0][k], 64, gl_mont(scale[logn - 2], U[4 * b + k]));
}

DP_INLINE void powers8(u64 *w, size_t stride, V rho) {
  V square = v_mont(rho, rho);
  v_store(w, rho);
  v_store(w + stride, square);
  v_store(w + 2 * stride, v_mont(square, rho));
}

/// For blocks b ..< b + 16 of 2^logn positions.
DP_INLINE void twiddles_16(Twiddles *t, int logn, size_t b, const u64 *scale, const u64 *U) {
  for (size_t q = 0; q < 16; q += 8) powers8(&t->block[0][q], 16, v_mont(v_load(U + b + q), v_set1(scale[logn])));
  if (logn < 4) return;
  for (size_t q = 0; q < 64; q += 8)
    powers8(&t->quarter[0][q], 64, v_mont(v_load(U + 4 * b + q), v_set1(scale[logn - 2])));
}

/// Two passes over block q of t while sixteen values are in registers, from src to dst (steps in positions), for
/// `count` neighbours.
DP_INLINE void radix16(const u64 *src, size_t from, u64 *dst, size_t to, size_t count, const Twiddles *t, size_t q) {
  for (size_t j = 0; j < 8 * count; j += 8) {
    V x[16];
    for (size_t k = 0; k < 16; k++) x[k] = v_load(src + 8 * from * k + j);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) butterfly4(x + k, x + 4 + k, x + 8 + k, x + 12 + k, &t->block[0][q], 16);
#pragma clang loop unroll(full)
    for (size_t k = 0; k < 4; k++) {
      V *y = x + 4 * k;
      butterfly4(y, y + 1, y + 2, y + 3, &t->quarter[0][4 * q + k], 64);
    }
    for (size_t k = 0; k < 16; k++) v_store(dst + 8 * to * k + j, x[k]);
  }
}

/// One pass over a block of 4 positions.
DP_INLINE void radix4(u64 *data, const u64 *w, size_t stride) {
  V a = v_load(data), b = v_load(data + 8), c = v_load(data + 16), d = v_load(data + 24);
  butterfly4(&a, &b, &c, &d, w, stride);
  v_store(data, a);
  v_store(data + 8, b);
  v_store(data + 16, c);
  v_store(data + 24, d);
}

void NAME(ntt_radix2)(u64 *data, size_t half, size_t j0, size_t j1, u64 rho) {
  V w = v_set1(rho);
  u64 *q = data + 8 * half;
  for (size_t j = 8 * j0; j < 8 * j1; j += 8) {
    V a = v_load(data + j), b = v_mont(v_load(q + j), w);
    v_store(data + j, v_add(a, b));
    v_store(q + j, v_sub(a, b));
  }
}

/// Four passes, from 2^logn positions to blocks of 2^(logn - 8), over the positions whose place in such a block is in
/// [j0, j1): memory is read once and written once, with neighbours gathered in a scratch that fits the cache. The rows
/// are a power of two apart, and would push one another out of the cache if worked on in place.
void NAME(ntt_columns)(u64 *data, int logn, size_t b, size_t j0, size_t j1, const u64 *scale, const u64 *U) {
  enum { WIDTH = 4 };
  u64 scratch[256 * WIDTH * 8] __attribute__((aligned(64)));
  const size_t step = (size_t)1 << (logn - 8);
  Twiddles top, next;
  twiddles_one(&top, logn, b, scale, U);
  twiddles_16(&next, logn - 4, 16 * b, scale, U);
  for (size_t j = j0; j < j1; j += WIDTH) {
    size_t width = j1 - j < WIDTH ? j1 - j : WIDTH;
    for (size_t t = 0; t < 16; t++) {
      // The next rows come while these are worked on.
      for (size_t k = 0; k < 16; k++)
        for (size_t c = 0; c < width; c++) {
          size_t row = t < 15 ? 16 * k + t + 1 : 16 * k;
          size_t column = t < 15 ? j + c : j + width + c;
          if (column < step) __builtin_prefetch(data + 8 * (row * step + column));
        }
      radix16(data + 8 * (t * step + j), 16 * step, scratch + 8 * WIDTH * t, 16 * WIDTH, width, &top, 0);
    }
    for (size_t q = 0; q < 16; q++)
      radix16(scratch + 8 * WIDTH * 16 * q, WIDTH, data + 8 * (16 * q * step + j), step, width, &next, q);
  }
}

void NAME(ntt_block)(u64 *data, int logn, size_t b, const u64 *scale, const u64 *U) {
  if (logn == 2) {
    u64 w[3];
    powers(w, 1, gl_mont(scale[2], U[b]));
    radix4(data, w, 1);
  }
  if (logn < 4) return;
  size_t part = (size_t)1 << (logn - 4);
  Twiddles t;
  twiddles_one(&t, logn, b, scale, U);
  radix16(data, part, data, part, part, &t, 0);
  if (logn > 8) {
    // Depth first, so that a sub-block which fits a cache is finished there.
    for (size_t q = 0; q < 16; q++) NAME(ntt_block)(data + 8 * part * q, logn - 4, 16 * b + q, scale, U);
  } else if (logn > 4) {
    twiddles_16(&t, logn - 4, 16 * b, scale, U);
    for (size_t q = 0; q < 16; q++) {
      if (logn == 8)
        radix16(data + 8 * 16 * q, 1, data + 8 * 16 * q, 1, 1, &t, q);
      else
        radix4(data + 8 * 4 * q, &t.block[0][q], 16);
    }
  }
}

void NAME(lanes)(int op, const u64 *a, const u64 *b, u64 *out, size_t count) {
  for (size_t k = 0; k < count; k += 8) {
    V x = v_load(a + k), y = v_load(b + k);
    v_store(out + k, op == DP_ADD   ? v_add(x, y)
                     : op == DP_SUB ? v_sub(x, y)
                     : op == DP_MONTGOMERY_MUL ? v_mont(x, y)
                                               : v_times_i(x));
  }
}
