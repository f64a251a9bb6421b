/*
 * engine: one end of a TLS connection, 1.3 (RFC 8446) or 1.2 (RFC 5246), as client towards an origin or as server
 * towards a client.
 *
 * Bytes in, bytes out: knows nothing of sockets, clocks or memory.  Records come by engine_recv_buf and
 * engine_recv_ack, go by engine_send_buf and engine_send_ack; data by peek and take, room and put.  The two buffers
 * are lent by the caller; what a handshake needs besides this struct lies at the end of `out`, so an open engine
 * with nothing under way does without both (engine_may_park).
 *
 * Before each public-key operation the engine stops and says so: engine_waits.  Nothing is read until engine_work
 * has done it, and engine_work does exactly one.
 *
 * The profile: X25519MLKEM768, X25519, P-256 (and, towards origins, P-384); ChaCha20-Poly1305 and AES-GCM; ECDSA and
 * RSA-PSS signatures, PKCS #1 in TLS 1.2 alone; ALPN "http/1.1".  Never early data, renegotiation, client
 * certificates, compression, static RSA, CBC, SHA-1.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/tls/record.h"
#include "lib/tls/ticket.h"

enum {
	ENGINE_TLS12 = 0x0303,
	ENGINE_TLS13 = 0x0304,
	ENGINE_PART =
		1024, /* bytes of a message that lies across encrypted records; certificates may be longer */
	ENGINE_IN = ENGINE_PART + RECORD_WIRE,
	ENGINE_DATA =
		4096, /* bytes of data in our records: 2 % overhead, an eighth of the memory */
	ENGINE_RECORDS = ENGINE_DATA +
			 224, /* ... with heads and tails, a KeyUpdate before and an alert behind */
	ENGINE_SHAKE = 1024,  /* bytes that a handshake needs */
	ENGINE_OUT = ENGINE_RECORDS + ENGINE_SHAKE,
	ENGINE_SEED = 32,                    /* bytes of entropy that an engine starts from */
	ENGINE_TICKET = 640,                 /* bytes of a longer ticket are not worth keeping */
	ENGINE_SESSION = 128 + ENGINE_TICKET /* most bytes of a session */
};

/* Why an engine ended; 0: it did not.  Above ENGINE_ALERT: the number of the alert that the peer sent. */
enum engine_error {
	ENGINE_OK,
	ENGINE_NOT_TLS,       /* the first byte begins no record */
	ENGINE_UNEXPECTED,    /* a message, record or alert that may not come now */
	ENGINE_FORGED,        /* a record that was altered, or not made with the keys agreed on */
	ENGINE_TOO_LONG,      /* a record over its bound */
	ENGINE_DECODE,        /* a message whose lengths don't add up */
	ENGINE_PARAMETER,     /* ... or that says what it must not */
	ENGINE_NO_VERSION,    /* no version in common */
	ENGINE_NO_COMMON,     /* no suite, group or signature in common */
	ENGINE_NO_PROTOCOL,   /* it offers protocols, and "http/1.1" is not among them */
	ENGINE_MISSING,       /* an extension that must be there is not */
	ENGINE_UNASKED,       /* an answer to what was not asked */
	ENGINE_DOWNGRADED,    /* someone on the way took TLS 1.3 out of our hello */
	ENGINE_FALLBACK,      /* a client that knows more came back with less */
	ENGINE_BAD_SIGNATURE, /* the handshake is not signed by the certificate's key */
	ENGINE_BAD_FINISHED,
	ENGINE_NO_CERTIFICATE,  /* the origin showed none */
	ENGINE_BAD_CERTIFICATE, /* ... or one that can't be read, or too much */
	ENGINE_KEY_KIND,        /* ... or one with a key of a kind that this TLS can't use */
	ENGINE_FLOODED,         /* too many records or messages that bring nothing */
	ENGINE_EXHAUSTED,       /* too many records under one key */
	ENGINE_INTERNAL,
	ENGINE_ERRORS,
	ENGINE_ALERT = 256
};

/* The operation that engine_work would do. */
enum engine_work {
	ENGINE_IDLE, /* nothing waits */
	ENGINE_MAKE_KEY,
	ENGINE_AGREE, /* the common secret from the peer's key */
	ENGINE_SIGN,
	ENGINE_VERIFY
};

struct engine_options {
	uint16_t least, most; /* versions, ENGINE_TLS12 or ENGINE_TLS13 */
	bool post_quantum;    /* X25519MLKEM768 first */
};

struct chain;
struct shake;

/* The beginning of a client.  sni, chain, save's argument: the caller's until the engine is open (save: until it is
 * reset). */
struct engine_client {
	const char *sni;              /* NULL: an address, or a name that is not told */
	const unsigned char *session; /* one to resume, as `save` got it; NULL: none.  Copied. */
	size_t session_len;
	uint32_t session_age; /* milliseconds since it was saved */
	struct chain *chain;  /* collects what the origin shows; see engine_collect */
	struct engine_options options;
	/* Takes a session that may be resumed later: at any time once the engine is open, or just before.  It holds
	 * secrets.  May be NULL. */
	void (*save)(void *arg, const unsigned char *session, size_t len);
	void *save_arg;
};

/* The beginning of a server.  All of it is the caller's until the engine is open. */
struct engine_server {
	const unsigned char *leaf; /* its certificate, of a P-256 key */
	size_t leaf_len;
	const unsigned char *key; /* 32 bytes */
	const struct ticket_tie
		*tie; /* sessions that may be resumed; NULL: none, and none are made */
	struct engine_options options;
};

/* Fields are the engine's own.  All zero: idle. */
struct engine {
	unsigned char *in, *out; /* lent; NULL: parked */
	struct shake *shake;     /* at the end of out; NULL: no handshake is under way */
	void (*save)(void *arg, const unsigned char *session, size_t len);
	void *save_arg;
	struct record read, write;
	/* TLS 1.3's traffic secrets, for key updates, and what tickets are made from */
	unsigned char read_secret[48], write_secret[48], resumption[48];
	uint32_t stream_left;          /* bytes of a message that is read as it comes */
	uint16_t part_start, part_end; /* handshake bytes in `in` that are not read yet */
	uint16_t data_start, data_end; /* application data in `in` */
	uint16_t record_left;          /* bytes to come of the record that arrives */
	uint16_t record_have;          /* ... and that came, of an encrypted one */
	uint16_t out_start, out_end;   /* records to be sent, in `out` */
	uint16_t fill;                 /* bytes behind them that are no record yet */
	uint16_t in_high,
		out_high; /* bytes of the lent buffers that were written: what must be wiped */
	uint16_t error, version, suite, group;
	uint8_t head[RECORD_HEAD], head_have;
	uint8_t state;     /* enum shake_state, see shake.h */
	uint8_t waits;     /* enum engine_work */
	uint8_t fill_type; /* enum record_type of what is in `fill` */
	uint8_t idle;      /* records and messages in a row that brought nothing */
	uint8_t stream;    /* how the message that stream_left counts is read */
	bool is_server, is_open, is_ended, is_closing, is_resumed, owes_update, any_record;
};

/* Starts a handshake: in[ENGINE_IN] and out[ENGINE_OUT] are lent. */
void engine_start_client(struct engine *e, const struct engine_client *how,
	const unsigned char seed[ENGINE_SEED], unsigned char *in, unsigned char *out);
void engine_start_server(struct engine *e, const struct engine_server *how,
	const unsigned char seed[ENGINE_SEED], unsigned char *in, unsigned char *out);

/* Names the chain before the first record is given to the engine. */
void engine_collect(struct engine *e, struct chain *chain);

/* The operation that the engine waits for, and the doing of it. */
enum engine_work engine_waits(const struct engine *e);
void engine_work(struct engine *e);

/* Records from the peer: where to put them, at most *len bytes; NULL: none are wanted now. */
unsigned char *engine_recv_buf(struct engine *e, size_t *len);
void engine_recv_ack(struct engine *e, size_t len);

/* Records for the peer: *len bytes to send; NULL: none. */
unsigned char *engine_send_buf(struct engine *e, size_t *len);
void engine_send_ack(struct engine *e, size_t len);

/* Application data received, and room for data to send; NULL: none. */
unsigned char *engine_peek(struct engine *e, size_t *len);
void engine_take(struct engine *e, size_t len);
unsigned char *engine_room(struct engine *e, size_t *len);
void engine_put(struct engine *e, size_t len);

/* Makes a record of what was put so far. */
void engine_flush(struct engine *e);

/* Sends a close_notify after what was put; the peer's data is thrown away from now on. */
void engine_close(struct engine *e);

/* The handshake is done: application data may flow. */
bool engine_is_open(const struct engine *e);

/* The peer said close_notify: it sends no more.  We may. */
bool engine_is_ended(const struct engine *e);

/* No more records come or go: after a failure, or after a close from both sides. */
bool engine_is_closed(const struct engine *e);

/* Of an open engine. */
bool engine_is_resumed(const struct engine *e);
unsigned engine_version(const struct engine *e);
const char *engine_version_text(const struct engine *e);
const char *engine_suite_text(const struct engine *e);
const char *engine_group_text(const struct engine *e); /* "none" in a resumed TLS 1.2 */

/* 0, an enum engine_error, or ENGINE_ALERT and the alert received. */
int engine_error(const struct engine *e);

/* In words: "it speaks no TLS version that this proxy speaks". */
const char *engine_error_text(int error);

/* True if the peer's TLS is sound but of a kind that this engine does not have (older versions, Ed25519, ...). */
bool engine_error_is_uninspectable(int error);

/* Nothing is in the buffers, so that they may be taken away. */
bool engine_may_park(const struct engine *e);

/* Other buffers for an engine that engine_may_park said yes to.  No other call in between. */
void engine_unpark(struct engine *e, unsigned char *in, unsigned char *out);

/* Takes the buffers away, at any moment: what was under way in them is lost.  No call touches them afterwards. */
void engine_strip(struct engine *e);

/* Wipes everything: keys and what the struct holds of the session.  in_high and out_high stay, for the buffers are
 * the caller's and still as they were. */
void engine_reset(struct engine *e);

/* Of a session that `save` was given: seconds that it may be kept (RFC 8446 section 4.6.1, RFC 5077 section 3.3; 0:
 * it does not say), and whether it may be offered once only. */
uint32_t engine_session_lifetime(const unsigned char *session, size_t len);
bool engine_session_is_single(const unsigned char *session, size_t len);

#endif
