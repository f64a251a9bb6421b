/*
 * learned: origins whose TLS could not be inspected.  See learned.h.
 */
#include "conn/learned.h"

#include <stdio.h>
#include <string.h>

static bool
is_origin(const struct learned_origin *o, const char *host, uint16_t port)
{
	return o->until != 0 && o->port == port && strcmp(o->host, host) == 0;
}

void
learned_note(struct learned *l, const char *host, uint16_t port, int64_t now)
{
	struct learned_origin *o = l->origins;

	for (int i = 0; i < LEARNED_MOST; i++) {
		if (is_origin(&l->origins[i], host, port)) {
			o = &l->origins[i];
			break;
		}
		if (l->origins[i].until < o->until)
			o = &l->origins[i];
	}
	o->until = now + LEARNED_MS;
	o->port = port;
	snprintf(o->host, sizeof o->host, "%s", host);
}

bool
learned_has(const struct learned *l, const char *host, uint16_t port, int64_t now)
{
	for (int i = 0; i < LEARNED_MOST; i++)
		if (is_origin(&l->origins[i], host, port))
			return now < l->origins[i].until;
	return false;
}
