/*
 * http: HTTP/1.1 heads and message framing (RFC 9110, RFC 9112) as a proxy needs them: strictly.
 *
 * Pure: no syscalls, no clock, no allocation.  What two readers could read in two ways is malformed here:
 * bare LF or CR, obs-fold, a space before the colon, both lengths, differing lengths, odd chunk sizes, NUL.
 * A head stays in the caller's buffer; the structs point into it by offset, so it may be moved.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HTTP_HEAD_MAX = 32768, /* bytes of a head with its empty line; more than browsers send */
	HTTP_HEAD_ROOM = 1024, /* a rewritten head is at most this much longer (Via, Host, ...) */
	HTTP_FIELDS_MAX = 128, /* fields in a head; Apache takes 100, HAProxy 101 */
	HTTP_HOST_MAX = 255    /* longest host name (RFC 1035 section 2.3.4) */
};

struct http_span {
	uint16_t off, len; /* from the start of the head */
};

enum http_framing {
	HTTP_NONE,    /* no body */
	HTTP_LENGTH,  /* Content-Length bytes */
	HTTP_CHUNKED, /* Transfer-Encoding: chunked, and nothing else */
	HTTP_CLOSE    /* a response that ends with the connection */
};

enum http_form { HTTP_ORIGIN, HTTP_ABSOLUTE, HTTP_AUTHORITY, HTTP_ASTERISK };

struct http_target {
	char host[HTTP_HOST_MAX + 1]; /* lower case, no brackets or trailing dot; "": none */
	uint16_t port;                /* 0: none given */
	bool is_ip; /* host is an IPv4 dotted quad, or an IPv6 literal that came in [] */
};

struct http_field {
	struct http_span name, value; /* value without surrounding white space */
	bool drop;                    /* not forwarded: hop-by-hop, or named by Connection */
};

/* What the framing of a response depends on in its request: copy it, the head is soon overwritten. */
struct http_asked {
	bool is_head, is_connect;
	bool upgrade_websocket; /* Connection: upgrade, and Upgrade: websocket alone */
};

struct http_head {
	/* both kinds */
	uint16_t len;   /* bytes with the empty line; 0: not parsed */
	uint8_t minor;  /* HTTP/1.minor: 0 or 1 (greater minors count as 1) */
	uint16_t count; /* of fields */
	enum http_framing framing;
	uint64_t length; /* with HTTP_LENGTH */
	bool keep;       /* the sender lets the connection live on after this message */
	/* requests */
	struct http_span method;
	struct http_span path; /* with the query string; "/" if absent; "*"; empty for CONNECT */
	enum http_form form;
	struct http_target target; /* from an absolute (port: the scheme's if absent) or
				      authority form (which must have a port) */
	struct http_target host;   /* from the Host field */
	bool is_https;             /* absolute form with https:// */
	bool has_host, expect_continue;
	struct http_asked asked;
	bool last_hop;   /* OPTIONS or TRACE with Max-Forwards: 0, to be answered, not forwarded */
	bool idempotent; /* GET, HEAD, OPTIONS, TRACE: safe to send again (RFC 9110 section 9.2.2) */
	/* responses */
	uint16_t status; /* 100..599 */
	/* why it was refused */
	uint16_t error_status; /* for a request: 400, 414, 417, 431, 501 or 505 */
	const char *error;     /* a short sentence; a constant */

	struct http_field fields[HTTP_FIELDS_MAX]; /* last: the rest is cleared before each parse */
};

/*
 * Parses a request head at data[0..len).  Returns >0: its length; 0: needs more; -1: refused (error,
 * error_status).  Empty lines before the request line are passed over, at most 4 bytes (RFC 9112
 * section 2.2), and counted in the length.  Of several calls for one head each gets all bytes so far;
 * nothing is kept between calls, so *h needs no preparation.
 *
 * Host is demanded in HTTP/1.1, and must agree with an absolute or authority form: RFC 9112 section 3.2.2
 * would have a proxy replace it, but who sends two names wants two readers to disagree.
 * `keep` is false for HTTP/1.0 (RFC 9112 section 9.3: a proxy keeps no such client).
 */
int http_parse_request(struct http_head *h, const char *data, size_t len);

/* The same for a response; `asked` is the request's, NULL is a plain GET.  asked.upgrade_websocket of *h says
 * that this is the 101 of an upgrade; one that was not asked for is malformed. */
int http_parse_response(
	struct http_head *h, const char *data, size_t len, const struct http_asked *asked);

/* Compares two targets; an absent port is `port`.  An empty host is the same as nothing. */
bool http_same_target(const struct http_target *a, const struct http_target *b, uint16_t port);

/* Finds the first field of that name (given in lower case), or NULL. */
const struct http_field *http_find(const struct http_head *h, const char *data, const char *name);

/*
 * Parses "host", "host:port", "1.2.3.4:port", "[::1]:port" of len bytes.  0 or -1.  A name has labels of 1 to
 * 63 letters, digits, hyphens or underscores, 253 in all; what looks like a number and is no strict dotted
 * quad is no host.  An IPv6 literal comes out in one form; v4-mapped ones and zones are refused.
 */
int http_parse_target(struct http_target *t, const char *text, size_t len);

/*
 * Rewrites a parsed head in place for forwarding and returns its new length, or 0 if it does not fit in cap
 * (which is then no more than HTTP_HEAD_ROOM too small, and the head is spoilt).  What follows the head in
 * data is overwritten if the head grows: move it away first, or lay the head out with HTTP_HEAD_ROOM behind.
 * Request (not CONNECT): origin-form, version HTTP/1.1; without hop-by-hop fields (RFC 9110 section 7.6.1),
 * Proxy-Authorization, Proxy-Connection, HTTP2-Settings, TE but "trailers"; the Host field as it came, or
 * made from the target if there was none (a caller that knows better, as behind a CONNECT, fills h->target;
 * port 0 is left out).  Max-Forwards of OPTIONS and TRACE is counted down.
 * Response: version HTTP/1.1; also without Alt-Svc (it would lead around the proxy) and Proxy-Authenticate.
 * Both: fields that Connection names go too, but never framing, Host, credentials and the like; "Via: 1.1
 * sluice" (1.0 if that was received) as a field of its own; "Connection: Upgrade" with Upgrade if
 * upgrade_websocket, else "Connection: close" if close, else no such field ("TE" is added if TE goes on).
 * The parsed struct is spent afterwards, except for the scalar members.
 */
size_t http_rewrite_request(struct http_head *h, char *data, size_t cap, bool close);
/* plain: the receiver speaks HTTP/1.0 and gets the body without chunks: Transfer-Encoding and Trailer go. */
size_t http_rewrite_response(struct http_head *h, char *data, size_t cap, bool close, bool plain);

enum {
	HTTP_CHUNK_LINE = 1024, /* bytes of a chunk line; signed chunks need about 100 */
	HTTP_TRAILER_MAX = 8192 /* bytes of the trailer section */
};

/* A message body on its way through.  A zeroed one is a body that is empty; done after one move. */
struct http_body {
	enum http_framing framing;
	uint8_t state;    /* of the chunked decoder */
	bool plain;       /* write the content of chunks only (receiver is HTTP/1.0) */
	bool done;        /* the last byte of the message was consumed (then all is written) */
	bool skip;        /* the present trailer is left out */
	uint8_t held_len; /* bytes in held, */
	uint8_t held_out; /* of which written */
	char held[32];    /* chunk lines and trailer names that wait for room or a decision */
	uint16_t line;    /* bytes of the present chunk line: bounded */
	uint16_t trailer; /* bytes of trailers so far: bounded */
	uint64_t left;    /* bytes of the body, or of the present chunk, to come */
	uint64_t content; /* bytes of content so far, for the log */
};

void http_body_start(struct http_body *b, enum http_framing framing, uint64_t length, bool plain);

/*
 * Moves what it can from in[in_len] to out[out_cap]: *used bytes consumed, *made bytes written, never more
 * than they hold; either may be 0.  It need not be called without input.  What comes out depends on the input alone, not on how it was cut.
 * Chunk sizes are written anew, without padding and extensions; trailers are checked like fields
 * and those that RFC 9110 section 6.5.1 forbids are left out.  Returns 0, or -1: malformed, and nothing
 * more may be taken from this peer.  HTTP_CLOSE is never done: the caller sees the end.
 */
int http_body_move(struct http_body *b, const char *in, size_t in_len, size_t *used, char *out,
	size_t out_cap, size_t *made);

/* True if the connection may end here: HTTP_CLOSE, or done. */
bool http_body_may_end(const struct http_body *b);

#endif
