/*
 * pem: finds objects in PEM text (RFC 7468) and decodes them, from a file read in pieces.
 *
 * Pure; owns nothing.  Reads what files in the wild are like: any line length, CR LF, blanks at the ends of
 * lines, text around the objects.  BearSSL's own decoder names objects "CERTIFICATE-----" when lines end in
 * CR LF, and refuses lines longer than 64 characters.
 */
#ifndef PEM_H
#define PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PEM_LABEL = 32, PEM_LINE = 128 };

struct pem {
	unsigned char *out; /* the caller's, where objects are decoded to */
	size_t cap, len;    /* len: bytes of the object */
	char label[PEM_LABEL];
	unsigned line; /* of the input, from 1: the one that is read next */
	/* inside */
	bool inside, broken;
	uint8_t quantum, padding; /* characters of the group of four that have come */
	uint32_t bits;
	char text[PEM_LINE]; /* the line as it comes; one that fills it is no boundary */
	size_t text_len;
};

/* Objects will be decoded into out[cap]. */
void pem_init(struct pem *p, unsigned char *out, size_t cap);

/*
 * Reads on at data[0..len).  *used: bytes taken.  Returns 1: an object is complete (label, out[0..len));
 * 0: all taken, needs more; -1: an object that is malformed or larger than cap has ended.  After 1 and
 * -1 call again for what follows.
 */
int pem_push(struct pem *p, const char *data, size_t len, size_t *used);

/* The end of the input, whose last line may lack its newline: as pem_push; -1 also for a missing END line. */
int pem_end(struct pem *p);

/* Is the object a certificate?  "CERTIFICATE", and "X509 CERTIFICATE" of old. */
bool pem_is_certificate(const struct pem *p);

#endif
