/*
 * ticket: TLS sessions that clients may resume.  See ticket.h.
 *
 * A flat table searched from end to end: with at most a few hundred entries that is a microsecond beside a
 * handshake of many milliseconds, and it has no chain or tree that a peer's choice of handles could unbalance.
 * An entry whose `used` is 0 is free.
 */
#include "lib/tls/ticket.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/pool.h"

struct ticket_entry {
	struct ticket ticket;
	unsigned char tie[TICKET_TIE];
	uint64_t used; /* the store's clock when it was last saved or given out */
};

struct tickets {
	size_t count;
	uint64_t clock; /* counts uses; the first is 1 */
	struct ticket_entry entries[];
};

static struct ticket_entry *
least_recently_used(struct tickets *s)
{
	struct ticket_entry *oldest = s->entries;

	for (size_t i = 1; i < s->count; i++)
		if (s->entries[i].used < oldest->used)
			oldest = &s->entries[i];
	return oldest;
}

void
ticket_save(const struct ticket_tie *tie, const struct ticket *t)
{
	struct ticket_entry *e = least_recently_used(tie->store);

	pool_wipe(e, sizeof *e);
	e->ticket = *t;
	memcpy(e->tie, tie->tie, TICKET_TIE);
	e->used = ++tie->store->clock;
}

const struct ticket *
ticket_find(const struct ticket_tie *tie, const unsigned char handle[TICKET_HANDLE], bool is_13)
{
	struct tickets *s = tie->store;

	for (size_t i = 0; i < s->count; i++) {
		struct ticket_entry *e = &s->entries[i];

		/* Under another tie it is as unknown as any other handle, and stays for its owner. */
		if (e->used == 0 || e->ticket.is_13 != is_13 ||
			memcmp(e->ticket.handle, handle, TICKET_HANDLE) != 0 ||
			memcmp(e->tie, tie->tie, TICKET_TIE) != 0)
			continue;
		e->used = ++s->clock;
		return &e->ticket;
	}
	return NULL;
}

struct tickets *
tickets_new(size_t entries)
{
	struct tickets *s;

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
tickets_free(struct tickets *t)
{
	if (t == NULL)
		return;
	pool_wipe(t, sizeof *t + t->count * sizeof t->entries[0]);
	free(t);
}
