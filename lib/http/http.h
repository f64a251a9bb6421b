/*
 * http: HTTP/1.1 heads (RFC 9110, RFC 9112) as a proxy needs them: strictly.
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
#include "lib/http/body.h"
#include "lib/net/target.h"

enum {
	HTTP_HEAD_MAX = 32768, /* bytes of a head with its empty line; more than browsers send */
	HTTP_HEAD_ROOM = 1024, /* a rewritten head is at most this much longer (Via, Host, ...) */
	HTTP_FIELDS_MAX = 128  /* fields in a head; Apache takes 100, HAProxy 101 */
};

struct http_span {
	uint16_t off, len; /* from the start of the head */
};

enum http_form { HTTP_ORIGIN, HTTP_ABSOLUTE, HTTP_AUTHORITY, HTTP_ASTERISK };

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
	enum body_framing framing;
	uint64_t length; /* with BODY_LENGTH */
	bool keep;       /* the sender lets the connection live on after this message */
	/* requests */
	struct http_span method;
	struct http_span path; /* with the query string; "/" if absent; "*"; empty for CONNECT */
	enum http_form form;
	struct target target; /* from an absolute (port: the scheme's if absent) or
				      authority form (which must have a port) */
	struct target host;   /* from the Host field */
	bool is_https;        /* absolute form with https:// */
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

/* Finds the first field of that name (given in lower case), or NULL. */
const struct http_field *http_find(const struct http_head *h, const char *data, const char *name);

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

#endif
