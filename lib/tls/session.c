/*
 * session: TLS sessions that clients may resume.  See session.h.
 *
 * A flat table searched from end to end: with at most a few hundred entries that is a microsecond beside a
 * handshake of many milliseconds, and it has no chain or tree that a peer's choice of IDs could unbalance.
 * An entry whose `used` is 0 is free.
 */
#include "lib/tls/session.h"
#include "lib/base/pool.h"

#include <stdlib.h>
#include <string.h>

struct session_entry {
	struct tls_session session;
	unsigned char id[SESSION_ID], tie[SESSION_TIE];
	uint64_t used; /* the store's clock when it was last saved or given out */
};

struct session_store {
	size_t count;
	uint64_t clock; /* counts uses; the first is 1 */
	struct session_entry entries[];
};

static struct session_entry *
least_recently_used(struct session_store *s)
{
	struct session_entry *oldest = s->entries;
	size_t i;

	for (i = 1; i < s->count; i++)
		if (s->entries[i].used < oldest->used)
			oldest = &s->entries[i];
	return oldest;
}

void
session_save(const struct session_tie *t, const unsigned char id[SESSION_ID],
	const struct tls_session *session)
{
	struct session_entry *e = least_recently_used(t->store);

	pool_wipe(e, sizeof *e);
	e->session = *session;
	memcpy(e->id, id, sizeof e->id);
	memcpy(e->tie, t->tie, sizeof e->tie);
	e->used = ++t->store->clock;
}

bool
session_load(const struct session_tie *t, const unsigned char id[SESSION_ID],
	struct tls_session *session)
{
	struct session_store *s = t->store;
	size_t i;

	for (i = 0; i < s->count; i++) {
		struct session_entry *e = &s->entries[i];

		/* Under another tie it is as unknown as any other ID, and stays for its owner. */
		if (e->used == 0 || memcmp(e->id, id, sizeof e->id) != 0 ||
			memcmp(e->tie, t->tie, sizeof e->tie) != 0)
			continue;
		*session = e->session;
		e->used = ++s->clock;
		return true;
	}
	return false;
}

struct session_store *
session_store_new(size_t entries)
{
	struct session_store *s;

	if (entries == 0)
		entries = 1;
	if (entries > (SIZE_MAX - sizeof *s) / sizeof s->entries[0])
		return NULL;
	s = calloc(1, sizeof *s + entries * sizeof s->entries[0]);
	if (s != NULL)
		s->count = entries;
	return s;
}

void
session_store_free(struct session_store *s)
{
	if (s == NULL)
		return;
	pool_wipe(s, sizeof *s + s->count * sizeof s->entries[0]);
	free(s);
}

void
session_tie_init(
	struct session_tie *t, struct session_store *s, const unsigned char tie[SESSION_TIE])
{
	t->store = s;
	memcpy(t->tie, tie, sizeof t->tie);
}
