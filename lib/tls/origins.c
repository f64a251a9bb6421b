/*
 * origins: TLS sessions with origins.  See origins.h.
 *
 * A flat table: a search is nothing beside a handshake.
 */
#include "lib/tls/origins.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/pool.h"

struct origins {
	size_t count;
	uint64_t clock; /* counts uses; the first is 1 */
	struct origin_session entries[];
};

struct origins *
origins_new(size_t entries)
{
	struct origins *o;

	if (entries == 0 || entries > SIZE_MAX / sizeof o->entries[0] / 2)
		return NULL;
	o = calloc(1, sizeof *o + entries * sizeof o->entries[0]);
	if (o != NULL)
		o->count = entries;
	return o;
}

void
origins_free(struct origins *o)
{
	if (o == NULL)
		return;
	pool_wipe(o, sizeof *o + o->count * sizeof o->entries[0]);
	free(o);
}

static struct origin_session *
origins_with_key(struct origins *o, const unsigned char key[ORIGINS_HASH])
{
	for (size_t i = 0; i < o->count; i++)
		if (o->entries[i].used != 0 && memcmp(o->entries[i].key, key, ORIGINS_HASH) == 0)
			return &o->entries[i];
	return NULL;
}

const struct origin_session *
origins_find(struct origins *o, const unsigned char key[ORIGINS_HASH], int64_t now)
{
	struct origin_session *e = origins_with_key(o, key);

	if (e == NULL)
		return NULL;
	if (now < e->made || now >= e->until) {
		pool_wipe(e, sizeof *e);
		return NULL;
	}
	e->used = ++o->clock;
	return e;
}

void
origins_save(struct origins *o, const unsigned char key[ORIGINS_HASH],
	const struct tls_session *session, const unsigned char leaf[ORIGINS_HASH], int64_t now,
	int64_t until)
{
	struct origin_session *e = origins_with_key(o, key);

	if (session->len == 0)
		return;
	if (e == NULL) {
		e = o->entries;
		for (size_t i = 1; i < o->count; i++)
			if (o->entries[i].used < e->used)
				e = &o->entries[i];
	}
	pool_wipe(e, sizeof *e);
	e->session = *session;
	memcpy(e->key, key, ORIGINS_HASH);
	memcpy(e->leaf, leaf, ORIGINS_HASH);
	e->made = now;
	e->until = until < now + ORIGINS_SECS ? until : now + ORIGINS_SECS;
	e->used = ++o->clock;
}

void
origins_drop(struct origins *o, const unsigned char key[ORIGINS_HASH])
{
	struct origin_session *e = origins_with_key(o, key);

	if (e != NULL)
		pool_wipe(e, sizeof *e);
}
