/*
 * pool: a fixed number of blocks of one size.  See pool.h.
 *
 * One allocation holds the blocks, another a stack of pointers to those that are free; get and put are a
 * pop and a push.  Nothing here ever grows.
 */
#include "lib/base/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { POOL_ALIGN = 16 }; /* a block may hold any type */

int
pool_init(struct pool *p, size_t size, size_t count)
{
	*p = (struct pool){ 0 };
	size = (size + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
	if (size == 0 || count > SIZE_MAX / size - 1)
		return -1;
	/* malloc of uClibc-ng aligns for 8 bytes only. */
	p->memory = calloc(1, count * size + POOL_ALIGN - 1);
	p->spare = calloc(count, sizeof *p->spare);
	if (p->memory == NULL || p->spare == NULL) {
		pool_free(p);
		return -1;
	}
	p->blocks = (unsigned char *)p->memory +
		    (POOL_ALIGN - (uintptr_t)p->memory % POOL_ALIGN) % POOL_ALIGN;
	p->size = size;
	p->count = count;
	/* The first block is popped first: a quiet proxy touches few pages. */
	while (p->free < count) {
		p->spare[p->free] = p->blocks + (count - 1 - p->free) * size;
		p->free++;
	}
	return 0;
}

void *
pool_get(struct pool *p)
{
	return p->free > 0 ? p->spare[--p->free] : NULL;
}

void
pool_put(struct pool *p, void *block, size_t used)
{
	if (block == NULL)
		return;
	pool_wipe(block, used < p->size ? used : p->size);
	p->spare[p->free++] = block;
}

void
pool_free(struct pool *p)
{
	free(p->memory);
	free(p->spare);
	*p = (struct pool){ 0 };
}

void
pool_wipe(void *data, size_t len)
{
	memset(data, 0, len);
	/* The compiler must believe that someone looks, or it may leave the memset out. */
	__asm__ __volatile__("" : : "r"(data) : "memory");
}
