/*
 * session: TLS sessions that clients may resume, tied to what they were made under.
 *
 * Owns a fixed table of sessions, secrets included, which are wiped when they leave it.  What a session is made of only
 * the engine knows (struct tls_session: bytes).  An engine looks for one before it knows the name that the client
 * wants, and a plain cache ties a session to nothing; so each entry carries a tie: a digest of (name, leaf, signer,
 * verdict, policy and trust generation, client address) that the caller makes.  A session is given out only
 * under the tie that it was made under.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SESSION_TIE = 32,
	SESSION_ID = 32,     /* bytes of the handle under which a client asks for it */
	TLS_SESSION_MAX = 96 /* bytes of one: a secret of 48, an ID, suite and version */
};

/* One session, as the engine wrote it; holds its secret.  len 0: none. */
struct tls_session {
	uint8_t len;
	unsigned char bytes[TLS_SESSION_MAX];
};

struct session_store;

/* `entries` sessions at most (at least one); least recently used out.  NULL when memory is short. */
struct session_store *session_store_new(size_t entries);

/* Wipes them all. NULL is allowed. */
void session_store_free(struct session_store *s);

/*
 * What one server engine is given.  Must live, in its place, as long as the engine uses it.  There is no clock here: who
 * wants sessions to end after a day puts the number of the day into the tie.
 */
struct session_tie {
	struct session_store *store;
	unsigned char tie[SESSION_TIE];
};
void session_tie_init(
	struct session_tie *t, struct session_store *s, const unsigned char tie[SESSION_TIE]);

/* Remembers a session under an ID. */
void session_save(const struct session_tie *t, const unsigned char id[SESSION_ID],
	const struct tls_session *session);

/* The session with that ID, made under the same tie; false: there is none. */
bool session_load(const struct session_tie *t, const unsigned char id[SESSION_ID],
	struct tls_session *session);

#endif
