/*
 * hello: reads a TLS ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2) without answering it.
 *
 * Pure: no syscalls, no state beyond the struct.  The caller keeps the wire bytes and replays them.  The host
 * name is read by target.h's parser, so that it compares with those of CONNECT and Host.
 */
#ifndef HELLO_H
#define HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HELLO_WIRE_MAX = 16384 }; /* bytes of records; a post-quantum key share needs 2 KB */

enum hello_error {
	HELLO_OK,
	HELLO_NOT_TLS, /* the first bytes begin no record of any type (20 to 24): another protocol */
	HELLO_MALFORMED, /* a length that does not add up, a trailing byte, an empty record, one of another type */
	HELLO_TOO_LARGE, /* more than HELLO_WIRE_MAX */
	HELLO_DUPLICATE, /* an extension twice (RFC 8446 section 4.2) */
	HELLO_BAD_NAME,  /* two host names, a NUL, one that is no host name */
};

struct hello {
	char sni[256]; /* lower case, no trailing dot; "" if there is none, or an empty one, or an address */
	bool has_alpn;    /* the client offers ALPN at all */
	bool alpn_http11; /* ... and "http/1.1" is among it, */
	bool alpn_http10; /* or "http/1.0" */
	bool tls13;       /* 0x0304 in supported_versions, with a suite of TLS 1.3 that we have */
	bool tls12; /* legacy_version >= 0x0303, and 0x0303 in supported_versions if that is there */
	bool suite;     /* offers a suite that the engine's server side has (ECDHE-ECDSA, AEAD) */
	bool group;     /* X25519 or P-256 in supported_groups, or no such extension */
	bool point;     /* no ec_point_formats, or uncompressed among it */
	bool signature; /* ECDSA with SHA-256, -384 or -512; without signature_algorithms only SHA-1 is
			     meant (RFC 5246 section 7.4.1.4.1), which the engine has not */
	uint8_t session_id_len; /* 0..32: what it wants to resume */
	uint8_t session_id[32];
	enum hello_error error;
};

/*
 * Parses the records at wire[0..len).  Returns >0: bytes of the records that hold the hello (whole records;
 * a record that holds more than the hello is malformed here, since nothing may follow it), 0: needs more,
 * -1: refused (h->error).  Feed it the whole of what has come so far each time; needs no memory of its own.
 */
int hello_parse(struct hello *h, const unsigned char *wire, size_t len);

/* True if the engine behind engine.h can serve this client at all: TLS 1.3 or 1.2 with a suite, a group and a signature
 * of ours, and "http/1.1" or "http/1.0" if it names protocols (one that offers h2 alone would not understand us). */
bool hello_is_speakable(const struct hello *h);

const char *hello_error_text(enum hello_error e);

#endif
