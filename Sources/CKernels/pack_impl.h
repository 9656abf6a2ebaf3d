// SPDX-License-Identifier: Apache-2.0

// Integers in planes of bytes and half bytes, as PackedIntegers.swift lays them out; compiled once per instruction set; NAME
// comes from the including file.

enum { PACK_BLOCK = 256, PACK_HALF = 128, PACK_LANES = 16 };

typedef int32_t PackInts __attribute__((vector_size(64)));
typedef uint8_t PackBytes __attribute__((vector_size(16)));
typedef int8_t PackSigns __attribute__((vector_size(16)));

/// The planes without sign of 16 entries.
DP_INLINE void pack_low(PackInts *x, const uint8_t *p, int planes) {
  *x = (PackInts){0};
  for (int k = 0; k < planes; k++) {
    PackBytes b;
    memcpy(&b, p + PACK_BLOCK * k, sizeof b);
    *x |= __builtin_convertvector(b, PackInts) << (8 * k);
  }
}

/// One block with `planes` planes of bytes without sign below the highest plane, which has half bytes if `odd`.
DP_INLINE void unpack_planes(const uint8_t *p, int32_t *e, int planes, int odd) {
  const uint8_t *top = p + PACK_BLOCK * planes;
  for (int i = 0; i < (odd ? PACK_HALF : PACK_BLOCK); i += PACK_LANES) {
    PackSigns s;
    memcpy(&s, top + i, sizeof s);
    PackInts x, y;
    pack_low(&x, p + i, planes);
    if (odd) {
      PackSigns low = (PackSigns)((PackBytes)s << 4) >> 4;
      pack_low(&y, p + PACK_HALF + i, planes);
      y |= __builtin_convertvector(s >> 4, PackInts) << (8 * planes);
      memcpy(e + PACK_HALF + i, &y, sizeof y);
      s = low;
    }
    x |= __builtin_convertvector(s, PackInts) << (8 * planes);
    memcpy(e + i, &x, sizeof x);
  }
}

void NAME(unpack)(const uint8_t *widths, size_t blocks, const uint8_t *p, int32_t *e) {
  for (size_t b = 0; b < blocks; b++, e += PACK_BLOCK) {
    switch (widths[b]) {
      case 0: memset(e, 0, 4 * PACK_BLOCK); break;
      case 1: unpack_planes(p, e, 0, 1); break;
      case 2: unpack_planes(p, e, 0, 0); break;
      case 3: unpack_planes(p, e, 1, 1); break;
      case 4: unpack_planes(p, e, 1, 0); break;
      case 5: unpack_planes(p, e, 2, 1); break;
      case 6: unpack_planes(p, e, 2, 0); break;
      case 7: unpack_planes(p, e, 3, 1); break;
      default: unpack_planes(p, e, 3, 0); break;
    }
    p += PACK_HALF * widths[b];
  }
}

/// Half bytes that hold each block's entries with their signs.
void NAME(pack_widths)(const int32_t *e, size_t blocks, uint8_t *widths) {
  for (size_t b = 0; b < blocks; b++, e += PACK_BLOCK) {
    PackInts magnitudes = {0}, bits = {0};
    for (int i = 0; i < PACK_BLOCK; i += PACK_LANES) {
      PackInts x;
      memcpy(&x, e + i, sizeof x);
      magnitudes |= x ^ x >> 31;
      bits |= x;
    }
    uint32_t magnitude = 0, any = 0;
    for (int i = 0; i < PACK_LANES; i++) {
      magnitude |= (uint32_t)magnitudes[i];
      any |= (uint32_t)bits[i];
    }
    const int length = magnitude ? 32 - __builtin_clz(magnitude) : 0;
    widths[b] = (uint8_t)(any ? (length + 1 + 3) / 4 : 0);
  }
}

void NAME(pack)(const uint8_t *widths, size_t blocks, const int32_t *e, uint8_t *p) {
  for (size_t b = 0; b < blocks; b++, e += PACK_BLOCK) {
    const int planes = widths[b] / 2;
    for (int k = 0; k < planes; k++, p += PACK_BLOCK)
      for (int i = 0; i < PACK_BLOCK; i += PACK_LANES) {
        PackInts x;
        memcpy(&x, e + i, sizeof x);
        PackBytes y = __builtin_convertvector(x >> (8 * k), PackBytes);
        memcpy(p + i, &y, sizeof y);
      }
    if (widths[b] % 2 == 0) continue;
    for (int i = 0; i < PACK_HALF; i += PACK_LANES) {
      PackInts x, y;
      memcpy(&x, e + i, sizeof x);
      memcpy(&y, e + PACK_HALF + i, sizeof y);
      PackBytes z = __builtin_convertvector((x >> (8 * planes) & 15) | (y >> (8 * planes) & 15) << 4, PackBytes);
      memcpy(p + i, &z, sizeof z);
    }
    p += PACK_HALF;
  }
}
