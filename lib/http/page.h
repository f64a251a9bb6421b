/*
 * page: the answers that the proxy makes itself: a status, a small HTML page, Proxy-Status (RFC 9209).
 *
 * Pure.  Every text from outside is escaped for where it stands (HTML, a quoted sf-string); bytes outside
 * 0x20..0x7e are percent-encoded, so that no peer's text can reorder or hide what is read.  One
 * self-contained page: no script, no image, no request to anywhere, light and dark, readable on a phone.
 */
#ifndef PAGE_H
#define PAGE_H

#include <stdbool.h>
#include <stddef.h>

enum { PAGE_MAX = 8192 }; /* bytes of the longest answer, head and page: the size of out below */

enum page_kind {
	PAGE_BLOCKED,     /* 403: a rule says no */
	PAGE_CERTIFICATE, /* 502: the origin's certificate was refused */
	PAGE_UNREACHABLE, /* 502/504: no address, no connection */
	PAGE_SLOW,        /* 504: the origin has not answered in time */
	PAGE_TLS,         /* 502: the origin's TLS can't be spoken with */
	PAGE_BAD_ORIGIN,  /* 502: the origin's answer can't be passed on */
	PAGE_REFUSED,     /* 4xx: the request can't be served as it is */
	PAGE_BUSY         /* 503: full, or the clock is not set yet */
};

/* The contents of an answer.  All texts are the caller's and end in NUL; NULL is the same as "". */
struct page {
	enum page_kind kind;
	int status;         /* the HTTP status */
	const char *host;   /* where the user wanted to go; "" if unknown */
	const char *path;   /* with it, for URL rules; "" otherwise. No query string. */
	const char *reason; /* one sentence: what happened, in words a user understands */
	const char *detail; /* e.g. "ads, /etc/sluice/ads.txt:12, ||ads.example^"; "" for none */
	const char *error_type; /* RFC 9209 section 2.3, e.g. "tls_certificate_error"; a token */
	const char *next_step;  /* what the user can do; "" takes the kind's own */
	bool head_only;         /* answer to HEAD: the same head, no page */
	bool connect;           /* answer to a CONNECT in clear: speaks of a site, not of a page */
};

/*
 * Writes the whole answer to out[PAGE_MAX] and returns its length.  Long texts are cut, never refused.
 * Headers: Cache-Control: no-store; Content-Security-Policy: default-src 'none', the style by its hash, no
 * frame, base or form; X-Content-Type-Options: nosniff; Referrer-Policy: no-referrer; Connection: close;
 * Content-Length; Content-Type: text/html; charset=utf-8; Allow with 405.
 * Proxy-Status: sluice; error=<error_type>; details="<reason> (<detail>)".
 */
size_t page_write(const struct page *p, char out[PAGE_MAX]);

/* The reason phrase of a status (RFC 9110 section 15), "Error" for those we never send. */
const char *page_status_text(int status);

#endif
