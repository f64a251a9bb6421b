/*
 * anchors: whom we trust, and whom never: the CA bundle and the distrust list, loaded.
 *
 * Owns the anchors in as few bytes as a check needs (name by hash, key, dates, constraints), immutable once
 * loaded.  Held by reference count: a reload makes new ones and releases the old, which live on while checks
 * use them.  Judges each root when it is loaded and leaves out those that can never end a path.
 */
#ifndef ANCHORS_H
#define ANCHORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/x509/x509.h"

enum {
	ANCHORS_HASH = 32, /* SHA-256 */
	ANCHORS_CERT =
		16384, /* bytes of one certificate in the bundle; real roots have 2 KB at most */
	ANCHORS_MOST = 1000,     /* anchors; the largest bundle in use has 150 */
	ANCHORS_FILE = 4 << 20,  /* bytes of a bundle or a list */
	ANCHORS_DISTRUST = 4096, /* fingerprints in the distrust list */
	ANCHORS_ERROR = 512
};

struct anchor {
	unsigned char subject[ANCHORS_HASH];  /* SHA-256 of the Name as dname.h folds it */
	unsigned char key_hash[ANCHORS_HASH]; /* SHA-256 of the SubjectPublicKeyInfo */
	uint32_t key_id;                      /* hash of the subject key identifier; 0: none */
	int64_t not_before, not_after;
	struct x509_key key;
	struct der constraints; /* inside NameConstraints; len 0: none */
	char *bytes;     /* what the slices point into, and first of all its name for people */
	int path_length; /* -1: none */
};

struct anchors;

/* Why a certificate in the bundle can't be an anchor is told to this, once for each: one line of text. */
typedef void anchors_say(void *ctx, const char *line);

/*
 * Loads a bundle, and a distrust list ("" or NULL: none).  `own_ca` (DER; NULL: none) is never an anchor nor
 * on a path.  Returns NULL with a sentence in err when a file can't be read, the list has a line that is
 * no fingerprint, or no anchor is left.  The caller holds the result once.
 */
struct anchors *anchors_load(const char *bundle, const char *distrust, const unsigned char *own_ca,
	size_t own_len, anchors_say *say, void *ctx, char err[ANCHORS_ERROR]);

/* The same, but a bundle with certificates none of which can be used is no error: anchors_count is 0. */
struct anchors *anchors_read(const char *bundle, const char *distrust, const unsigned char *own_ca,
	size_t own_len, anchors_say *say, void *ctx, char err[ANCHORS_ERROR]);

struct anchors *anchors_hold(struct anchors *a);
void anchors_release(struct anchors *a); /* NULL does nothing */

size_t anchors_count(const struct anchors *a);
size_t anchors_bytes(const struct anchors *a); /* of memory, all in all */
const struct anchor *anchors_at(const struct anchors *a, size_t i);

/* The first anchor with that subject (a Name with its header), -1: none.  Its namesakes follow it. */
int anchors_find(const struct anchors *a, const struct der *subject);
bool anchors_same_name(const struct anchors *a, size_t i, size_t j);

/* Is the SHA-256 of this, a certificate or a SubjectPublicKeyInfo, on the list?  1 yes, 2 it is our own CA's. */
int anchors_distrusts(const struct anchors *a, const struct der *d);

/* SHA-256. */
void anchors_hash(unsigned char out[ANCHORS_HASH], const struct der *d);

/* A hash of a few bytes that tells most things apart; never 0 unless len is 0. */
uint32_t anchors_hint(const struct der *d);

#endif
