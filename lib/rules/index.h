/*
 * index: where in the lists a hash occurs: a sorted array of 8 bytes an entry.
 *
 * Owns its arrays.  An entry is a 32-bit keyed hash and a 32-bit place; what is hashed and what a place
 * means is the caller's, who confirms each hit at its place.  Filled, then sorted in place in small steps,
 * then thinned; then it never changes.  A look-up touches about five entries, all near each other, however
 * many there are: the upper bits of a hash lead to a stretch of the array (a fixed table of 4 KiB), and where
 * it lies in that is computed, since keyed hashes are spread evenly.
 */
#ifndef INDEX_H
#define INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INDEX_BITS = 10 }; /* of a hash that choose one of 1,024 stretches */

struct index {
	uint64_t *entries; /* hash in the upper half, place in the lower */
	size_t count, room;
	uint32_t *
		starts; /* first entry of each stretch, and one more for the end; NULL until sorted */
};

/* Needed by sorting and thinning alone. */
struct index_sort;

/* Adds an entry.  Returns 0 or -1: out of memory. */
int index_add(struct index *x, uint32_t hash, uint32_t place);

/* A sort of what x holds; NULL: out of memory.  Nothing may be added any more. */
struct index_sort *index_sort_new(struct index *x);

/* Some thousand operations of work.  1: sorted, 0: call again. */
int index_sort_step(struct index_sort *s);

/* After that: says that the entry at i is not needed; drops all such and gives back their memory. */
void index_mark(struct index_sort *s, size_t i);
void index_drop_marked(struct index_sort *s);
void index_sort_free(struct index_sort *s);

/* The first entry that is not before (hash, place), or count.  x is sorted. */
size_t index_find(const struct index *x, uint32_t hash, uint32_t place);

/* Says that index_find for this hash comes soon. */
void index_expect(const struct index *x, uint32_t hash);

static inline uint32_t
index_hash(const struct index *x, size_t i)
{
	return (uint32_t)(x->entries[i] >> 32);
}

static inline uint32_t
index_place(const struct index *x, size_t i)
{
	return (uint32_t)x->entries[i];
}

/* Memory that it holds. */
size_t index_bytes(const struct index *x);

void index_free(struct index *x);

#endif
