/*
 * resume: what must be the same for a TLS session to be good again, on either side, as one hash each.
 */
#ifndef RESUME_H
#define RESUME_H

#include "conn/conn.h"

/* With the origin: host, name, port, trust, policy. */
void resume_origin_key(const struct conn *c, unsigned char key[ORIGINS_HASH]);

/* With the client: name, the leaf that would be shown now, trust, policy, the client's address, the day: no session
 * outlives it by more (RFC 5246 appendix F.1.4). */
void resume_client_tie(const struct conn *c, const unsigned char *leaf, size_t leaf_len,
	unsigned char tie[TICKET_TIE]);

#endif
