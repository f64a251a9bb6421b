/*
 * dname: distinguished names, compared as RFC 5280 section 7.1 wants it.
 *
 * Pure.  Two CAs' tools may write one name in two ways: as PrintableString or UTF8String, in another case, with
 * more blanks.  A Name is read here as a stream of bytes that is the same for all of these, so that comparing
 * and hashing need no memory.  Case is folded for ASCII alone; TeletexString is read as Latin-1, as everyone does.
 * An equal name proves nothing: whether an issuer issued something, its signature says.
 */
#ifndef DNAME_H
#define DNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/x509/der.h"

/* The text of one attribute, folded: blanks trimmed and squeezed, ASCII in lower case, UTF-8. */
struct dname_text {
	struct der rest;
	int tag;
	bool begun;            /* something was given out: blanks before it count from now on */
	unsigned char more[2]; /* bytes of a character that are still to be given out */
	uint8_t more_count;
};

/* False: no kind of text that can be folded; its bytes are all there is to compare. */
bool dname_text_start(struct dname_text *t, int tag, const struct der *value);

/* The next byte, or -1 at the end. */
int dname_text_next(struct dname_text *t);

/* A whole Name as a stream.  Attributes of one RDN come in the order in which they stand there, which DER rules. */
struct dname {
	struct der names, set; /* RDNs, and attributes of the present RDN, still to be read */
	struct der type, value;
	struct dname_text text;
	int tag;
	uint8_t part; /* an enum in dname.c */
	uint8_t at;   /* bytes of a head given out */
	bool first;   /* of its RDN */
};

/* `name`: with its header; one that x509_parse has read. */
void dname_start(struct dname *d, const struct der *name);

/* The next byte of the folded form, or -1 at the end. */
int dname_next(struct dname *d);

bool dname_same(const struct der *a, const struct der *b);

/* A hash of a few bytes that tells most names apart; never 0. */
uint32_t dname_hint(const struct der *name);

#endif
