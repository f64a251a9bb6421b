/*
 * der: reads DER, the distinguished encoding of ASN.1 (X.690), from memory.
 *
 * Pure: no allocation, no state beyond the slices, no recursion.  A slice points into the caller's bytes and
 * lives as long as they do.  Forms that DER forbids are malformed here: indefinite lengths, lengths that are not
 * minimal, padded integers.  Lengths above DER_MAX are refused: nothing that we read is longer.
 */
#ifndef DER_H
#define DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DER_MAX = 0xffffff }; /* bytes of a value: three length bytes */

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_TELETEX_STRING = 0x14,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_VISIBLE_STRING = 0x1a,
	DER_UNIVERSAL_STRING = 0x1c,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT = 0x80,    /* [n] primitive: DER_CONTEXT + n */
	DER_CONSTRUCTED = 0x20 /* [n] constructed: DER_CONTEXT + DER_CONSTRUCTED + n */
};

/* A slice: bytes that are still to be read, or the content of a value. */
struct der {
	const unsigned char *p;
	size_t len;
};

/* The tag byte of the next value, or -1 at the end. */
int der_peek(const struct der *in);

/*
 * Takes the next value, which must have this tag; `content` gets what is inside.  Returns 0, or -1 with
 * `in` unchanged: another tag, the end, or malformed.  `content` may be NULL.
 */
int der_take(struct der *in, int tag, struct der *content);

/* The same for a value of any tag; `tag` may be NULL. `whole`, which may be NULL, gets it with its header. */
int der_take_any(struct der *in, int *tag, struct der *content, struct der *whole);

/* The same for a value that may be absent: 1 taken, 0 another tag or the end, -1 malformed. */
int der_take_optional(struct der *in, int tag, struct der *content);

/* A BOOLEAN: 0 or 1, or -1.  The content is 00 or FF and nothing else. */
int der_take_boolean(struct der *in);

/* An INTEGER in minimal two's complement; at least one byte.  Returns 0 or -1. */
int der_take_integer(struct der *in, struct der *content);

/* An INTEGER that is not negative, without its leading zero byte; zero gives no bytes. Returns 0 or -1. */
int der_take_unsigned(struct der *in, struct der *magnitude);

/* A BIT STRING without its first byte; *unused: bits at the end that don't count (0..7). */
int der_take_bits(struct der *in, struct der *bits, unsigned *unused);

/* A UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 wants it (seconds, Z), in unix seconds. */
int der_take_time(struct der *in, int64_t *when);

bool der_same(const struct der *a, const struct der *b);

/* Are these exactly the bytes of a constant?  For OIDs: der_is(&oid, "\x55\x1d\x0f", 3). */
bool der_is(const struct der *a, const void *bytes, size_t len);

#endif
