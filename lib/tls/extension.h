/*
 * extension: reading and writing what handshake messages are made of: numbers, vectors, extensions (RFC 8446
 * section 4.2).
 *
 * Pure.  A cursor reads and remembers that it ran over the end; a draft writes and remembers that it was full.  So
 * a message is read to its end and judged once.
 */
#ifndef EXTENSION_H
#define EXTENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- reading --- */

/* Bytes that are still to be read. */
struct cursor {
	const unsigned char *p;
	size_t len;
	bool bad; /* more was asked for than there was */
};

struct cursor cursor_of(const unsigned char *p, size_t len);

/* A number of `bytes` bytes, 1 to 4; 0 at the end. */
uint32_t cursor_number(struct cursor *c, size_t bytes);

/* The next len bytes, or NULL. */
const unsigned char *cursor_bytes(struct cursor *c, size_t len);

/* A vector whose length is a number of `bytes` bytes.  At the end an empty one, and c is bad. */
struct cursor cursor_vector(struct cursor *c, size_t bytes);

/* Everything was read, and nothing more asked for. */
bool cursor_is_done(const struct cursor *c);

/* --- writing --- */

struct draft {
	unsigned char *p;
	size_t len, cap;
	bool full;
};

void draft_number(struct draft *d, uint32_t n, size_t bytes);
void draft_bytes(struct draft *d, const void *data, size_t len);

/* Room for the length of what follows; draft_close fills it in. */
size_t draft_open(struct draft *d, size_t bytes);
void draft_close(struct draft *d, size_t at, size_t bytes);

/* --- extensions --- */

/* Those that we know.  The order is that of the table in extension.c. */
enum extension {
	EXT_SERVER_NAME,
	EXT_GROUPS,
	EXT_POINT_FORMATS,
	EXT_SIGNATURES,
	EXT_ALPN,
	EXT_MASTER_SECRET, /* extended: RFC 7627 */
	EXT_TICKET,        /* RFC 5077 */
	EXT_PSK,
	EXT_EARLY_DATA,
	EXT_VERSIONS,
	EXT_COOKIE,
	EXT_PSK_MODES,
	EXT_KEY_SHARE,
	EXT_RENEGOTIATION,
	EXTENSIONS
};

enum extension_where {
	IN_CLIENT_HELLO = 1,
	IN_SERVER_HELLO = 2,
	IN_RETRY = 4,
	IN_ENCRYPTED = 8, /* EncryptedExtensions */
	IN_CERTIFICATE = 16,
	IN_REQUEST = 32,
	IN_TICKET = 64,
	IN_SERVER_HELLO_12 = 128
};

struct extensions {
	struct cursor at[EXTENSIONS]; /* what is in each; meaningful where `has` says so */
	uint32_t has;                 /* bit by enum extension */
	bool psk_is_last;
};

bool extension_has(const struct extensions *x, enum extension e);
unsigned extension_number(enum extension e);

/*
 * Reads a vector of extensions that stands in a message of kind `where`.  asked: bits of those that we sent
 * ourselves, so that answers are allowed; in a message that is no answer all are.  Returns ENGINE_OK or an enum
 * engine_error: malformed, twice, not allowed there, never asked for.
 */
int extension_read(
	struct cursor *block, enum extension_where where, uint32_t asked, struct extensions *x);

/* Starts one; draft_close(d, at, 2) ends it. */
size_t extension_open(struct draft *d, enum extension e);

#endif
