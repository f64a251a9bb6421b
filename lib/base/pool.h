/*
 * pool: a fixed number of blocks of one size, allocated once.
 *
 * Owns the blocks.  A full pool is an answer (NULL), never a reason to allocate: the caller then stops
 * reading until a block comes back.  A block is wiped when it is returned, over the extent that the
 * caller says was used, so that plaintext does not outlive its connection.
 */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>

struct pool {
	unsigned char *blocks; /* count * size bytes, aligned for any type */
	void *memory;          /* what was allocated for them */
	void **spare;          /* a stack of free blocks */
	size_t size, count, free;
};

/* Returns 0, or -1 when memory is short (nothing is then held).  `size` is rounded up to 16. */
int pool_init(struct pool *p, size_t size, size_t count);

/* A block with undefined content (zero the first time), or NULL when all are out. */
void *pool_get(struct pool *p);

/* Gives a block back after wiping its first `used` bytes.  NULL is allowed and does nothing. */
void pool_put(struct pool *p, void *block, size_t used);

void pool_free(struct pool *p);

/* Overwrites memory in a way that the compiler may not remove. */
void pool_wipe(void *data, size_t len);

#endif
