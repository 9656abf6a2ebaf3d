// The transform over lanes, compiled once per instruction set; V and NAME come from the including file.
//
// A block of n positions holds a polynomial modulo X^n - c. Writing y for X^(n/4), its four quarters are the coefficients
// of A + B y + C y^2 + D y^3, and y takes the values rho, -rho, i rho, -i rho on the four sub-blocks: one twiddle a
// block, natural order in, bit-reversed order out, and the shift of the coset is inside rho.

DP_INLINE void butterfly4(V *a, V *b, V *c, V *d, V w1, V w2, V w3) {
  V B = v_mont(*b, w1), C = v_mont(*c, w2), D = v_mont(*d, w3);
  V s = v_add(*a, C), t = v_sub(*a, C), u = v_add(B, D), w = v_times_i(v_sub(B, D));
  *a = v_add(s, u);
  *b = v_sub(s, u);
  *c = v_add(t, w);
  *d = v_sub(t, w);
}

DP_INLINE void radix4(u64 *data, size_t quarter, u64 rho) {
  u64 square = gl_mont(rho, rho);
  V w1 = v_set1(rho), w2 = v_set1(square), w3 = v_set1(gl_mont(square, rho));
  u64 *p[4] = {data, data + 8 * quarter, data + 16 * quarter, data + 24 * quarter};
  for (size_t j = 0; j < 8 * quarter; j += 8) {
    V a = v_load(p[0] + j), b = v_load(p[1] + j), c = v_load(p[2] + j), d = v_load(p[3] + j);
    butterfly4(&a, &b, &c, &d, w1, w2, w3);
    v_store(p[0] + j, a);
    v_store(p[1] + j, b);
    v_store(p[2] + j, c);
    v_store(p[3] + j, d);
  }
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

/// The constants of two passes over block `b` of 2^logn positions: those of the block, then those of its quarters.
typedef struct {
  V w[5][3];
} Twiddles16;

DP_INLINE Twiddles16 twiddles16(int logn, size_t b, const u64 *scale, const u64 *U) {
  Twiddles16 t;
  for (size_t k = 0; k < 5; k++) {
    u64 rho = k == 0 ? gl_mont(scale[logn], U[b]) : gl_mont(scale[logn - 2], U[4 * b + k - 1]);
    u64 square = gl_mont(rho, rho);
    t.w[k][0] = v_set1(rho);
    t.w[k][1] = v_set1(square);
    t.w[k][2] = v_set1(gl_mont(square, rho));
  }
  return t;
}

/// Two passes while sixteen values are in registers, from src to dst (steps in positions), for `count` neighbours.
DP_INLINE void radix16(const u64 *src, size_t from, u64 *dst, size_t to, size_t count, const Twiddles16 *t) {
  for (size_t j = 0; j < 8 * count; j += 8) {
    V x[16];
    for (size_t k = 0; k < 16; k++) x[k] = v_load(src + 8 * from * k + j);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) butterfly4(x + k, x + 4 + k, x + 8 + k, x + 12 + k, t->w[0][0], t->w[0][1], t->w[0][2]);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      V *y = x + 4 * k;
      butterfly4(y, y + 1, y + 2, y + 3, t->w[k + 1][0], t->w[k + 1][1], t->w[k + 1][2]);
    }
    for (size_t k = 0; k < 16; k++) v_store(dst + 8 * to * k + j, x[k]);
  }
}

/// Four passes, from 2^logn positions to blocks of 2^(logn - 8), over the positions whose place in such a block is in
/// [j0, j1): memory is read once and written once, with neighbours gathered in a scratch that fits the cache. The rows
/// are a power of two apart, and would push one another out of the cache if worked on in place.
void NAME(ntt_columns)(u64 *data, int logn, size_t b, size_t j0, size_t j1, const u64 *scale, const u64 *U) {
  enum { WIDTH = 4 };
  u64 scratch[256 * WIDTH * 8] __attribute__((aligned(64)));
  const size_t step = (size_t)1 << (logn - 8);
  const Twiddles16 top = twiddles16(logn, b, scale, U);
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
      radix16(data + 8 * (t * step + j), 16 * step, scratch + 8 * WIDTH * t, 16 * WIDTH, width, &top);
    }
    for (size_t q = 0; q < 16; q++) {
      const Twiddles16 next = twiddles16(logn - 4, 16 * b + q, scale, U);
      radix16(scratch + 8 * WIDTH * 16 * q, WIDTH, data + 8 * (16 * q * step + j), step, width, &next);
    }
  }
}

void NAME(ntt_block)(u64 *data, int logn, size_t b, const u64 *scale, const u64 *U) {
  if (logn <= 0) return;
  size_t n = (size_t)1 << logn;
  if (logn >= 4) {
    const Twiddles16 t = twiddles16(logn, b, scale, U);
    radix16(data, n / 16, data, n / 16, n / 16, &t);
    // Depth first, so that a sub-block which fits a cache is finished there.
    if (logn > 4)
      for (size_t q = 0; q < 16; q++) NAME(ntt_block)(data + q * n / 2, logn - 4, 16 * b + q, scale, U);
  } else {
    radix4(data, n / 4, gl_mont(scale[logn], U[b]));
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
