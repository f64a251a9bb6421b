/*
 * anchors: whom we trust, and whom never.  See anchors.h.
 */
#include "lib/x509/anchors.h"

#include <bearssl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/base/ascii.h"
#include "lib/x509/dname.h"
#include "lib/x509/pem.h"

enum {
	NAME_TEXT = 64, /* bytes of a root's name kept for sentences */
	CHUNK = 4096,   /* bytes of a file read at once */
	LIST_LINE = 256 /* bytes of a line in the distrust list */
};

/* anchors[0..count) are sorted by subject, hashes[0..distrusted) by value. */
struct anchors {
	struct anchor *anchors;
	unsigned char (*hashes)[ANCHORS_HASH];
	unsigned char own[2][ANCHORS_HASH]; /* of our CA's certificate and of its key */
	size_t count, room, bytes, seen, distrusted, references;
	bool has_own;
};

void
anchors_hash(unsigned char out[ANCHORS_HASH], const struct der *d)
{
	br_sha256_context h;

	br_sha256_init(&h);
	br_sha256_update(&h, d->p, d->len);
	br_sha256_out(&h, out);
}

uint32_t
anchors_hint(const struct der *d)
{
	uint32_t h =
		2166136261u; /* FNV-1a: a collision costs a comparison or a wrong guess, no more */
	size_t i;

	if (d->len == 0)
		return 0;
	for (i = 0; i < d->len; i++)
		h = (h ^ d->p[i]) * 16777619u;
	return h | 1;
}

/* Of a Name's folded form: names that are the same have the same hash. */
static void
hash_name(unsigned char out[ANCHORS_HASH], const struct der *name)
{
	unsigned char piece[64]; /* what SHA-256 takes at once */
	br_sha256_context h;
	struct dname d;
	size_t len = 0;
	int c;

	br_sha256_init(&h);
	dname_start(&d, name);
	while ((c = dname_next(&d)) >= 0) {
		piece[len++] = (unsigned char)c;
		if (len == sizeof piece) {
			br_sha256_update(&h, piece, len);
			len = 0;
		}
	}
	br_sha256_update(&h, piece, len);
	br_sha256_out(&h, out);
}

/* --- the distrust list --- */

/* 64 hexadecimal digits, colons between bytes or not; then a blank or the end.  1, 0: no text, -1. */
static int
parse_fingerprint(const char *line, unsigned char out[ANCHORS_HASH])
{
	size_t i;
	int high, low;

	line += strspn(line, " \t");
	if (line[0] == '#' || line[strspn(line, " \t\r\n")] == '\0')
		return 0;
	for (i = 0; i < ANCHORS_HASH; i++) {
		if (i > 0 && *line == ':')
			line++;
		high = ascii_hex(line[0]);
		low = high < 0 ? -1 : ascii_hex(line[1]);
		if (low < 0)
			return -1;
		out[i] = (unsigned char)(high << 4 | low);
		line += 2;
	}
	return strchr(" \t\r\n#", *line) != NULL ? 1 : -1;
}

static int
compare_hashes(const void *a, const void *b)
{
	return memcmp(a, b, ANCHORS_HASH);
}

static int
read_distrust(struct anchors *a, FILE *f, const char *path, char err[ANCHORS_ERROR])
{
	char line[LIST_LINE];
	unsigned char hash[ANCHORS_HASH], (*grown)[ANCHORS_HASH];
	unsigned number = 0;
	int got;

	while (fgets(line, sizeof line, f)) {
		number++;
		got = strlen(line) == sizeof line - 1 ? -1 : parse_fingerprint(line, hash);
		if (got < 0 || (got == 1 && a->distrusted == ANCHORS_DISTRUST)) {
			snprintf(err, ANCHORS_ERROR, "%s:%u: %s", path, number,
				got < 0 ? "not a SHA-256 fingerprint (64 hexadecimal digits)"
					: "too many fingerprints");
			return -1;
		}
		if (got == 0)
			continue;
		if (a->distrusted % 64 == 0) {
			grown = realloc(a->hashes, (a->distrusted + 64) * sizeof *grown);
			if (!grown) {
				snprintf(err, ANCHORS_ERROR, "%s: out of memory", path);
				return -1;
			}
			a->hashes = grown;
		}
		memcpy(a->hashes[a->distrusted++], hash, ANCHORS_HASH);
	}
	if (a->distrusted > 0)
		qsort(a->hashes, a->distrusted, ANCHORS_HASH, compare_hashes);
	return 0;
}

static int
load_distrust(struct anchors *a, const char *path, char err[ANCHORS_ERROR])
{
	FILE *f = fopen(path, "re");
	int result = -1;

	if (f) {
		result = read_distrust(a, f, path, err);
		if (result == 0 && ferror(f))
			result = -2;
		fclose(f);
	}
	if (!f || result == -2) {
		snprintf(err, ANCHORS_ERROR, "%s: %s", path, strerror(errno));
		return -1;
	}
	return result;
}

int
anchors_distrusts(const struct anchors *a, const struct der *d)
{
	unsigned char hash[ANCHORS_HASH];

	if (!a->has_own && a->distrusted == 0)
		return 0; /* spares the hash */
	anchors_hash(hash, d);
	if (a->has_own && (memcmp(hash, a->own[0], ANCHORS_HASH) == 0 ||
				  memcmp(hash, a->own[1], ANCHORS_HASH) == 0))
		return 2;
	return a->distrusted > 0 &&
	       bsearch(hash, a->hashes, a->distrusted, ANCHORS_HASH, compare_hashes) != NULL;
}

/* --- the bundle --- */

/*
 * Why this certificate can never end a path, whatever the time; NULL if it can.  What only the path's other
 * certificates must satisfy (serial numbers) is not asked of a root: real ones have serial 0.
 */
static const char *
find_fault(const struct anchors *a, const struct x509 *c)
{
	int key = anchors_distrusts(a, &c->spki), whole = anchors_distrusts(a, &c->whole);

	if (key == 2 || whole == 2)
		return "it is this router's own CA";
	if (key == 1 || whole == 1)
		return "it is on the distrust list";
	if (c->version != 3 || !c->is_ca)
		return "it is not a CA certificate";
	if (c->has_key_usage && !(c->key_usage & X509_KEY_CERT_SIGN))
		return "its key usage forbids signing certificates";
	if (c->has_usages && !c->allows_server)
		return "its extended key usage leaves out TLS servers";
	if (c->has_unknown_critical)
		return "it has a critical extension that is not known";
	if (c->algorithms_differ)
		return "its two signature algorithms differ";
	if (!x509_key_is_sound(&c->key))
		return "its key is weak or of a kind that is not supported";
	return NULL;
}

/* Copies a slice to *to and makes it point there. */
static void
move_slice(struct der *d, char **to)
{
	if (d->len > 0)
		memcpy(*to, d->p, d->len);
	d->p = (const unsigned char *)*to;
	*to += d->len;
}

static int
add_anchor(struct anchors *a, const struct x509 *c, const char *name)
{
	struct anchor *grown, *n;
	size_t need = strlen(name) + 1 + c->key.n.len + c->key.e.len + c->constraints.len;
	char *to;

	if (a->count == a->room) {
		grown = realloc(a->anchors, (a->room + 32) * sizeof *grown);
		if (!grown)
			return -1;
		a->anchors = grown;
		a->room += 32;
	}
	to = malloc(need);
	if (!to)
		return -1;
	n = &a->anchors[a->count++];
	memset(n, 0, sizeof *n);
	hash_name(n->subject, &c->subject);
	anchors_hash(n->key_hash, &c->spki);
	n->key_id = anchors_hint(&c->key_id);
	n->not_before = c->not_before;
	n->not_after = c->not_after;
	n->key = c->key;
	n->constraints = c->constraints;
	n->path_length = c->path_length;
	n->bytes = to;
	memcpy(to, name, strlen(name) + 1);
	to += strlen(name) + 1;
	move_slice(&n->key.n, &to);
	move_slice(&n->key.e, &to);
	move_slice(&n->constraints, &to);
	a->bytes += need;
	return 0;
}

/* Carried along while a bundle is read. */
struct loading {
	struct anchors *a;
	const char *path;
	anchors_say *say;
	void *ctx;
};

static void
tell(const struct loading *l, unsigned line, const char *name, const char *fault)
{
	char text[ANCHORS_ERROR];

	if (!l->say)
		return;
	snprintf(text, sizeof text, "%s: the root%s%s that ends before line %u is not used: %s",
		l->path, *name ? " " : "", name, line, fault);
	l->say(l->ctx, text);
}

/* One object of the bundle.  -1: out of memory or of room. */
static int
take_object(const struct loading *l, const struct pem *p, bool good)
{
	struct x509 c;
	const char *fault;
	char name[NAME_TEXT];

	if (good && !pem_is_certificate(p))
		return 0;
	l->a->seen++;
	if (!good || x509_parse(&c, p->out, p->len) != 0) {
		tell(l, p->line, "", "it can't be read");
		return 0;
	}
	x509_name_text(&c.subject, name, sizeof name);
	fault = find_fault(l->a, &c);
	if (fault) {
		tell(l, p->line, name, fault);
		return 0;
	}
	return l->a->count < ANCHORS_MOST ? add_anchor(l->a, &c, name) : -1;
}

/* NULL, or why not. */
static const char *
read_bundle(const struct loading *l, FILE *f, unsigned char *room)
{
	char chunk[CHUNK];
	struct pem p;
	size_t got, at, used, total = 0;
	int event;

	pem_init(&p, room, ANCHORS_CERT);
	errno = 0;
	while ((got = fread(chunk, 1, sizeof chunk, f)) > 0) {
		total += got;
		if (total > ANCHORS_FILE)
			return "larger than 4 MB, which no CA bundle is";
		for (at = 0; at < got; at += used) {
			event = pem_push(&p, chunk + at, got - at, &used);
			if (event != 0 && take_object(l, &p, event == 1) != 0)
				return "too many roots, or out of memory";
		}
	}
	if (ferror(f))
		return strerror(errno);
	if (total == 0)
		return "the file is empty";
	event = pem_end(&p);
	if (event != 0 && take_object(l, &p, event == 1) != 0)
		return "too many roots, or out of memory";
	return l->a->seen > 0
		       ? NULL
		       : "no certificate in it: PEM is expected, -----BEGIN CERTIFICATE-----";
}

static int
compare_anchors(const void *a, const void *b)
{
	return memcmp(((const struct anchor *)a)->subject, ((const struct anchor *)b)->subject,
		ANCHORS_HASH);
}

static int
load_bundle(const struct loading *l, char err[ANCHORS_ERROR])
{
	FILE *f = fopen(l->path, "re");
	unsigned char *room = malloc(ANCHORS_CERT);
	struct anchors *a = l->a;
	const char *why = NULL;

	if (!f || !room)
		why = strerror(errno);
	else
		why = read_bundle(l, f, room);
	if (!why && a->count > 0)
		qsort(a->anchors, a->count, sizeof a->anchors[0], compare_anchors);
	if (why)
		snprintf(err, ANCHORS_ERROR, "%s: %s", l->path, why);
	free(room);
	if (f)
		fclose(f);
	return why ? -1 : 0;
}

/* Our own CA is known by its certificate and by its key, under whatever name they come. */
static void
set_own_ca(struct anchors *a, const unsigned char *der, size_t len)
{
	struct x509 c;

	if (x509_parse(&c, der, len) != 0)
		return;
	anchors_hash(a->own[0], &c.whole);
	anchors_hash(a->own[1], &c.spki);
	a->has_own = true;
}

struct anchors *
anchors_read(const char *bundle, const char *distrust, const unsigned char *own_ca, size_t own_len,
	anchors_say *say, void *ctx, char err[ANCHORS_ERROR])
{
	struct anchors *a = calloc(1, sizeof *a);
	struct loading l = { a, bundle, say, ctx };
	struct anchor *fitting;

	if (!a) {
		snprintf(err, ANCHORS_ERROR, "out of memory");
		return NULL;
	}
	a->references = 1;
	if (own_ca)
		set_own_ca(a, own_ca, own_len);
	if ((distrust && *distrust && load_distrust(a, distrust, err) != 0) ||
		load_bundle(&l, err) != 0) {
		anchors_release(a);
		return NULL;
	}
	fitting = a->count > 0 ? realloc(a->anchors, a->count * sizeof *fitting) : NULL;
	if (fitting) {
		a->anchors = fitting;
		a->room = a->count;
	}
	return a;
}

struct anchors *
anchors_load(const char *bundle, const char *distrust, const unsigned char *own_ca, size_t own_len,
	anchors_say *say, void *ctx, char err[ANCHORS_ERROR])
{
	struct anchors *a = anchors_read(bundle, distrust, own_ca, own_len, say, ctx, err);

	if (a && a->count == 0) {
		snprintf(err, ANCHORS_ERROR, "%s: no root in it can be used", bundle);
		anchors_release(a);
		return NULL;
	}
	return a;
}

struct anchors *
anchors_hold(struct anchors *a)
{
	a->references++;
	return a;
}

void
anchors_release(struct anchors *a)
{
	size_t i;

	if (!a || --a->references > 0)
		return;
	for (i = 0; i < a->count; i++)
		free(a->anchors[i].bytes);
	free(a->anchors);
	free(a->hashes);
	free(a);
}

size_t
anchors_count(const struct anchors *a)
{
	return a->count;
}

size_t
anchors_bytes(const struct anchors *a)
{
	return sizeof *a + a->room * sizeof a->anchors[0] + a->bytes + a->distrusted * ANCHORS_HASH;
}

const struct anchor *
anchors_at(const struct anchors *a, size_t i)
{
	return &a->anchors[i];
}

int
anchors_find(const struct anchors *a, const struct der *subject)
{
	unsigned char hash[ANCHORS_HASH];
	size_t low = 0, high = a->count, middle;

	hash_name(hash, subject);
	while (low < high) { /* the first that is not below: everything before low is */
		middle = low + (high - low) / 2;
		if (memcmp(a->anchors[middle].subject, hash, ANCHORS_HASH) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->count && memcmp(a->anchors[low].subject, hash, ANCHORS_HASH) == 0 ? (int)low
											  : -1;
}

bool
anchors_same_name(const struct anchors *a, size_t i, size_t j)
{
	return i < a->count && j < a->count &&
	       memcmp(a->anchors[i].subject, a->anchors[j].subject, ANCHORS_HASH) == 0;
}
