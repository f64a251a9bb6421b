/*
 * ticket: TLS sessions that clients may resume, tied to what they were made under.
 *
 * Owns a fixed table of secrets, which are wiped when they leave it.  A handle of 32 random bytes is all that a
 * client gets: TLS 1.3's ticket, TLS 1.2's session ID.  Each entry carries a tie: a digest of (SNI, leaf, signer,
 * verdict, policy and trust generation, day, client address) that the caller makes.  A session is given out only
 * under the tie that it was made under.  There is no clock here: the day is in the tie.
 */
#ifndef TICKET_H
#define TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TICKET_HANDLE = 32, TICKET_TIE = 32, TICKET_SECRET = 48 };

struct ticket {
	unsigned char handle[TICKET_HANDLE];
	unsigned char secret[TICKET_SECRET]; /* TLS 1.3: the PSK; TLS 1.2: the master secret */
	uint16_t suite;
	bool is_13;
	bool is_extended; /* TLS 1.2: made with the extended master secret */
};

struct tickets;

/* `entries` sessions at most (at least one); least recently used out.  NULL when memory is short. */
struct tickets *tickets_new(size_t entries);

/* Wipes them all.  NULL is allowed. */
void tickets_free(struct tickets *t);

/* The tie under which one handshake may resume and remember.  Must live until that has ended. */
struct ticket_tie {
	struct tickets *store;
	unsigned char tie[TICKET_TIE];
};

void ticket_save(const struct ticket_tie *tie, const struct ticket *t);

/* The session of that handle and kind, or NULL.  Valid until the next call. */
const struct ticket *ticket_find(
	const struct ticket_tie *tie, const unsigned char handle[TICKET_HANDLE], bool is_13);

#endif
