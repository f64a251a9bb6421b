/*
 * session: TLS sessions that clients may resume.  See session.h.
 *
 * A flat table searched from end to end: with at most a few hundred entries that is a microsecond beside a
 * handshake of many milliseconds, and it has no chain or tree that a peer's choice of IDs could unbalance.
 * An entry whose `used` is 0 is free.
 */
#include "lib/tls/session.h"
#include "lib/base/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct session_entry {
	br_ssl_session_parameters params;
	unsigned char tie[SESSION_TIE];
	uint64_t used; /* the store's clock when it was last saved or given out */
};

struct session_store {
	size_t count;
	uint64_t clock; /* counts uses; the first is 1 */
	struct session_entry entries[];
};

/* The session ID of a resumption is a peer's; only its length is BearSSL's word. */
static bool
is_session(const struct session_entry *e, const br_ssl_session_parameters *params)
{
	return e->used != 0 && params->session_id_len == sizeof params->session_id &&
	       memcmp(e->params.session_id, params->session_id, sizeof params->session_id) == 0;
}

/* BearSSL looks for a session's suite among the client's only: one that this engine is not to use, or has no
 * hash for, must be unknown here. */
static bool
is_offered(const br_ssl_server_context *server, uint16_t suite)
{
	for (unsigned i = 0; i < server->eng.suites_num; i++)
		if (server->eng.suites_buf[i] == suite)
			return true;
	return false;
}

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

static void
session_save(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
	const br_ssl_session_parameters *params)
{
	const struct session_tie *t = (const void *)ctx;
	struct session_entry *e = least_recently_used(t->store);

	(void)server;
	pool_wipe(e, sizeof *e);
	e->params = *params;
	memcpy(e->tie, t->tie, sizeof e->tie);
	e->used = ++t->store->clock;
}

static int
session_load(const br_ssl_session_cache_class **ctx, br_ssl_server_context *server,
	br_ssl_session_parameters *params)
{
	const struct session_tie *t = (const void *)ctx;
	struct session_store *s = t->store;
	size_t i;

	for (i = 0; i < s->count; i++) {
		struct session_entry *e = &s->entries[i];

		/* Under another tie it is as unknown as any other ID, and stays for its owner. */
		if (!is_session(e, params) || memcmp(e->tie, t->tie, sizeof e->tie) != 0)
			continue;
		if (!is_offered(server, e->params.cipher_suite))
			return 0;
		*params = e->params;
		e->used = ++s->clock;
		return 1;
	}
	return 0;
}

static const br_ssl_session_cache_class session_class = { sizeof(struct session_tie), session_save,
	session_load };

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
	t->vtable = &session_class;
	t->store = s;
	memcpy(t->tie, tie, sizeof t->tie);
}
