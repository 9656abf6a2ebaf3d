// SPDX-License-Identifier: Apache-2.0

// SHA-256 of LANES messages at once. The including file gives W (one 32-bit word of every lane), w_add, w_xor,
// w_ror(x, n), w_shl(x, n), w_shr(x, n), w_ch, w_maj, w_set1, and the transpositions w_load_blocks (16 big-endian words
// of LANES consecutive 64-byte blocks), w_load_half (8 words of 32-byte strings), w_load_states, w_store_states,
// w_store_digests.
#define w_sigma(x, a, b, c) w_xor(w_xor(w_ror(x, a), w_ror(x, b)), w_ror(x, c))
#define w_gamma(x, a, b, c) w_xor(w_xor(w_ror(x, a), w_ror(x, b)), w_shr(x, c))

/// One round of one group of lanes.
DP_INLINE void NAME(round)(W v[8], W word, uint32_t constant) {
  W t1 = w_add(w_add(v[7], w_sigma(v[4], 6, 11, 25)), w_add(w_ch(v[4], v[5], v[6]), w_add(word, w_set1(constant))));
  W t2 = w_add(w_sigma(v[0], 2, 13, 22), w_maj(v[0], v[1], v[2]));
  v[7] = v[6];
  v[6] = v[5];
  v[5] = v[4];
  v[4] = w_add(v[3], t1);
  v[3] = v[2];
  v[2] = v[1];
  v[1] = v[0];
  v[0] = w_add(t1, t2);
}

DP_INLINE W NAME(schedule)(const W w[16], int j) {
  return w_add(w_add(w[j], w_gamma(w[(j + 1) & 15], 7, 18, 3)),
               w_add(w[(j + 9) & 15], w_gamma(w[(j + 14) & 15], 17, 19, 10)));
}

/// `groups` groups of lanes side by side: each round waits for the one before, and another group fills the gaps.
DP_INLINE void NAME(compress_groups)(W s[][8], W w[][16], int groups) {
  W v[SHA_GROUPS][8];
  for (int g = 0; g < groups; g++)
    for (int k = 0; k < 8; k++) v[g][k] = s[g][k];
  for (int i = 0; i < 64; i += 16) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 16; j++) {
#pragma clang loop unroll(full)
      for (int g = 0; g < groups; g++) {
        NAME(round)(v[g], w[g][j], SHA_K[i + j]);
      }
    }
    if (i < 48) {
#pragma clang loop unroll(full)
      for (int j = 0; j < 16; j++) {
#pragma clang loop unroll(full)
        for (int g = 0; g < groups; g++) w[g][j] = NAME(schedule)(w[g], j);
      }
    }
  }
  for (int g = 0; g < groups; g++)
    for (int k = 0; k < 8; k++) s[g][k] = w_add(s[g][k], v[g][k]);
}

static __attribute__((noinline)) void NAME(compress)(W s[][8], W w[][16]) { NAME(compress_groups)(s, w, SHA_GROUPS); }

DP_INLINE void NAME(initial)(W s[8]) {
  for (int k = 0; k < 8; k++) s[k] = w_set1(SHA_IV[k]);
}

// Each function does the full steps of SHA_STEP messages and returns how many messages that were.
enum { SHA_STEP = LANES * SHA_GROUPS };

size_t NAME(sha_begin)(uint32_t *states, const uint8_t *header, const uint8_t *salts, size_t count) {
  size_t j = 0;
  for (; j + SHA_STEP <= count; j += SHA_STEP) {
    W s[SHA_GROUPS][8], w[SHA_GROUPS][16];
    for (size_t g = 0; g < SHA_GROUPS; g++) {
      for (int k = 0; k < 8; k++) w[g][k] = w_set1(sha_word(header + 4 * k));
      w_load_half(salts + 32 * (j + LANES * g), w[g] + 8);
      NAME(initial)(s[g]);
    }
    NAME(compress)(s, w);
    for (size_t g = 0; g < SHA_GROUPS; g++) w_store_states(states + 8 * (j + LANES * g), s[g]);
  }
  return j;
}

size_t NAME(sha_absorb)(uint32_t *states, const uint8_t *blocks, size_t count) {
  size_t j = 0;
  for (; j + SHA_STEP <= count; j += SHA_STEP) {
    W s[SHA_GROUPS][8], w[SHA_GROUPS][16];
    for (size_t g = 0; g < SHA_GROUPS; g++) {
      w_load_blocks(blocks + 64 * (j + LANES * g), w[g]);
      w_load_states(states + 8 * (j + LANES * g), s[g]);
    }
    NAME(compress)(s, w);
    for (size_t g = 0; g < SHA_GROUPS; g++) w_store_states(states + 8 * (j + LANES * g), s[g]);
  }
  return j;
}

size_t NAME(sha_pairs)(uint32_t *states, const uint8_t *left, const uint8_t *right, size_t count) {
  size_t j = 0;
  for (; j + SHA_STEP <= count; j += SHA_STEP) {
    W s[SHA_GROUPS][8], w[SHA_GROUPS][16];
    for (size_t g = 0; g < SHA_GROUPS; g++) {
      w_load_half(left + 32 * (j + LANES * g), w[g]);
      if (right)
        w_load_half(right + 32 * (j + LANES * g), w[g] + 8);
      else
        for (int k = 8; k < 16; k++) w[g][k] = w_set1(0);
      w_load_states(states + 8 * (j + LANES * g), s[g]);
    }
    NAME(compress)(s, w);
    for (size_t g = 0; g < SHA_GROUPS; g++) w_store_states(states + 8 * (j + LANES * g), s[g]);
  }
  return j;
}

size_t NAME(sha_finish)(const uint32_t *states, uint64_t total_bytes, uint8_t *digests, size_t count) {
  size_t j = 0;
  for (; j + SHA_STEP <= count; j += SHA_STEP) {
    W s[SHA_GROUPS][8], w[SHA_GROUPS][16];
    for (size_t g = 0; g < SHA_GROUPS; g++) {
      w[g][0] = w_set1(0x80000000u);
      for (int k = 1; k < 14; k++) w[g][k] = w_set1(0);
      w[g][14] = w_set1((uint32_t)(total_bytes >> 29));
      w[g][15] = w_set1((uint32_t)(total_bytes << 3));
      w_load_states(states + 8 * (j + LANES * g), s[g]);
    }
    NAME(compress)(s, w);
    for (size_t g = 0; g < SHA_GROUPS; g++) w_store_digests(digests + 32 * (j + LANES * g), s[g]);
  }
  return j;
}

size_t NAME(sha_parents)(const uint8_t *children, uint8_t *parents, size_t count) {
  size_t j = 0;
  for (; j + SHA_STEP <= count; j += SHA_STEP) {
    // The message 0x01 || children is the children's words moved on by one byte.
    W s[SHA_GROUPS][8], w[SHA_GROUPS][16], last[SHA_GROUPS];
    for (size_t g = 0; g < SHA_GROUPS; g++) {
      W v[16];
      w_load_blocks(children + 64 * (j + LANES * g), v);
      w[g][0] = w_add(w_set1(0x01000000u), w_shr(v[0], 8));
      for (int k = 1; k < 16; k++) w[g][k] = w_add(w_shl(v[k - 1], 24), w_shr(v[k], 8));
      last[g] = w_add(w_shl(v[15], 24), w_set1(0x00800000u));
      NAME(initial)(s[g]);
    }
    NAME(compress)(s, w);
    for (size_t g = 0; g < SHA_GROUPS; g++) {
      w[g][0] = last[g];
      for (int k = 1; k < 15; k++) w[g][k] = w_set1(0);
      w[g][15] = w_set1(65 * 8);
    }
    NAME(compress)(s, w);
    for (size_t g = 0; g < SHA_GROUPS; g++) w_store_digests(parents + 32 * (j + LANES * g), s[g]);
  }
  return j;
}
