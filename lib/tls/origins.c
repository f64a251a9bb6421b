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

static bool
is_of(const struct origin_session *e, const unsigned char key[ORIGINS_HASH])
{
	return e->used != 0 && memcmp(e->key, key, ORIGINS_HASH) == 0;
}

static bool
is_single(const struct origin_session *e)
{
	return engine_session_is_single(e->session, e->len);
}

const struct origin_session *
origins_find(struct origins *o, const unsigned char key[ORIGINS_HASH], int64_t now)
{
	struct origin_session *best = NULL;

	for (size_t i = 0; i < o->count; i++) {
		struct origin_session *e = &o->entries[i];

		if (!is_of(e, key))
			continue;
		if (now < e->made || now >= e->verdict.until)
			pool_wipe(e, sizeof *e);
		else if (best == NULL || e->made_ms > best->made_ms)
			best = e;
	}
	if (best != NULL)
		best->used = ++o->clock;
	return best;
}

void
origins_spend(struct origins *o, const struct origin_session *s)
{
	struct origin_session *e = &o->entries[s - o->entries];

	if (is_single(e))
		pool_wipe(e, sizeof *e);
}

/* Where a new session of that key goes: in place of one of its own if there are enough of them, else a free entry or
 * the one that was not used for longest. */
static struct origin_session *
find_place(struct origins *o, const unsigned char key[ORIGINS_HASH], bool single)
{
	struct origin_session *own = NULL, *oldest = o->entries;
	size_t same = 0;

	for (size_t i = 0; i < o->count; i++) {
		struct origin_session *e = &o->entries[i];

		if (e->used < oldest->used)
			oldest = e;
		if (!is_of(e, key))
			continue;
		same++;
		if (own == NULL || e->made_ms < own->made_ms)
			own = e;
	}
	return own != NULL && (!single || same >= ORIGINS_SAME) ? own : oldest;
}

void
origins_save(struct origins *o, const unsigned char key[ORIGINS_HASH], const unsigned char *session,
	size_t len, const struct origin_verdict *verdict, int64_t now, int64_t now_ms)
{
	struct origin_session *e;
	int64_t lifetime = ORIGINS_SECS, said;

	if (len == 0 || len > ENGINE_SESSION)
		return;
	said = engine_session_lifetime(session, len);
	if (said > 0 && said < lifetime)
		lifetime = said;
	e = find_place(o, key, engine_session_is_single(session, len));
	pool_wipe(e, sizeof *e);
	memcpy(e->key, key, ORIGINS_HASH);
	memcpy(e->session, session, len);
	e->len = (uint16_t)len;
	e->verdict = *verdict;
	if (e->verdict.until > now + lifetime)
		e->verdict.until = now + lifetime;
	e->made = now;
	e->made_ms = now_ms;
	e->used = ++o->clock;
}

void
origins_drop(struct origins *o, const unsigned char key[ORIGINS_HASH])
{
	for (size_t i = 0; i < o->count; i++)
		if (is_of(&o->entries[i], key))
			pool_wipe(&o->entries[i], sizeof o->entries[i]);
}
