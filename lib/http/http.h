/*
 * http: HTTP/1.1 heads (RFC 9110, RFC 9112) as a proxy needs them: requests strictly, responses leniently, and
 * what leaves is written anew and strictly.
 *
 * Pure: no syscalls, no clock, no allocation.  A request that two readers could read in two ways is refused: bare LF
 * or CR, obs-fold, a space before the colon, both lengths, odd lengths, NUL.  A response is what a browser takes it
 * for: see http_parse_response.  A head stays in the caller's buffer; the structs point into it by offset, so it may
 * be moved.
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
	HTTP_HEAD_ROOM = 1024, /* a rewritten head is at most this much longer (Host, Via, ...) */
	HTTP_FIELDS_MAX = 128, /* fields of a request; Apache takes 100, HAProxy 101 */
	/* Fields of a response: only the head's size bounds them.  The shortest one is "a:" and a line feed. */
	HTTP_FIELDS_EVER = HTTP_HEAD_MAX / 3
};

struct http_span {
	uint16_t off, len; /* from the start of the head */
};

enum http_form { HTTP_ORIGIN, HTTP_ABSOLUTE, HTTP_AUTHORITY, HTTP_ASTERISK };

/* A switch of protocols that is let through.  Never h2c: requests in it would pass unread. */
enum http_upgrade {
	HTTP_STAYS,
	HTTP_WEBSOCKET,
	HTTP_TCP, /* docker attach, exec */
	HTTP_SPDY /* SPDY/3.1: kubectl attach, exec, port-forward */
};

/* A field on a walk: see http_next_field. */
struct http_field {
	struct http_span name,
		value; /* value without white space around; a folded one holds its line ends */
	bool drop;     /* not forwarded: hop-by-hop, named by Connection, one of framing too many */
	bool spaced;   /* something stands between the colon and the value */
	bool odd;      /* no field: see head.h */
	uint16_t number; /* from 0, the odd ones not counted */
	uint16_t next;   /* where the walk goes on; 0: at the first field */
};

/* The part of a request that the framing of its response depends on: copy it, the head is soon overwritten. */
struct http_asked {
	bool is_head, is_connect;
	uint8_t upgrade; /* enum http_upgrade: Connection: upgrade, and Upgrade: that protocol alone */
};

struct http_head {
	/* both kinds */
	uint16_t len;    /* bytes with the empty line; 0: not parsed */
	uint16_t fields; /* where the first line of fields begins */
	uint16_t count;  /* of fields */
	uint8_t minor; /* HTTP/1.minor: 0 or 1 (greater ones count as 1; see also http_parse_response) */
	enum body_framing framing;
	uint64_t length; /* with BODY_LENGTH */
	bool keep;       /* the sender lets the connection live on after this message */
	/* requests */
	struct http_span method;
	struct http_span path; /* with the query string; "/" if absent; "*"; empty for CONNECT */
	enum http_form form;
	struct target target;          /* from an absolute (port: the scheme's if absent) or
				      authority form (which must have a port) */
	struct target host;            /* from the Host field; with an absolute form the target */
	bool is_https;                 /* absolute form with https:// */
	bool has_host;                 /* host says something */
	bool has_host_field, new_host; /* to be written anew from the target */
	bool expect_continue;
	struct http_asked asked;
	bool last_hop;   /* OPTIONS or TRACE with Max-Forwards: 0, to be answered, not forwarded */
	bool idempotent; /* GET, HEAD, OPTIONS, TRACE: safe to send again (RFC 9110 section 9.2.2) */
	/* responses */
	uint16_t status; /* 100..999 */
	bool by_close; /* its length is in doubt: read it by `framing`, but pass it on without one */
	struct http_span reason;
	size_t reach; /* after rewriting: bytes of the buffer that were written on the way */
	bool tells_length, tells_chunked; /* the fields of framing that go on, */
	uint64_t told;                    /* the first with this number */
	/* why it was refused */
	uint16_t error_status; /* for a request: 400, 414, 417, 431, 501 or 505 */
	const char *error;     /* a short sentence; a constant */

	uint8_t dropped[HTTP_FIELDS_EVER / 8 +
			1]; /* last, a bit a field: not cleared before a parse */
};

/*
 * Parses a request head at data[0..len).  Returns >0: its length; 0: needs more; -1: refused (error,
 * error_status).  Empty lines before the request line are passed over, at most 4 bytes (RFC 9112
 * section 2.2), and counted in the length.  Of several calls for one head each gets all bytes so far;
 * nothing is kept between calls, so *h needs no preparation.
 *
 * Host is demanded in HTTP/1.1.  An absolute form has the target decide: Host is replaced (RFC 9112 section 3.2.2), and
 * need not be there.  A CONNECT's is not looked at.
 * `keep` is false for HTTP/1.0 (RFC 9112 section 9.3: a proxy keeps no such client).
 */
int http_parse_request(struct http_head *h, const char *data, size_t len);

/*
 * Percent-encodes what is no ASCII in the target of the request line at data[0..len), which some clients send raw, so
 * that it is judged and forwarded in one form.  Returns the new length, or 0 if that is more than cap.
 */
size_t http_encode_target(char *data, size_t len, size_t cap);

/*
 * The same for a response; `asked` is the request's, NULL is a plain GET.  What is odd is dropped or normalised, alone,
 * as browsers do: up to 4 bytes before the status line, a version of another spelling (what is not d.d counts as 1.0),
 * lines that end in LF, folds, lines that are no field, control characters in values (a field with NUL goes, a cookie
 * with any).  `keep` is false after every repair of framing, and if Connection holds what is no token.
 *
 * Framing is read as Chromium does: "chunked" anywhere in Transfer-Encoding of HTTP/1.1 counts before any length; a
 * length that is no number, or a coding that is none, counts as absent; lengths that differ are refused.  Where
 * other readers would see another length (a name that resembles Content-Length or Transfer-Encoding, a coding that
 * resembles chunked, NUL or a bare CR anywhere, a status that isn't set apart) by_close is set.
 *
 * asked.upgrade of *h says that this is the 101 of an upgrade; one that was not asked for is malformed.
 */
int http_parse_response(
	struct http_head *h, const char *data, size_t len, const struct http_asked *asked);

/* Steps to the next field of a parsed head; start with a zeroed struct.  False: there is none. */
bool http_next_field(const struct http_head *h, const char *data, struct http_field *f);

/* Finds the first field of that name (given in lower case); false if there is none. */
bool http_find(const struct http_head *h, const char *data, const char *name, struct http_field *f);

/*
 * Rewrites a parsed head in place for forwarding and returns its new length, or 0 if it does not fit in cap
 * (which is then no more than HTTP_HEAD_ROOM too small, and the head is spoilt).  What follows the head in
 * data is overwritten if the head grows: move it away first, or lay the head out with HTTP_HEAD_ROOM behind.
 * Request (not CONNECT): origin-form, version HTTP/1.1; without hop-by-hop fields (RFC 9110 section 7.6.1),
 * Proxy-Authorization, Proxy-Connection, HTTP2-Settings, TE but "trailers"; the Host field as it came, or
 * made from the target if that says otherwise or there was none (a caller that knows better, as behind a CONNECT, fills
 * h->target; port 0 is left out).  Max-Forwards of OPTIONS and TRACE is counted down.  No Via: nginx and others then
 * compress nothing, and it tells origins of us.
 * Response: a status line of HTTP/1.1; also without Alt-Svc (it would lead around the proxy) and Proxy-Authenticate;
 * one field of framing at most; "Via: 1.1 sluice" (1.0 if that was received) as a field of its own.
 * Both: fields that Connection names go too, but never framing, Host, credentials and the like; "Connection: Upgrade"
 * with Upgrade if asked.upgrade, else "Connection: close" if close, else no such field ("TE" is added if TE goes on).
 * The parsed struct is spent afterwards, except for the scalar members.
 */
size_t http_rewrite_request(struct http_head *h, char *data, size_t cap, bool close);
/* plain: the receiver speaks HTTP/1.0 and gets the body without chunks: Transfer-Encoding and Trailer go. */
size_t http_rewrite_response(struct http_head *h, char *data, size_t cap, bool close, bool plain);

#endif
