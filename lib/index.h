/*
 * index: where in the lists a hash occurs: a sorted array of 8 bytes an entry.
 *
 * Owns its arrays.  An entry is a 32-bit keyed hash and a 32-bit place; what is hashed and what a place
 * means is the caller's, who confirms each hit at its place.  Filled, then sorted in place in small steps,
 * then thinned; then it never changes.  A look-up costs about six touched entries however many there are,
 * since keyed hashes are spread evenly and their place in the array can be computed.
 */
#ifndef INDEX_H
#define INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index {
	uint64_t *entries; /* hash in the upper half, place in the lower */
	size_t count, room;
};

/* What sorting and thinning need, and only they. */
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

void index_free(struct index *x);

#endif
