/*
 * index: American flag sort (McIlroy, Bostic, McIlroy: "Engineering Radix Sort") into 1,024 buckets by the
 * hash's upper bits, in place, then heapsort in each bucket: no second array, no bad case, and it can stop
 * after any move.
 */
#include "index.h"

#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS = 1024,
	BUCKET_SHIFT = 64 - 10,
	STEP = 4096, /* moves a step: a fraction of a millisecond on a slow router */
	FIRST_ROOM = 512,
	GUESSES = 3 /* interpolations; each takes the square root of the error */
};

enum phase { COUNTING, MOVING, HEAPING, SORTED };

struct index_sort {
	struct index *x;
	unsigned char *marks; /* a bit an entry */
	enum phase phase;
	size_t bucket; /* MOVING, HEAPING: the one at work */
	size_t turn;   /* COUNTING: the entry; HEAPING: the move of this bucket */
	uint32_t next[BUCKETS], end[BUCKETS]; /* MOVING: the unsorted rest of each bucket */
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
	if (s->marks == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

static size_t
bucket_of(uint64_t entry)
{
	return (size_t)(entry >> BUCKET_SHIFT);
}

static void
count_some(struct index_sort *s)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < STEP && s->turn < s->x->count; i++)
		s->end[bucket_of(s->x->entries[s->turn++])]++;
	if (s->turn < s->x->count)
		return;
	for (size_t b = 0; b < BUCKETS; b++) {
		s->next[b] = sum;
		sum += s->end[b];
		s->end[b] = sum;
	}
	s->phase = MOVING;
}

/* Invariant: entries of bucket b before next[b] belong to b. */
static void
move_some(struct index_sort *s)
{
	uint64_t *e = s->x->entries, swap;

	for (size_t i = 0; i < STEP; i++) {
		while (s->bucket < BUCKETS && s->next[s->bucket] == s->end[s->bucket])
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
		size_t begin = s->bucket > 0 ? s->end[s->bucket - 1] : 0;
		size_t n = s->end[s->bucket] - begin;

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

	for (size_t i = 0; i < x->count; i++) {
		if ((s->marks[i / 8] >> i % 8 & 1) != 0 || (kept > 0 && e[kept - 1] == e[i]))
			continue;
		e[kept++] = e[i];
	}
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

/* Where (hash, place) should be, by assuming that hashes are spread evenly.  x is not empty. */
static size_t
guess_place(const struct index *x, uint64_t key)
{
	size_t low = 0, high = x->count, at = 0;
	uint64_t low_hash = 0, high_hash = UINT64_C(1) << 32, hash = key >> 32;

	for (int i = 0; i < GUESSES && low < high; i++) {
		if (hash < low_hash || hash >= high_hash)
			break;
		at = low + (size_t)((high - low) * (hash - low_hash) / (high_hash - low_hash));
		if (x->entries[at] < key) {
			low = at + 1;
			low_hash = index_hash(x, at);
		} else {
			high = at;
			high_hash = (uint64_t)index_hash(x, at) + 1;
		}
	}
	return at;
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
	size_t low = 0, high = x->count, at, stride = 1;

	if (x->count == 0)
		return 0;
	at = guess_place(x, key);
	if (e[at] < key) {
		for (low = at + 1; high - low > stride && e[low + stride - 1] < key; stride *= 2)
			low += stride;
		if (high - low > stride)
			high = low + stride;
	} else {
		for (high = at; high > stride && e[high - stride] >= key; stride *= 2)
			high -= stride;
		if (high > stride)
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

void
index_free(struct index *x)
{
	free(x->entries);
	memset(x, 0, sizeof *x);
}
