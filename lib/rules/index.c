/*
 * index: American flag sort (McIlroy, Bostic, McIlroy: "Engineering Radix Sort") into 1,024 buckets by the
 * hash's upper bits, in place, then heapsort in each bucket: no second array, no bad case, and it can stop
 * after any move.
 */
#include "lib/rules/index.h"

#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS = 1 << INDEX_BITS,
	STEP = 4096, /* moves a step: a fraction of a millisecond on a slow router */
	FIRST_ROOM = 512
};

enum phase { COUNTING, MOVING, HEAPING, SORTED };

struct index_sort {
	struct index *x;
	unsigned char *marks; /* a bit an entry */
	enum phase phase;
	size_t bucket;          /* MOVING, HEAPING: the one at work */
	size_t turn;            /* COUNTING: the entry; HEAPING: the move of this bucket */
	uint32_t next[BUCKETS]; /* MOVING: where the unsorted rest of each bucket begins */
};

int
index_add(struct index *x, uint32_t hash, uint32_t place)
{
	/* By an eighth: realloc moves pages, not bytes, where it matters, and little is left over. */
	size_t room = x->room < FIRST_ROOM ? FIRST_ROOM : x->room + x->room / 8;
	uint64_t *grown;

	if (x->count == x->room) {
		grown = realloc(x->entries, room * sizeof *grown);
		if (grown == NULL)
			return -1;
		x->entries = grown;
		x->room = room;
	}
	x->entries[x->count++] = (uint64_t)hash << 32 | place;
	return 0;
}

struct index_sort *
index_sort_new(struct index *x)
{
	struct index_sort *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->x = x;
	s->marks = calloc(1, x->count / 8 + 1);
	x->starts = calloc(BUCKETS + 1, sizeof *x->starts);
	if (s->marks == NULL || x->starts == NULL) {
		index_sort_free(s);
		return NULL;
	}
	return s;
}

static size_t
bucket_of(uint64_t entry)
{
	return (size_t)(entry >> (64 - INDEX_BITS));
}

/* Makes starts[] from the number of entries of each bucket in starts[1..]. */
static void
sum_starts(struct index *x)
{
	for (size_t b = 0; b < BUCKETS; b++)
		x->starts[b + 1] += x->starts[b];
}

static void
count_some(struct index_sort *s)
{
	struct index *x = s->x;

	for (size_t i = 0; i < STEP && s->turn < x->count; i++)
		x->starts[bucket_of(x->entries[s->turn++]) + 1]++;
	if (s->turn < x->count)
		return;
	sum_starts(x);
	memcpy(s->next, x->starts, sizeof s->next);
	s->phase = MOVING;
}

/* Invariant: entries of bucket b before next[b] belong to b. */
static void
move_some(struct index_sort *s)
{
	uint64_t *e = s->x->entries, swap;

	for (size_t i = 0; i < STEP; i++) {
		while (s->bucket < BUCKETS && s->next[s->bucket] == s->x->starts[s->bucket + 1])
			s->bucket++;
		if (s->bucket == BUCKETS) {
			s->phase = HEAPING;
			s->bucket = 0;
			s->turn = 0;
			return;
		}
		size_t from = s->next[s->bucket], home = bucket_of(e[from]), to = s->next[home]++;

		swap = e[to];
		e[to] = e[from];
		e[from] = swap;
	}
}

/* Lets e[i] sink in a heap of n with the largest on top. */
static void
sink(uint64_t *e, size_t i, size_t n)
{
	uint64_t value = e[i];
	size_t child;

	for (; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && e[child + 1] > e[child])
			child++;
		if (e[child] <= value)
			break;
		e[i] = e[child];
	}
	e[i] = value;
}

/* Move number `turn` of the heapsort of e[0..n): n/2 to make the heap, n - 1 to take it apart. */
static void
heap_move(uint64_t *e, size_t n, size_t turn)
{
	uint64_t top;
	size_t last;

	if (turn < n / 2) {
		sink(e, n / 2 - 1 - turn, n);
		return;
	}
	last = n - 1 - (turn - n / 2);
	top = e[0];
	e[0] = e[last];
	e[last] = top;
	sink(e, 0, last);
}

static void
heap_some(struct index_sort *s)
{
	for (size_t i = 0; i < STEP; i++) {
		size_t begin = s->x->starts[s->bucket];
		size_t n = s->x->starts[s->bucket + 1] - begin;

		if (n >= 2 && s->turn < n / 2 + n - 1) {
			heap_move(s->x->entries + begin, n, s->turn++);
			continue;
		}
		s->turn = 0;
		if (++s->bucket == BUCKETS) {
			s->phase = SORTED;
			return;
		}
	}
}

int
index_sort_step(struct index_sort *s)
{
	switch (s->phase) {
	case COUNTING: count_some(s); break;
	case MOVING: move_some(s); break;
	case HEAPING: heap_some(s); break;
	case SORTED: break;
	}
	return s->phase == SORTED;
}

void
index_mark(struct index_sort *s, size_t i)
{
	s->marks[i / 8] |= (unsigned char)(1 << i % 8);
}

/* Drops what is marked, and all but one of equal entries (a name twice in one line). */
void
index_drop_marked(struct index_sort *s)
{
	struct index *x = s->x;
	uint64_t *e = x->entries;
	size_t kept = 0;

	memset(x->starts, 0, (BUCKETS + 1) * sizeof *x->starts);
	for (size_t i = 0; i < x->count; i++) {
		if ((s->marks[i / 8] >> i % 8 & 1) != 0 || (kept > 0 && e[kept - 1] == e[i]))
			continue;
		x->starts[bucket_of(e[i]) + 1]++;
		e[kept++] = e[i];
	}
	sum_starts(x);
	x->count = kept;
	e = realloc(e, (kept > 0 ? kept : 1) * sizeof *e);
	if (e != NULL) {
		x->entries = e;
		x->room = kept > 0 ? kept : 1;
	}
}

void
index_sort_free(struct index_sort *s)
{
	if (s != NULL)
		free(s->marks);
	free(s);
}

/*
 * Among the entries of its bucket a hash's place can be computed, as keyed hashes are spread evenly: n entries
 * leave an error of about the root of n, and one correction the root of that.  No division: a MIPS needs
 * hundreds of instructions for one.
 */
enum { SPAN_BITS = 32 - INDEX_BITS }; /* of a hash within its bucket */

static size_t
guess_place(const struct index *x, uint32_t hash)
{
	size_t first = x->starts[hash >> SPAN_BITS];
	uint64_t count = x->starts[(hash >> SPAN_BITS) + 1] - first;

	return first + (size_t)((hash & ((UINT32_C(1) << SPAN_BITS) - 1)) * count >> SPAN_BITS);
}

/* A better guess from what is found at `at`; both are in first..end-1. */
static size_t
correct_place(const struct index *x, uint32_t hash, size_t at, size_t first, size_t end)
{
	int64_t off = ((int64_t)hash - (int64_t)index_hash(x, at)) * (int64_t)(end - first);
	int64_t to = (int64_t)at + off / (INT64_C(1) << SPAN_BITS);

	if (to < (int64_t)first)
		return first;
	return to < (int64_t)end ? (size_t)to : end - 1;
}

void
index_expect(const struct index *x, uint32_t hash)
{
	__builtin_prefetch(x->entries + guess_place(x, hash));
}

/*
 * From the guess outwards in doubling steps until the key is enclosed, then by halves.
 * Invariant: entries before low are before the key, entries from high on are not.
 */
size_t
index_find(const struct index *x, uint32_t hash, uint32_t place)
{
	uint64_t key = (uint64_t)hash << 32 | place;
	const uint64_t *e = x->entries;
	size_t low, high, at, stride = 1;

	if (x->count == 0)
		return 0;
	low = x->starts[hash >> SPAN_BITS];
	high = x->starts[(hash >> SPAN_BITS) + 1];
	if (low == high)
		return low;
	at = correct_place(x, hash, guess_place(x, hash), low, high);
	if (e[at] < key) {
		for (low = at + 1; high - low > stride && e[low + stride - 1] < key; stride *= 2)
			low += stride;
		if (high - low > stride)
			high = low + stride;
	} else {
		for (high = at; high - low > stride && e[high - stride] >= key; stride *= 2)
			high -= stride;
		if (high - low > stride)
			low = high - stride;
	}
	while (low < high) {
		at = low + (high - low) / 2;
		if (e[at] < key)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

size_t
index_bytes(const struct index *x)
{
	size_t starts = x->starts != NULL ? (BUCKETS + 1) * sizeof *x->starts : 0;

	return x->room * sizeof *x->entries + starts;
}

void
index_free(struct index *x)
{
	free(x->entries);
	free(x->starts);
	memset(x, 0, sizeof *x);
}
