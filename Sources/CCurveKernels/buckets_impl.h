// SPDX-License-Identifier: Apache-2.0

// The bucket method, over a level's batches of affine additions. Before it is included the level defines
//   run_batch(work, first, count): the additions of jobs[first…], whose outputs are all different; jobs of opposite points
//     give infinity and get the kind CANCEL
//   copy_point(out, in, negative)
//
// Points are read in blocks, in their order, so that a block stays in the second cache while its points are visited by bucket.
// Inside a block the points of one bucket are added as a tree; the one that is left goes to the bucket.

typedef struct {
  const u64 *a, *b;
  u64 *out;
  // Which entry gets the result, or which bucket.
  uint32_t target;
  uint8_t negative_a, negative_b, kind;
} job;

enum { ADD = 0, DOUBLE = 1, CANCEL = 2 };
enum { BLOCK = 8192, BATCH = 4096, POINT_WORDS = 16 };
// Points that are fetched before they are looked at; fetching beyond the last one does nothing.
enum { AHEAD = 64 };

typedef struct {
  const u64 *point;  // 0 for infinity
  uint32_t key;
  uint32_t negative;
} entry;

typedef struct {
  u64 scratch[2 * BATCH * 8];            // denominators and prefixes of a batch
  u64 arena[BLOCK / 2 * POINT_WORDS];    // sums that are not yet in a bucket
  u64 padding[16 * 3 * POINT_WORDS];     // operands and results of the jobs that fill a batch up
  job jobs[BLOCK + 16];
  entry entries[BLOCK];
  uint32_t starts[];
} workspace;

static void run_batch(workspace *work, size_t first, size_t count);
static void copy_point(u64 *out, const u64 *in, int negative);

static int is_infinity(const u64 *point) {
  u64 y = 0;
  for (int j = 8; j < 16; j++) y |= point[j];
  return y == 0;
}

// Entries of a block, sorted by bucket; returns their number.
static size_t sort_block(workspace *work, const u64 *points, const int32_t *digits, size_t count, size_t buckets) {
  uint32_t *starts = work->starts;
  memset(starts, 0, 4 * (buckets + 1));
  for (size_t i = 0; i < count; i++) {
    uint32_t key = (uint32_t)(digits[i] < 0 ? -(i64)digits[i] : digits[i]);
    if (key != 0 && key <= buckets) starts[key]++;
  }
  uint32_t total = 0;
  for (size_t key = 1; key <= buckets; key++) {
    uint32_t number = starts[key];
    starts[key] = total;
    total += number;
  }
  for (size_t i = 0; i < count; i++) {
    uint32_t key = (uint32_t)(digits[i] < 0 ? -(i64)digits[i] : digits[i]);
    if (key == 0 || key > buckets) continue;
    const u64 *point = points + POINT_WORDS * i;
    __builtin_prefetch(point + AHEAD * POINT_WORDS);
    __builtin_prefetch(point + AHEAD * POINT_WORDS + 8);
    entry e = {is_infinity(point) ? 0 : point, key - 1, digits[i] < 0};
    work->entries[starts[key]++] = e;
  }
  return total;
}

static int in_arena(const workspace *work, const u64 *point) {
  return point >= work->arena && point < work->arena + BLOCK / 2 * POINT_WORDS;
}

// One level of the trees: adds neighbours of equal key. Returns the number of entries that are left, in `count`.
static size_t reduce_level(workspace *work, size_t *count, size_t *slots) {
  entry *e = work->entries;
  size_t kept = 0, jobs = 0, i = 0, live = 0;
  // Infinity goes first: where it stood between two points of a bucket they would not be neighbours, and a bucket left
  // with two points would get two additions in one batch.
  for (size_t k = 0; k < *count; k++)
    if (e[k].point != 0) e[live++] = e[k];
  while (i < live) {
    if (i + 1 < live && e[i].key == e[i + 1].key) {
      // The result takes the place of an operand that is a sum, or a new one: of 2k points there are at most k sums.
      u64 *out = in_arena(work, e[i].point)       ? (u64 *)e[i].point
                 : in_arena(work, e[i + 1].point) ? (u64 *)e[i + 1].point
                                                  : work->arena + POINT_WORDS * (*slots)++;
      job j = {e[i].point, e[i + 1].point, out, (uint32_t)kept, (uint8_t)e[i].negative, (uint8_t)e[i + 1].negative, ADD};
      work->jobs[jobs++] = j;
      entry sum = {out, e[i].key, 0};
      e[kept++] = sum;
      i += 2;
    } else {
      e[kept++] = e[i++];
    }
  }
  for (size_t first = 0; first < jobs; first += BATCH)
    run_batch(work, first, jobs - first < BATCH ? jobs - first : BATCH);
  for (size_t k = 0; k < jobs; k++)
    if (work->jobs[k].kind == CANCEL) e[work->jobs[k].target].point = 0;
  *count = kept;
  return jobs;
}

static void accumulate(const u64 *points, const int32_t *digits, size_t count, u64 *buckets, uint8_t *full,
                       size_t bucket_count, workspace *work) {
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t length = count - start < BLOCK ? count - start : BLOCK, slots = 0;
    size_t entries = sort_block(work, points + POINT_WORDS * start, digits + start, length, bucket_count);
    while (reduce_level(work, &entries, &slots) != 0) {
    }
    size_t jobs = 0;
    for (size_t i = 0; i < entries; i++) {
      entry e = work->entries[i];
      if (e.point == 0) continue;
      u64 *bucket = buckets + POINT_WORDS * (size_t)e.key;
      if (full[e.key]) {
        job j = {bucket, e.point, bucket, e.key, 0, (uint8_t)e.negative, ADD};
        work->jobs[jobs++] = j;
      } else {
        copy_point(bucket, e.point, (int)e.negative);
        full[e.key] = 1;
      }
    }
    for (size_t first = 0; first < jobs; first += BATCH)
      run_batch(work, first, jobs - first < BATCH ? jobs - first : BATCH);
    for (size_t k = 0; k < jobs; k++)
      if (work->jobs[k].kind == CANCEL) full[work->jobs[k].target] = 0;
  }
}
