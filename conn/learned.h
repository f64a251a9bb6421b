/*
 * learned: origins whose TLS could not be inspected, remembered for a while, so that the next connection there costs no
 * second handshake.  Another source for the door beside the lists.
 *
 * Owns a fixed table of whole names, since a hash that two names share would be a way round; the oldest entry makes
 * room.  No system call, no clock.
 */
#ifndef LEARNED_H
#define LEARNED_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/net/target.h"

enum {
	LEARNED_MOST = 32,          /* origins: a house meets a handful */
	LEARNED_MS = 60 * 60 * 1000 /* servers change their TLS; after an hour we look again */
};

/* All zero is an empty table. */
struct learned {
	struct learned_origin {
		int64_t until; /* monotonic ms; 0: free */
		uint16_t port;
		char host[TARGET_HOST_MAX + 1];
	} origins[LEARNED_MOST];
};

void learned_note(struct learned *l, const char *host, uint16_t port, int64_t now);
bool learned_has(const struct learned *l, const char *host, uint16_t port, int64_t now);

#endif
