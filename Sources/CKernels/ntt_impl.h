// SPDX-License-Identifier: Apache-2.0

// The transform over lanes, compiled once per instruction set; V and NAME come from the including file.
//
// A block of n positions holds a polynomial modulo X^n - c. Writing y for X^(n/4), its four quarters are the
// coefficients of A + B y + C y^2 + D y^3, and y takes the values rho, -rho, i rho, -i rho on the four sub-blocks: one twiddle a
// block, natural order in, bit-reversed order out, and the shift of the coset is inside rho.
//
// Two such passes at once, with z for X^(n/16): it takes the values r w^e on the sixteen sub-blocks, w = -2^60 of order 16.
// After a product with r^k for the k-th part what is left are powers of 2.
//
// Sums and differences of any 64-bit value and a canonical one are any 64-bit value; products take any. The last pass makes
// all of them canonical.

/// The outputs a, b, c, d from A, C, B + D and i (B - D), the last three canonical.
DP_INLINE void combine4(V A, V C, V u, V x, V *a, V *b, V *c, V *d) {
  V s = v_plus(A, C), t = v_sub(A, C);
  *a = v_plus(s, u);
  *b = v_sub(s, u);
  *c = v_plus(t, x);
  *d = v_sub(t, x);
}

/// One pass over four values; of the results the first is canonical if A was.
DP_INLINE void butterfly4(V *a, V *b, V *c, V *d, const u64 *w, size_t stride) {
  V B = v_mont_at(*b, w), C = v_mont_at(*c, w + stride), D = v_mont_at(*d, w + 2 * stride);
  combine4(*a, C, v_add(B, D), v_times_i(v_sub(B, D)), a, b, c, d);
}

/// x 2^24, x 2^60, x 2^72 and x 2^84 for any x, canonical: 2^64 = 2^32 - 1 and 2^96 = -1.
DP_INLINE V times24(V x) {
  V high = v_shr(x, 40);
  return v_add(v_canonical(v_shl(x, 24)), v_wsub(v_shl(high, 32), high));
}
DP_INLINE V times60(V x) {
  return v_add(v_sub(v_shl(x, 60), v_shr(x, 36)), v_mul_u32(v_shr(x, 4), v_set1(DP_EPS)));
}
DP_INLINE V times72(V x) {
  V low = v_shl(x, 40);
  return v_sub(v_wsub(low, v_shr(low, 32)), v_shr(x, 24));
}
DP_INLINE V times84(V x) {
  V low = v_shl(x, 52);
  return v_sub(v_wsub(low, v_shr(low, 32)), v_shr(x, 12));
}

/// The constants of passes over 16 consecutive blocks: r ... r^15, or rho ... rho^3, of each.
typedef struct {
  u64 power[15][16];
} Twiddles;

DP_INLINE void powers(u64 *w, size_t stride, size_t count, u64 r) {
  w[0] = r;
  for (size_t k = 1; k < count; k++) w[stride * k] = gl_mont(w[stride * (k - 1)], r);
}

/// For two passes over block b of 2^logn positions alone, in the first places.
DP_INLINE void twiddles_one(Twiddles *t, int logn, size_t b, const u64 *scale, const u64 *U) {
  powers(&t->power[0][0], 16, 15, gl_mont(scale[logn - 2], U[4 * b]));
}

/// For blocks b ..< b + 16 of 2^logn positions: for two passes where there are so many, otherwise for one.
DP_INLINE void twiddles_16(Twiddles *t, int logn, size_t b, const u64 *scale, const u64 *U) {
  const size_t step = logn < 4 ? 1 : 4;
  for (size_t q = 0; q < 16; q += 8) {
    u64 roots[8];
    for (size_t k = 0; k < 8; k++) roots[k] = U[step * (b + q + k)];
    V r = v_mont(v_load(roots), v_set1(scale[logn < 4 ? logn : logn - 2])), power = r;
    v_store(&t->power[0][q], r);
    for (size_t k = 1; k < (logn < 4 ? 3 : 15); k++) {
      power = v_mont(power, r);
      v_store(&t->power[k][q], power);
    }
  }
}

/// Two passes over block q of t while sixteen values are in registers, from src to dst (steps in positions), for
/// `count` neighbours.
static __attribute__((noinline)) void NAME(radix16)(const u64 *src, size_t from, u64 *dst, size_t to, size_t count,
                                                    const Twiddles *t, size_t q, int is_last) {
  for (size_t j = 0; j < 8 * count; j += 8) {
    V x[16];
    x[0] = v_load(src + j);
#pragma clang loop unroll(full)
    for (size_t k = 1; k < 16; k++) x[k] = v_mont_at(v_load(src + 8 * from * k + j), &t->power[k - 1][q]);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      V B = x[4 + k], C = x[8 + k], D = x[12 + k], u = v_add(B, D), turned = v_times_i(v_sub(B, D));
      combine4(x[k], C, u, turned, x + k, x + 4 + k, x + 8 + k, x + 12 + k);
    }
    // r takes the value r on the first quarter, -2^24 r on the second, -2^60 r on the third, 2^84 r on the fourth.
    for (int k = 1; k < 4; k++) x[k] = v_canonical(x[k]);
    combine4(x[0], x[2], v_add(x[1], x[3]), v_times_i(v_sub(x[1], x[3])), x, x + 1, x + 2, x + 3);
    V *y = x + 4;
    // With b and d the second and the fourth value without their signs.
    V b = times24(y[1]), d = times72(y[3]), c = v_times_i(y[2]);
    // B + D = -(b + d), i (B - D) = -i (b - d).
    combine4(y[0], c, v_add(b, d), v_times_i(v_sub(b, d)), y + 1, y, y + 3, y + 2);
    y = x + 8;
    b = times60(y[1]), c = times24(y[2]), d = times84(y[3]);
    // C = -c; B + D = d - b, i (B - D) = -i (b + d).
    {
      V s = v_sub(y[0], c), z = v_plus(y[0], c), u = v_sub(d, b), turned = v_times_i(v_add(b, d));
      y[0] = v_plus(s, u);
      y[1] = v_sub(s, u);
      y[2] = v_sub(z, turned);
      y[3] = v_plus(z, turned);
    }
    y = x + 12;
    b = times84(y[1]), c = times72(y[2]), d = times60(y[3]);
    // C = -c; B + D = b + d, i (B - D) = i (b - d).
    {
      V s = v_sub(y[0], c), z = v_plus(y[0], c), u = v_add(b, d), turned = v_times_i(v_sub(b, d));
      y[0] = v_plus(s, u);
      y[1] = v_sub(s, u);
      y[2] = v_plus(z, turned);
      y[3] = v_sub(z, turned);
    }
    for (size_t k = 0; k < 16; k++) v_store(dst + 8 * to * k + j, is_last ? v_canonical(x[k]) : x[k]);
  }
}

/// The last pass, over a block of 4 positions.
DP_INLINE void radix4(u64 *data, const u64 *w, size_t stride) {
  V a = v_load(data), b = v_load(data + 8), c = v_load(data + 16), d = v_load(data + 24);
  butterfly4(&a, &b, &c, &d, w, stride);
  v_store(data, v_canonical(a));
  v_store(data + 8, v_canonical(b));
  v_store(data + 16, v_canonical(c));
  v_store(data + 24, v_canonical(d));
}

/// x + y rho and x - y rho of `count` pairs.
DP_INLINE void radix2(u64 *x, u64 *y, size_t count, u64 rho) {
  for (size_t j = 0; j < 8 * count; j += 8) {
    V a = v_load(x + j), b = v_mont_at(v_load(y + j), &rho);
    v_store(x + j, v_add(a, b));
    v_store(y + j, v_sub(a, b));
  }
}

void NAME(ntt_radix2)(u64 *data, size_t half, size_t j0, size_t j1, u64 rho) {
  radix2(data + 8 * j0, data + 8 * (half + j0), j1 - j0, rho);
}

/// Neighbours that are gathered at once.
enum { NTT_WIDTH = 4 };

/// Coefficients x ..< x + width of one lane.
DP_INLINE void place_lane(u64 *target, const dp_row *row, size_t x, size_t width) {
  size_t have = row->count > x ? row->count - x : 0;
  if (have > width) have = width;
  if (row->narrow)
    dp_place_narrow(target, row->narrow + x, have);
  else if (have)
    dp_place_field(target, row->field + x, have);
  for (size_t c = have; c < width; c++) target[8 * c] = 0;
  for (int k = 0; k < 2; k++) {
    size_t first = row->added[k].at, end = first + row->added[k].count;
    for (size_t c = 0; c < width; c++)
      if (x + c >= first && x + c < end)
        target[8 * c] = gl_add(target[8 * c], row->added[k].values[x + c - first]);
  }
}

/// What the tiles of a transform's start need to know of its rows.
typedef struct {
  const int32_t *narrow[8];
  /// Entries of each lane, narrow ones and others.
  size_t narrow_count[8], count[8];
  /// Lanes of field elements.
  size_t field[8], fields;
  /// Where something is added to a lane, as two ranges.
  size_t first[2], end[2];
} Lanes;

DP_INLINE Lanes lanes_of(const dp_row *rows) {
  Lanes lanes = {.first = {SIZE_MAX, SIZE_MAX}};
  for (size_t lane = 0; lane < 8; lane++) {
    const dp_row *row = rows + lane;
    lanes.narrow[lane] = row->narrow;
    lanes.narrow_count[lane] = row->narrow ? row->count : 0;
    lanes.count[lane] = row->count;
    if (!row->narrow && row->count) lanes.field[lanes.fields++] = lane;
    for (int k = 0; k < 2; k++) {
      const dp_piece *piece = row->added + k;
      if (!piece->count) continue;
      // What went round begins at 0.
      const int range = piece->at > 0;
      if (piece->at < lanes.first[range]) lanes.first[range] = piece->at;
      if (piece->at + piece->count > lanes.end[range]) lanes.end[range] = piece->at + piece->count;
    }
  }
  return lanes;
}

/// Coefficients x ..< x + NTT_WIDTH of all lanes, unless something is added to some or a row ends there: then 0.
DP_INLINE int place_plain(const Lanes *lanes, const dp_row *rows, size_t x, int fetches, u64 *target) {
  static const int32_t zeros[NTT_WIDTH] = {0};
  enum { LINE = 16 };
  if ((x < lanes->end[0] && x + NTT_WIDTH > lanes->first[0]) || (x < lanes->end[1] && x + NTT_WIDTH > lanes->first[1]))
    return 0;
  const int32_t *narrow[8];
  int ends = 0;
  for (int lane = 0; lane < 8; lane++) {
    ends |= lanes->count[lane] - x - 1 < NTT_WIDTH - 1;
    narrow[lane] = x < lanes->narrow_count[lane] ? lanes->narrow[lane] + x : zeros;
  }
  if (ends) return 0;
  // A line of entries lasts for some tiles; the next one is fetched meanwhile.
  if (fetches)
    for (int lane = 0; lane < 8; lane++) __builtin_prefetch(narrow[lane] + LINE);
  v_place4(narrow, target);
  for (size_t k = 0; k < lanes->fields; k++) {
    const size_t lane = lanes->field[k];
    if (x >= lanes->count[lane]) continue;
    for (size_t c = 0; c < NTT_WIDTH; c++) target[8 * c + lane] = rows[lane].field[x + c];
  }
  return 1;
}

/// From rows to 256 or 512 blocks: memory is read once and written once, with neighbours gathered in a scratch that fits
/// the cache. The blocks are a power of two apart, and would push one another out of the cache if worked on in place.
void NAME(ntt_start)(const dp_row *rows, u64 *data, int logn, size_t j0, size_t j1, u64 rho, const u64 *scale,
                     const u64 *U) {
  enum { BLOCK = 256 * NTT_WIDTH * 8 };
  u64 scratch[2 * BLOCK] __attribute__((aligned(64)));
  const size_t halves = 1 + (size_t)(logn & 1);
  const int log = logn & ~1;
  const size_t step = (size_t)1 << (log - 8);
  const Lanes lanes = lanes_of(rows);
  Twiddles top[2], next;
  for (size_t b = 0; b < halves; b++) twiddles_one(top + b, log, b, scale, U);
  for (size_t j = j0; j < j1; j += NTT_WIDTH) {
    size_t width = j1 - j < NTT_WIDTH ? j1 - j : NTT_WIDTH;
    for (size_t part = 0; part < 256 * halves; part++) {
      const size_t x = part * step + j;
      u64 *target = scratch + 8 * NTT_WIDTH * part;
      const int fetches = (part * NTT_WIDTH & 15) == (j & (16 - NTT_WIDTH));
      if (width < NTT_WIDTH || !place_plain(&lanes, rows, x, fetches, target))
        for (int lane = 0; lane < 8; lane++) place_lane(target + lane, rows + lane, x, width);
    }
    if (halves == 2) radix2(scratch, scratch + BLOCK, 256 * NTT_WIDTH, rho);
    for (size_t b = 0; b < halves; b++) {
      u64 *own = scratch + BLOCK * b, *target = data + (8 * b << log) + 8 * j;
      for (size_t t = 0; t < 16; t++)
        NAME(radix16)(own + 8 * NTT_WIDTH * t, 16 * NTT_WIDTH, own + 8 * NTT_WIDTH * t, 16 * NTT_WIDTH, width, top + b, 0, 0);
      twiddles_16(&next, log - 4, 16 * b, scale, U);
      for (size_t q = 0; q < 16; q++)
        NAME(radix16)(own + 8 * NTT_WIDTH * 16 * q, NTT_WIDTH, target + 8 * 16 * q * step, step, width, &next, q, 0);
    }
  }
}

void NAME(ntt_pass)(u64 *data, int logn, size_t b, const u64 *scale, const u64 *U) {
  const size_t part = (size_t)1 << (logn - 4);
  Twiddles t;
  twiddles_one(&t, logn, b, scale, U);
  NAME(radix16)(data, part, data, part, part, &t, 0, 0);
}

void NAME(ntt_block)(u64 *data, int logn, size_t b, const u64 *scale, const u64 *U) {
  if (logn == 2) {
    u64 w[3];
    powers(w, 1, 3, gl_mont(scale[2], U[b]));
    radix4(data, w, 1);
  }
  if (logn < 4) return;
  size_t part = (size_t)1 << (logn - 4);
  Twiddles t;
  twiddles_one(&t, logn, b, scale, U);
  NAME(radix16)(data, part, data, part, part, &t, 0, logn == 4);
  if (logn > 8) {
    // Depth first, so that a sub-block which fits a cache is finished there.
    for (size_t q = 0; q < 16; q++) NAME(ntt_block)(data + 8 * part * q, logn - 4, 16 * b + q, scale, U);
  } else if (logn > 4) {
    twiddles_16(&t, logn - 4, 16 * b, scale, U);
    for (size_t q = 0; q < 16; q++) {
      if (logn == 8)
        NAME(radix16)(data + 8 * 16 * q, 1, data + 8 * 16 * q, 1, 1, &t, q, 1);
      else
        radix4(data + 8 * 4 * q, &t.power[0][q], 16);
    }
  }
}

void NAME(lanes)(int op, const u64 *a, const u64 *b, u64 *out, size_t count) {
  for (size_t k = 0; k < count; k += 8) {
    V x = v_load(a + k), y = v_load(b + k), z;
    switch (op) {
      case DP_ADD: z = v_add(x, y); break;
      case DP_SUB: z = v_sub(x, y); break;
      case DP_MONTGOMERY_MUL: z = v_mont(x, y); break;
      case DP_TIMES_I: z = v_times_i(x); break;
      case DP_PLUS: z = v_canonical(v_plus(x, y)); break;
      case DP_TIMES_24: z = times24(x); break;
      case DP_TIMES_60: z = times60(x); break;
      case DP_TIMES_72: z = times72(x); break;
      default: z = times84(x); break;
    }
    v_store(out + k, z);
  }
}
