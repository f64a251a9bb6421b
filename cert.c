/*
 * cert: whom we trust and who we are.  See cert.h.
 *
 * Glue: anchors, chains and their checks, the authority, forging, the store.  What is decided here is what a
 * cached leaf is keyed by, which leaves are remembered where, and when the clock is to be believed.
 */
#include "cert.h"

#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/x509/anchors.h"
#include "lib/x509/authority.h"
#include "lib/x509/chain.h"
#include "lib/x509/forge.h"
#include "lib/base/log.h"
#include "lib/base/pool.h"
#include "lib/x509/store.h"
#include "lib/x509/verify.h"

enum {
	SIGNATURES = 256,        /* remembered: the intermediates in use number a few dozen */
	PAGE_LEAVES = 16 * 1024, /* bytes of RAM for leaves of our own pages: about thirty */
	PROFILE = 1, /* of leaves; grows when they change, so that no old one is served */
	BATCH_MS = 10 * 60 * 1000,
	CLOCK_MS = 1000,     /* between two looks at a clock that is not trusted */
	DAY_BYTES = 1 << 20, /* of flash */

	/* a leaf in the store: the CA's fingerprint, cut; the start of its epoch; the certificate */
	LEAF_CA = 8,
	LEAF_START = 8,
	LEAF_HEAD = LEAF_CA + LEAF_START
};

/* A CA and those that it replaced: a handshake may still sign with the leaf key of an old one, so they stay,
 * 6 KB each, until the end. */
struct signer {
	struct authority authority; /* first, and never moved: it points into itself */
	struct signer *replaced;
};

struct cert {
	struct anchors *anchors;
	struct chain_signatures *signatures;
	struct pool chains;
	struct signer *ca;
	struct authority untrusted;
	struct store *leaves; /* by the CA, after origins; on flash too */
	struct store *pages;  /* for our own pages; in RAM only */
	struct tickets *sessions;
	struct origins *origins;
	uint32_t generation;
	struct cert_counters counters;
	char clock_stamp[CONFIG_PATH], cache[CONFIG_PATH];
	int64_t clock_at; /* when the clock is looked at again, to tell of it: ms */
	bool clock_told;  /* that it is not trusted */
	unsigned cache_kib;
};

static int
refuse(char err[CERT_ERROR], const char *why)
{
	snprintf(err, CERT_ERROR, "%s", why);
	return -1;
}

/* --- time --- */

/* The day this file was compiled: no honest clock is behind it.  The compiler takes SOURCE_DATE_EPOCH for
 * __DATE__, "Nov 22 2026", where builds are to be reproducible. */
static int64_t
build_time(void)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec", date[] = __DATE__;
	static const short before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	char name[4] = { date[0], date[1], date[2] };
	int month = (int)(strstr(months, name) - months) / 3;
	int day = (date[4] == ' ' ? 0 : date[4] - '0') * 10 + date[5] - '0', year = 0, i;

	for (i = 7; i < 11; i++)
		year = year * 10 + date[i] - '0';
	/* Right from 1970 to 2099. */
	day += 365 * (year - 1970) + (year - 1969) / 4 + before[month] - 1;
	day += year % 4 == 0 && month > 1;
	return day * (int64_t)86400;
}

/* The time, or the build's if the clock is behind that. */
static int64_t
at_least_build(int64_t now)
{
	return now > build_time() ? now : build_time();
}

bool
cert_clock_is_trusted(const struct cert *ct, int64_t now)
{
	return now > build_time() &&
	       (ct->clock_stamp[0] == '\0' || access(ct->clock_stamp, F_OK) == 0);
}

void
cert_watch_clock(struct cert *ct, int64_t now_ms, int64_t now)
{
	if (now_ms < ct->clock_at)
		return;
	ct->clock_at = now_ms + CLOCK_MS;
	if (cert_clock_is_trusted(ct, now) != ct->clock_told)
		return;
	ct->clock_told = !ct->clock_told;
	if (!ct->clock_told)
		log_line(LOG_LEVEL_NOTICE, "the clock is set: certificates are judged now");
	else if (now <= build_time())
		log_line(LOG_LEVEL_WARN, "the clock is behind the day on which this program was "
					 "made: until it is set no "
					 "certificate is judged, and CONNECT gets a 503");
	else
		log_line(LOG_LEVEL_WARN,
			"clock_stamp: %s is not there yet: until the clock is set no certificate "
			"is "
			"judged, and CONNECT gets a 503",
			ct->clock_stamp);
}

/* --- chains --- */

struct chain *
cert_chain_get(struct cert *ct)
{
	struct chain *chain = pool_get(&ct->chains);

	if (chain != NULL)
		chain_init(chain);
	return chain;
}

void
cert_chain_put(struct cert *ct, struct chain *chain)
{
	if (chain == NULL)
		return;
	chain_check_reset(chain);
	pool_put(&ct->chains, chain, chain_extent(chain));
}

void
cert_check_start(struct cert *ct, struct chain *chain, const char *host, int64_t now)
{
	chain_check_start(chain, ct->anchors, ct->signatures, host, now);
}

/* --- leaves --- */

static void
write64(unsigned char out[8], int64_t v)
{
	int i;

	for (i = 7; i >= 0; i--, v >>= 8)
		out[i] = (unsigned char)v;
}

static int64_t
read64(const unsigned char p[8])
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

/* The identity of a leaf: the same subject, CA, profile and epoch give the same key, and the same leaf. */
struct leaf_id {
	unsigned char key[br_sha256_SIZE];
	int64_t start;
};

static struct leaf_id
identify_hash(const struct authority *ca, const unsigned char hash[br_sha256_SIZE], int64_t now)
{
	unsigned char start[LEAF_START], profile = PROFILE;
	struct leaf_id id;
	br_sha256_context ctx;

	id.start = forge_epoch(hash, now);
	write64(start, id.start);
	br_sha256_init(&ctx);
	br_sha256_update(&ctx, &profile, 1);
	br_sha256_update(&ctx, ca->hash, sizeof ca->hash);
	br_sha256_update(&ctx, hash, br_sha256_SIZE);
	br_sha256_update(&ctx, start, sizeof start);
	br_sha256_out(&ctx, id.key);
	return id;
}

static struct leaf_id
identify(const struct authority *ca, const void *subject, size_t len, int64_t now)
{
	unsigned char hash[br_sha256_SIZE];

	anchors_hash(hash, &(struct der){ .p = subject, .len = len });
	return identify_hash(ca, hash, now);
}

static size_t
recall(struct cert *ct, struct store *store, const struct leaf_id *id, unsigned char *out,
	size_t cap)
{
	size_t len;
	const unsigned char *data = store_get(store, id->key, &len);

	if (data == NULL || len <= LEAF_HEAD || len - LEAF_HEAD > cap)
		return 0;
	memcpy(out, data + LEAF_HEAD, len - LEAF_HEAD);
	ct->counters.from_cache++;
	return len - LEAF_HEAD;
}

static void
remember(const struct authority *ca, struct store *store, const struct leaf_id *id,
	const unsigned char *leaf, size_t len)
{
	unsigned char data[LEAF_HEAD + CERT_LEAF_MAX];

	memcpy(data, ca->hash, LEAF_CA);
	write64(data + LEAF_CA, id->start);
	memcpy(data + LEAF_HEAD, leaf, len);
	store_put(store, id->key, data, LEAF_HEAD + len);
}

/* The store's question at start: a leaf of another CA or of a past epoch is never asked for again.  While the
 * clock is behind nothing counts as past. */
struct present {
	const struct authority *ca;
	int64_t now;
};

static bool
is_current(const void *arg, const unsigned char *data, size_t len)
{
	const struct present *at = arg;

	return len > LEAF_HEAD && len <= LEAF_HEAD + CERT_LEAF_MAX &&
	       memcmp(data, at->ca->hash, LEAF_CA) == 0 &&
	       read64(data + LEAF_CA) > at_least_build(at->now) - FORGE_EPOCH;
}

size_t
cert_leaf(struct cert *ct, const unsigned char *origin, size_t origin_len, enum cert_signer signer,
	int64_t now, unsigned char *out, size_t cap, char err[CERT_ERROR])
{
	struct authority *ca = signer == CERT_CA ? &ct->ca->authority : &ct->untrusted;
	struct leaf_id id = identify(ca, origin, origin_len, now);
	struct x509 cert;
	size_t len = signer == CERT_CA ? recall(ct, ct->leaves, &id, out, cap) : 0;

	if (len > 0)
		return len;
	if (x509_parse(&cert, origin, origin_len) != 0) {
		refuse(err, "The origin's certificate can't be read.");
		return 0;
	}
	len = forge_copy(ca, &ct->ca->authority.leaf_public, &cert, id.start, now, out, cap, err);
	if (len == 0)
		return 0;
	ct->counters.forged++;
	if (signer == CERT_CA)
		remember(ca, ct->leaves, &id, out, len);
	return len;
}

size_t
cert_leaf_again(struct cert *ct, const unsigned char origin_hash[ORIGINS_HASH], int64_t now,
	unsigned char *out, size_t cap)
{
	struct leaf_id id = identify_hash(&ct->ca->authority, origin_hash, now);

	return recall(ct, ct->leaves, &id, out, cap);
}

size_t
cert_page_leaf(struct cert *ct, const char *host, int64_t now, unsigned char *out, size_t cap,
	char err[CERT_ERROR])
{
	const struct authority *ca = &ct->ca->authority;
	struct leaf_id id = identify(ca, host, strlen(host), now);
	size_t len = recall(ct, ct->pages, &id, out, cap);

	if (len > 0)
		return len;
	len = forge_host(ca, &ca->leaf_public, host, id.start, now, out, cap, err);
	if (len == 0)
		return 0;
	ct->counters.forged++;
	remember(ca, ct->pages, &id, out, len);
	return len;
}

const unsigned char *
cert_leaf_key(const struct cert *ct)
{
	return ct->ca->authority.leaf_scalar;
}

const unsigned char *
cert_ca_der(const struct cert *ct, size_t *len)
{
	*len = ct->ca->authority.der_len;
	return ct->ca->authority.der;
}

struct tickets *
cert_sessions(struct cert *ct)
{
	return ct->sessions;
}

struct origins *
cert_origins(struct cert *ct)
{
	return ct->origins;
}

uint32_t
cert_generation(const struct cert *ct)
{
	return ct->generation;
}

/* --- the flash store --- */

static void
say_complaint(struct cert *ct)
{
	const char *text = store_complaint(ct->leaves);

	if (text != NULL)
		log_line(LOG_LEVEL_WARN, "%s: %s", ct->cache, text);
}

void
cert_want(struct cert *ct, struct wait *w)
{
	wait_until(w, store_want(ct->leaves));
	if (ct->clock_told)
		wait_until(w, ct->clock_at);
}

void
cert_tick(struct cert *ct, int64_t now_ms)
{
	store_tick(ct->leaves, now_ms);
	say_complaint(ct);
}

void
cert_count(const struct cert *ct, struct cert_counters *out)
{
	struct store_counters s;

	store_count(ct->leaves, &s);
	*out = ct->counters;
	out->flash_bytes = s.flash;
	out->flash_bytes_today = s.flash_today;
}

/* A cache that fails costs time and nothing else: it is no reason not to start. */
static int
open_leaves(struct cert *ct, const struct config *c, int64_t now)
{
	static const struct store_limits limits = { BATCH_MS, DAY_BYTES };
	const struct present at = { &ct->ca->authority, now };
	unsigned char secret[STORE_SECRET];
	char why[STORE_ERROR];

	authority_derive(&ct->ca->authority, "sluice leaf cache", secret);
	ct->leaves = store_new((size_t)c->cache_kib * 1024, secret, &limits);
	ct->pages = store_new(PAGE_LEAVES, secret, &limits);
	pool_wipe(secret, sizeof secret);
	if (ct->leaves == NULL || ct->pages == NULL)
		return -1;
	if (store_attach(ct->leaves, ct->cache, is_current, &at, why) != 0)
		log_line(LOG_LEVEL_WARN, "%s", why);
	return 0;
}

/* --- opening and reloading --- */

static void
say_anchor(void *ctx, const char *line)
{
	(void)ctx;
	log_line(LOG_LEVEL_WARN, "%s", line);
}

/* A sentence that begins with one of our files gets file:line of the option that names that. */
static int
locate(const struct config *c, char err[CERT_ERROR])
{
	const struct {
		const char *option, *path;
	} files[] = { { "ca_bundle", c->ca_bundle }, { "distrust", c->distrust },
		{ "ca_key", c->ca_key }, { "ca_cert", c->ca_cert } };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		size_t len = strlen(files[i].path);

		if (len > 0 && strncmp(err, files[i].path, len) == 0 && err[len] == ':')
			return config_refuse(c, files[i].option, err, "%s", err);
	}
	return -1;
}

static struct anchors *
load_anchors(const struct config *c, const unsigned char *ca, size_t ca_len, char err[CERT_ERROR])
{
	struct anchors *a = anchors_load(
		c->ca_bundle, c->distrust, ca, ca_len, say_anchor, NULL, err);

	if (a == NULL)
		locate(c, err);
	return a;
}

static struct signer *
load_signer(const struct config *c, int64_t now, char err[CERT_ERROR])
{
	struct signer *s = malloc(sizeof *s);

	if (s == NULL) {
		refuse(err, "no memory for the CA");
		return NULL;
	}
	s->replaced = NULL;
	if (authority_open(&s->authority, c->ca_cert, c->ca_key, at_least_build(now), err) == 0)
		return s;
	locate(c, err);
	free(s);
	return NULL;
}

static int
open_parts(struct cert *ct, const struct config *c, size_t chains, size_t sessions, int64_t now,
	char err[CERT_ERROR])
{
	ct->ca = load_signer(c, now, err);
	if (ct->ca == NULL ||
		authority_make_untrusted(&ct->untrusted, at_least_build(now), err) != 0)
		return -1;
	ct->anchors = load_anchors(c, ct->ca->authority.der, ct->ca->authority.der_len, err);
	if (ct->anchors == NULL)
		return -1;
	ct->signatures = chain_signatures_new(SIGNATURES);
	ct->sessions = tickets_new(sessions);
	ct->origins = origins_new(sessions);
	if (ct->signatures == NULL || ct->sessions == NULL || ct->origins == NULL ||
		pool_init(&ct->chains, sizeof(struct chain), chains) != 0 ||
		open_leaves(ct, c, now) != 0)
		return refuse(err, "no memory for certificates");
	return 0;
}

struct cert *
cert_open(const struct config *c, size_t chains, size_t sessions, int64_t now, char err[CERT_ERROR])
{
	struct cert *ct = calloc(1, sizeof *ct);

	if (ct == NULL) {
		refuse(err, "no memory for certificates");
		return NULL;
	}
	ct->generation = 1;
	ct->cache_kib = c->cache_kib;
	memcpy(ct->cache, c->cache, sizeof ct->cache);
	memcpy(ct->clock_stamp, c->clock_stamp, sizeof ct->clock_stamp);
	if (open_parts(ct, c, chains, sessions, now, err) == 0)
		return ct;
	cert_close(ct);
	return NULL;
}

int
cert_check(const struct config *c, int64_t now, char err[CERT_ERROR])
{
	struct authority ca;
	struct anchors *anchors;

	if (authority_check(&ca, c->ca_cert, c->ca_key, at_least_build(now), err) != 0)
		return locate(c, err);
	anchors = load_anchors(c, ca.der_len > 0 ? ca.der : NULL, ca.der_len, err);
	authority_reset(&ca);
	if (anchors == NULL)
		return -1;
	anchors_release(anchors);
	return 0;
}

static void
free_signer(struct signer *s)
{
	authority_reset(&s->authority);
	free(s);
}

/* Puts a new CA in the place of the present one. */
static void
replace_ca(struct cert *ct, struct signer *fresh)
{
	unsigned char secret[STORE_SECRET];

	fresh->replaced = ct->ca;
	ct->ca = fresh;
	authority_derive(&fresh->authority, "sluice leaf cache", secret);
	store_rekey(ct->leaves, secret);
	store_rekey(ct->pages, secret);
	pool_wipe(secret, sizeof secret);
	log_line(LOG_LEVEL_WARN, "the CA was replaced: clients need the new certificate");
}

/*
 * Reads the CA again.  *fresh: the one that is in the files now, NULL if it is the one in use or can't be read
 * with the privileges that are left.  Returns 0 or -1.
 */
static int
reload_signer(struct cert *ct, const struct config *c, int64_t now, struct signer **fresh,
	char err[CERT_ERROR])
{
	*fresh = NULL;
	/* Also a CA that is gone: at SIGHUP none is made. */
	if (access(c->ca_key, R_OK) != 0 || access(c->ca_cert, R_OK) != 0) {
		log_line(LOG_LEVEL_INFO, "the CA's files can't be read now: it stays as it is");
		return 0;
	}
	*fresh = load_signer(c, now, err);
	if (*fresh == NULL)
		return -1;
	if (memcmp((*fresh)->authority.hash, ct->ca->authority.hash, AUTHORITY_HASH) == 0) {
		free_signer(*fresh);
		*fresh = NULL;
	}
	return 0;
}

int
cert_reload(struct cert *ct, const struct config *c, int64_t now, char err[CERT_ERROR])
{
	struct signer *fresh;
	const struct authority *ca;
	struct anchors *anchors;

	if (reload_signer(ct, c, now, &fresh, err) != 0)
		return -1;
	ca = fresh != NULL ? &fresh->authority : &ct->ca->authority;
	anchors = load_anchors(c, ca->der, ca->der_len, err);
	if (anchors == NULL) {
		if (fresh != NULL)
			free_signer(fresh);
		return -1;
	}
	if (fresh != NULL)
		replace_ca(ct, fresh);
	anchors_release(ct->anchors); /* checks under way hold it */
	ct->anchors = anchors;
	ct->generation++;
	memcpy(ct->clock_stamp, c->clock_stamp, sizeof ct->clock_stamp);
	if (c->cache_kib != ct->cache_kib || strcmp(c->cache, ct->cache) != 0)
		log_line(LOG_LEVEL_INFO,
			"the leaf cache changes its place or size at the next start");
	return 0;
}

void
cert_close(struct cert *ct)
{
	struct signer *s, *next;

	if (ct->leaves != NULL) {
		store_flush(ct->leaves);
		say_complaint(ct);
	}
	store_close(ct->leaves);
	store_close(ct->pages);
	tickets_free(ct->sessions);
	origins_free(ct->origins);
	chain_signatures_free(ct->signatures);
	pool_free(&ct->chains);
	anchors_release(ct->anchors);
	authority_reset(&ct->untrusted);
	for (s = ct->ca; s != NULL; s = next) {
		next = s->replaced;
		free_signer(s);
	}
	free(ct);
}

/* --- commands --- */

int
cert_print_ca(const struct config *c, int64_t now)
{
	char err[CERT_ERROR], text[2 * AUTHORITY_CERT];
	struct signer *s = load_signer(c, now, err);
	size_t i;

	if (s == NULL) {
		fprintf(stderr, "sluice: %s\n", err);
		return 1;
	}
	br_pem_encode(text, s->authority.der, s->authority.der_len, "CERTIFICATE", BR_PEM_LINE64);
	fputs(text, stdout);
	fputs("SHA-256 ", stderr);
	for (i = 0; i < sizeof s->authority.hash; i++)
		fprintf(stderr, "%s%02X", i > 0 ? ":" : "", s->authority.hash[i]);
	fputc('\n', stderr);
	free_signer(s);
	return fflush(stdout) == 0 ? 0 : 1;
}

int
cert_verify(const char *trusted, const char *chain, const char *name, const char *time)
{
	return verify_command(trusted, chain, name, time);
}
