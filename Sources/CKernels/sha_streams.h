// SPDX-License-Identifier: Apache-2.0

// SHA-256 of STREAMS messages at once with a processor's SHA instructions. The including file gives SHA(name), Stream
// (state and 16 words w of a message), words (4 big-endian words), state_in, state_out, digest_out and compress.

// Each function does the full groups of STREAMS messages and returns how many messages that were.

/// The words of one block of 64 bytes.
DP_INLINE void block_in(Stream *t, const uint8_t *block) {
  for (size_t q = 0; q < 4; q++) t->w[q] = words(block + 16 * q);
}

size_t SHA(begin)(uint32_t *states, const uint8_t *header, const uint8_t *salts, size_t count) {
  size_t j = 0;
  for (; j + STREAMS <= count; j += STREAMS) {
    Stream t[STREAMS];
    for (size_t k = 0; k < STREAMS; k++) {
      state_in(&t[k], SHA_IV);
      for (size_t q = 0; q < 2; q++) {
        t[k].w[q] = words(header + 16 * q);
        t[k].w[2 + q] = words(salts + 32 * (j + k) + 16 * q);
      }
    }
    compress(t);
    for (size_t k = 0; k < STREAMS; k++) state_out(&t[k], states + 8 * (j + k));
  }
  return j;
}

size_t SHA(absorb)(uint32_t *states, const uint8_t *blocks, size_t count) {
  size_t j = 0;
  for (; j + STREAMS <= count; j += STREAMS) {
    Stream t[STREAMS];
    for (size_t k = 0; k < STREAMS; k++) {
      state_in(&t[k], states + 8 * (j + k));
      block_in(&t[k], blocks + 64 * (j + k));
    }
    compress(t);
    for (size_t k = 0; k < STREAMS; k++) state_out(&t[k], states + 8 * (j + k));
  }
  return j;
}

size_t SHA(pairs)(uint32_t *states, const uint8_t *left, const uint8_t *right, size_t count) {
  static const uint8_t zeros[32];
  size_t j = 0;
  for (; j + STREAMS <= count; j += STREAMS) {
    Stream t[STREAMS];
    for (size_t k = 0; k < STREAMS; k++) {
      const uint8_t *other = right ? right + 32 * (j + k) : zeros;
      state_in(&t[k], states + 8 * (j + k));
      for (size_t q = 0; q < 2; q++) {
        t[k].w[q] = words(left + 32 * (j + k) + 16 * q);
        t[k].w[2 + q] = words(other + 16 * q);
      }
    }
    compress(t);
    for (size_t k = 0; k < STREAMS; k++) state_out(&t[k], states + 8 * (j + k));
  }
  return j;
}

size_t SHA(finish)(const uint32_t *states, uint64_t total_bytes, uint8_t *digests, size_t count) {
  uint8_t padding[64] = {0x80};
  sha_put(padding + 56, (uint32_t)(total_bytes >> 29));
  sha_put(padding + 60, (uint32_t)(total_bytes << 3));
  size_t j = 0;
  for (; j + STREAMS <= count; j += STREAMS) {
    Stream t[STREAMS];
    for (size_t k = 0; k < STREAMS; k++) {
      state_in(&t[k], states + 8 * (j + k));
      block_in(&t[k], padding);
    }
    compress(t);
    for (size_t k = 0; k < STREAMS; k++) digest_out(&t[k], digests + 32 * (j + k));
  }
  return j;
}

size_t SHA(parents)(const uint8_t *children, uint8_t *parents, size_t count) {
  size_t j = 0;
  for (; j + STREAMS <= count; j += STREAMS) {
    Stream t[STREAMS];
    uint8_t message[STREAMS][128];
    for (size_t k = 0; k < STREAMS; k++) {
      memset(message[k], 0, 128);
      message[k][0] = 1;
      memcpy(message[k] + 1, children + 64 * (j + k), 64);
      message[k][65] = 0x80;
      sha_put(message[k] + 124, 65 * 8);
      state_in(&t[k], SHA_IV);
    }
    for (size_t half = 0; half < 128; half += 64) {
      for (size_t k = 0; k < STREAMS; k++) block_in(&t[k], message[k] + half);
      compress(t);
    }
    for (size_t k = 0; k < STREAMS; k++) digest_out(&t[k], parents + 32 * (j + k));
  }
  return j;
}
