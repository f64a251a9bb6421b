/*
 * head: what the readers of requests and of responses and the writer share.  For lib/http alone.
 *
 * Pure: no syscalls, no clock, no allocation.
 */
#ifndef HEAD_H
#define HEAD_H

#include "lib/http/http.h"

/* The statements of a head's fields, before they are weighed. */
struct facts {
	/* both kinds */
	bool has_length, has_coding, chunked;
	bool close, keep_alive, upgrade; /* connection options */
	uint8_t options;                 /* Connection's, up to HEAD_OPTIONS + 1 */
	uint8_t upgrades;                /* Upgrade fields, up to 2 */
	uint8_t protocol;                /* enum http_upgrade: what the last of them says */
	uint16_t upgrade_number;         /* of that field */
	/* requests */
	bool has_expect, has_hops;
	uint16_t expect_number;
	struct http_span hops;
	/* responses */
	bool lengths_differ;
	bool other_coding;       /* Transfer-Encoding says more than chunked and identity */
	bool no_end;             /* a status without a body, but perhaps with one */
	bool repaired;           /* `keep` will be false, */
	bool doubtful;           /* and by_close true */
	struct http_span length; /* an element of Content-Length: all are the same */
	struct http_span location, disposition;
};

enum { HEAD_OPTIONS = 32 }; /* connection options; each is compared with every field */

/* Notes why, and returns -1. */
int head_refuse(struct http_head *h, uint16_t status, const char *why);

/* Compares len bytes with a word in lower case. */
bool head_same_word(const char *text, const char *word, size_t len);
bool head_span_is(const char *data, struct http_span s, const char *word);
struct http_span head_span(size_t from, size_t to);

/* Fields that don't go on, by their number. */
void head_drop(struct http_head *h, uint16_t number, bool drop);

/*
 * Steps to the next line of fields, with those that continue it (RFC 9112 section 5.2), of data[0..len).  CR and LF both
 * end lines, as they do for Chromium.  `odd`: it is no field, for want of a colon or of a name that is a
 * token; it does not count.  The name has no blanks around it, but may have had one before the colon.
 */
bool head_next_line(const char *data, size_t len, struct http_field *f);

/* Takes the next element off a comma list, without the white space around it, be it a token or not; passes over
 * empty ones.  False: there is none. */
bool head_next_element(const char *data, struct http_span *rest, struct http_span *element);
bool head_is_token(const char *data, struct http_span s);

/* Notes what a connection option asks for. */
void head_note_option(struct facts *x, const char *data, struct http_span option);
void head_note_upgrade(struct facts *x, const char *data, const struct http_field *f);

/* Once all fields are known: a Connection field may stand before or behind those that it names. */
void head_drop_nominated(struct http_head *h, const char *data);

#endif
