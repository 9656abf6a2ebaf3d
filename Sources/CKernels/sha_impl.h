// SPDX-License-Identifier: Apache-2.0

// SHA-256 of LANES messages at once. The including file gives W (one 32-bit word of every lane), w_add, w_xor,
// w_ror(x, n), w_shl(x, n), w_shr(x, n), w_ch, w_maj, w_set1, and the transpositions w_load_blocks (16 big-endian words
// of LANES consecutive 64-byte blocks), w_load_half (8 words of 32-byte strings), w_load_states, w_store_states,
// w_store_digests.
#define w_sigma(x, a, b, c) w_xor(w_xor(w_ror(x, a), w_ror(x, b)), w_ror(x, c))
#define w_gamma(x, a, b, c) w_xor(w_xor(w_ror(x, a), w_ror(x, b)), w_shr(x, c))

static __attribute__((noinline)) void NAME(compress)(W s[8], W w[16]) {
  W a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
  for (int i = 0; i < 64; i += 16) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 16; j++) {
      W t1 = w_add(w_add(h, w_sigma(e, 6, 11, 25)), w_add(w_ch(e, f, g), w_add(w[j], w_set1(SHA_K[i + j]))));
      W t2 = w_add(w_sigma(a, 2, 13, 22), w_maj(a, b, c));
      h = g;
      g = f;
      f = e;
      e = w_add(d, t1);
      d = c;
      c = b;
      b = a;
      a = w_add(t1, t2);
    }
    if (i < 48) {
#pragma clang loop unroll(full)
      for (int j = 0; j < 16; j++)
        w[j] = w_add(w_add(w[j], w_gamma(w[(j + 1) & 15], 7, 18, 3)),
                     w_add(w[(j + 9) & 15], w_gamma(w[(j + 14) & 15], 17, 19, 10)));
    }
  }
  s[0] = w_add(s[0], a);
  s[1] = w_add(s[1], b);
  s[2] = w_add(s[2], c);
  s[3] = w_add(s[3], d);
  s[4] = w_add(s[4], e);
  s[5] = w_add(s[5], f);
  s[6] = w_add(s[6], g);
  s[7] = w_add(s[7], h);
}

DP_INLINE void NAME(initial)(W s[8]) {
  for (int k = 0; k < 8; k++) s[k] = w_set1(SHA_IV[k]);
}

// Each function does the full groups of LANES messages and returns how many messages that were.

size_t NAME(sha_begin)(uint32_t *states, const uint8_t *header, const uint8_t *salts, size_t count) {
  size_t j = 0;
  for (; j + LANES <= count; j += LANES) {
    W s[8], w[16];
    for (int k = 0; k < 8; k++) w[k] = w_set1(sha_word(header + 4 * k));
    w_load_half(salts + 32 * j, w + 8);
    NAME(initial)(s);
    NAME(compress)(s, w);
    w_store_states(states + 8 * j, s);
  }
  return j;
}

size_t NAME(sha_absorb)(uint32_t *states, const uint8_t *blocks, size_t count) {
  size_t j = 0;
  for (; j + LANES <= count; j += LANES) {
    W s[8], w[16];
    w_load_blocks(blocks + 64 * j, w);
    w_load_states(states + 8 * j, s);
    NAME(compress)(s, w);
    w_store_states(states + 8 * j, s);
  }
  return j;
}

size_t NAME(sha_finish)(const uint32_t *states, uint64_t total_bytes, uint8_t *digests, size_t count) {
  size_t j = 0;
  for (; j + LANES <= count; j += LANES) {
    W s[8], w[16];
    w[0] = w_set1(0x80000000u);
    for (int k = 1; k < 14; k++) w[k] = w_set1(0);
    w[14] = w_set1((uint32_t)(total_bytes >> 29));
    w[15] = w_set1((uint32_t)(total_bytes << 3));
    w_load_states(states + 8 * j, s);
    NAME(compress)(s, w);
    w_store_digests(digests + 32 * j, s);
  }
  return j;
}

size_t NAME(sha_parents)(const uint8_t *children, uint8_t *parents, size_t count) {
  size_t j = 0;
  for (; j + LANES <= count; j += LANES) {
    // The message 0x01 || children is the children's words moved on by one byte.
    W s[8], w[16], v[16];
    w_load_blocks(children + 64 * j, v);
    w[0] = w_add(w_set1(0x01000000u), w_shr(v[0], 8));
    for (int k = 1; k < 16; k++) w[k] = w_add(w_shl(v[k - 1], 24), w_shr(v[k], 8));
    NAME(initial)(s);
    NAME(compress)(s, w);
    w[0] = w_add(w_shl(v[15], 24), w_set1(0x00800000u));
    for (int k = 1; k < 15; k++) w[k] = w_set1(0);
    w[15] = w_set1(65 * 8);
    NAME(compress)(s, w);
    w_store_digests(parents + 32 * j, s);
  }
  return j;
}
