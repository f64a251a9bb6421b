/*
 * session: TLS sessions that clients may resume, tied to what they were made under.
 *
 * Owns a fixed table of session parameters, master secrets included, which are wiped when they leave it.
 * BearSSL's `load` runs before it has parsed the SNI and its stock cache ties a session to nothing, so each
 * entry here carries a tie: a digest of (SNI, leaf, signer, verdict, policy and trust generation, client
 * address) that the caller makes.  A session is given out only under the tie that it was made under.
 */
#ifndef SESSION_H
#define SESSION_H

#include <bearssl.h>
#include <stddef.h>

enum { SESSION_TIE = 32 };

struct session_store;

/* `entries` sessions at most (at least one); least recently used out.  NULL when memory is short. */
struct session_store *session_store_new(size_t entries);

/* Wipes them all. NULL is allowed. */
void session_store_free(struct session_store *s);

/*
 * What one server engine is given: &tie->vtable is its br_ssl_session_cache_class **.  Must live, in its
 * place, as long as the engine uses it.  There is no clock here: who wants sessions to end after a day puts
 * the number of the day into the tie.
 */
struct session_tie {
	const br_ssl_session_cache_class *vtable; /* must stay first */
	struct session_store *store;
	unsigned char tie[SESSION_TIE];
};
void session_tie_init(
	struct session_tie *t, struct session_store *s, const unsigned char tie[SESSION_TIE]);

#endif
