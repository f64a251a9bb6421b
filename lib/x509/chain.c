/*
 * chain: collects a server's certificates and judges them.  See chain.h.
 *
 * The check is a depth-first search from the leaf to an anchor by names alone, which costs little; only a path
 * that is complete has its signatures checked, from the anchor down, so that no key is used that nobody
 * vouches for; only a path whose signatures are good has its name constraints walked.  What fails sends the
 * search on to the next path, and the first failure is what the user hears if no path is good.
 */
#include "lib/x509/chain.h"

#include <stdio.h>
#include <string.h>
#include "lib/x509/anchors.h"
#include "lib/x509/signature.h"
#include "lib/x509/x509.h"

enum {
	SERIAL_BYTES = 20,       /* RFC 5280 section 4.1.2.2 */
	STEP_BRANCHES = 64,      /* issuers looked at in one step */
	STEP_COMPARISONS = 4000, /* name comparisons in one step: about 0.2 ms on a desk */
	RSA_LEAST = 1024,        /* bits that a handshake may be done with; see end_chain */
	POLICIES = 16            /* of one certificate that are looked at when one is required */
};

enum phase {
	PHASE_IDLE,   /* no check */
	PHASE_READ,   /* nothing read yet */
	PHASE_SEARCH, /* looking for a path: path[0..depth) is what there is */
	PHASE_SIGN,   /* path[0..depth) and anchor are a path: are its signatures good? */
	PHASE_NAMES,  /* they are: does it keep its name constraints and policies? */
	PHASE_DONE    /* fault is the verdict */
};

static struct der
cert_der(const struct chain *c, int cert)
{
	return (struct der){ c->data + c->offset[cert], c->length[cert] };
}

/* Certificates that are parsed again were parsed before: this can't fail. */
static void
cert_parse(const struct chain *c, int cert, struct x509 *x)
{
	struct der der = cert_der(c, cert);

	(void)x509_parse(x, der.p, der.len);
}

/* --- collecting: the br_x509_class --- */

static struct chain *
from_vtable(const br_x509_class **ctx)
{
	return (struct chain *)(void *)ctx;
}

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct chain *c = from_vtable(ctx);

	(void)server_name; /* ours comes with chain_check_start: the engine knows no addresses */
	chain_check_reset(c);
	chain_init(c);
}

/* Over a bound nothing more is kept: what comes later must not take the leaf's place. */
static void
begin_cert(struct chain *c, uint32_t length, size_t most)
{
	c->skipping = true;
	c->growing = length;
	if (c->collect_error != CHAIN_OK)
		return;
	if (c->count == most) {
		c->collect_error = CHAIN_TOO_MANY;
	} else if (length > CHAIN_BYTES - c->used) {
		c->collect_error = CHAIN_TOO_LARGE;
	} else {
		c->skipping = false;
		c->offset[c->count] = (uint32_t)c->used;
	}
}

static void
start_cert(const br_x509_class **ctx, uint32_t length)
{
	begin_cert(from_vtable(ctx), length, CHAIN_CERTS);
}

static void
append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	struct chain *c = from_vtable(ctx);

	if (len > c->growing)
		len = c->growing;
	c->growing -= (uint32_t)len;
	if (c->skipping)
		return;
	memcpy(c->data + c->used, buf, len);
	c->used += len;
}

static void
end_cert(const br_x509_class **ctx)
{
	struct chain *c = from_vtable(ctx);

	if (c->skipping)
		return;
	c->length[c->count] = (uint32_t)c->used - c->offset[c->count];
	c->count++;
}

/* BearSSL takes no const keys, but writes to none. */
static unsigned char *
in_data(struct chain *c, const struct der *d)
{
	return c->data + (d->p - c->data);
}

/* Hands the leaf's key over if BearSSL can do a handshake with it. */
static bool
take_key(struct chain *c, const struct x509_key *key)
{
	switch (key->kind) {
	case X509_KEY_RSA:
		if (key->bits < RSA_LEAST || key->bits > 4096 || key->e.len == 0)
			return false;
		c->pkey.key.rsa.n = in_data(c, &key->n);
		c->pkey.key.rsa.nlen = key->n.len;
		c->pkey.key.rsa.e = in_data(c, &key->e);
		c->pkey.key.rsa.elen = key->e.len;
		c->pkey.key_type = BR_KEYTYPE_RSA;
		return true;
	case X509_KEY_P256: c->pkey.key.ec.curve = BR_EC_secp256r1; break;
	case X509_KEY_P384: c->pkey.key.ec.curve = BR_EC_secp384r1; break;
	case X509_KEY_P521: c->pkey.key.ec.curve = BR_EC_secp521r1; break;
	default: return false;
	}
	c->pkey.key.ec.q = in_data(c, &key->n);
	c->pkey.key.ec.qlen = key->n.len;
	c->pkey.key_type = BR_KEYTYPE_EC;
	return true;
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	struct chain *c = from_vtable(ctx);
	struct der leaf;
	struct x509 x;

	if (c->count == 0) {
		c->fault.error = c->collect_error == CHAIN_OK ? CHAIN_EMPTY : CHAIN_TOO_LARGE;
		return c->collect_error == CHAIN_OK ? BR_ERR_X509_EMPTY_CHAIN
						    : BR_ERR_X509_LIMIT_EXCEEDED;
	}
	leaf = cert_der(c, 0);
	if (x509_parse(&x, leaf.p, leaf.len) != 0) {
		c->fault.error = CHAIN_MALFORMED;
		return BR_ERR_X509_INVALID_VALUE;
	}
	if (!take_key(c, &x.key)) {
		c->fault.error = CHAIN_UNSUPPORTED_KEY;
		return BR_ERR_X509_UNSUPPORTED;
	}
	return 0;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct chain *c = (const struct chain *)(const void *)ctx;

	if (usages)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return c->pkey.key_type != 0 ? &c->pkey : NULL;
}

static const br_x509_class chain_class = { sizeof(struct chain), start_chain, start_cert, append,
	end_cert, end_chain, get_pkey };

void
chain_init(struct chain *c)
{
	memset(c, 0, offsetof(struct chain, data));
	c->vtable = &chain_class;
	c->fault.error = CHAIN_PENDING;
}

const unsigned char *
chain_leaf(const struct chain *c, size_t *len)
{
	*len = c->count > 0 ? c->length[0] : 0;
	return c->count > 0 ? c->data : NULL;
}

size_t
chain_extent(const struct chain *c)
{
	return offsetof(struct chain, data) + c->used;
}

int
chain_add(struct chain *c, const unsigned char *der, size_t len)
{
	begin_cert(c, len <= UINT32_MAX ? (uint32_t)len : UINT32_MAX, CHAIN_ADDED);
	append(&c->vtable, der, len);
	end_cert(&c->vtable);
	return c->skipping ? -1 : 0;
}

/* --- one certificate by itself --- */

/* Is it, or its key, on the distrust list, or our own CA's? */
static enum chain_error
judge_trust(const struct chain *c, const struct x509 *x)
{
	int whole = anchors_distrusts(c->anchors, &x->whole);
	int key = anchors_distrusts(c->anchors, &x->spki);

	if (whole == 2 || key == 2)
		return CHAIN_OWN_CA;
	return whole == 1 || key == 1 ? CHAIN_DISTRUSTED : CHAIN_OK;
}

/* What RFC 5280 demands of any certificate and real ones keep to.  NULL: it does. */
static const char *
find_breach(const struct x509 *x)
{
	bool padded = x->serial.p[0] == 0;

	if (x->version != 3)
		return "it is not of version 3";
	if (x->serial.p[0] >= 0x80 || (padded && x->serial.len == 1) ||
		x->serial.len - padded > SERIAL_BYTES)
		return "its serial number is not a positive number of at most 20 bytes";
	if (x->issuer.len <= 2)
		return "it does not say who issued it";
	if (x->algorithms_differ)
		return "it names two different signature algorithms";
	if (!x->is_ca && x->has_key_usage && (x->key_usage & X509_KEY_CERT_SIGN))
		return "it claims to sign certificates, but is not a CA's";
	if (!x->is_ca && x->constraints.len > 0)
		return "it has name constraints, but is not a CA's";
	return NULL;
}

/* What holds for every certificate of a path except the anchor. */
static enum chain_error
judge_any(const struct chain *c, const struct x509 *x, const char **detail)
{
	*detail = find_breach(x);
	if (*detail)
		return CHAIN_NOT_PROFILE;
	if (x->has_unknown_critical)
		return CHAIN_UNKNOWN_EXTENSION;
	if (c->now < x->not_before)
		return CHAIN_NOT_YET_VALID;
	if (c->now > x->not_after)
		return CHAIN_EXPIRED;
	if (x->algorithm == X509_ALGORITHM_WEAK)
		return CHAIN_WEAK_SIGNATURE;
	if (x->algorithm == X509_ALGORITHM_UNKNOWN)
		return CHAIN_UNSUPPORTED_SIGNATURE;
	if (x->key.kind == X509_KEY_OTHER || (x->key.kind == X509_KEY_RSA && x->key.bits > 4096))
		return CHAIN_UNSUPPORTED_KEY;
	if (!x509_key_is_sound(&x->key))
		return CHAIN_WEAK_KEY;
	return judge_trust(c, x);
}

/*
 * ECDHE servers sign (RFC 8422 section 2.2).  A CA's certificate may serve too (RFC 5280 section 4.2.1.9:
 * the last certificate of a path "can be a CA certificate"), whose key usage speaks of certificates: who has
 * its key could issue a proper one as well.
 */
static enum chain_error
judge_leaf(const struct chain *c, const struct x509 *x, const char **detail)
{
	enum chain_error e = judge_any(c, x, detail);
	bool signs = !x->has_key_usage || (x->key_usage & X509_DIGITAL_SIGNATURE) ||
		     (x->is_ca && (x->key_usage & X509_KEY_CERT_SIGN));

	if (e != CHAIN_OK)
		return e;
	if (!signs)
		return CHAIN_KEY_USAGE;
	if (x->has_usages && !x->allows_server)
		return CHAIN_EXTENDED_KEY_USAGE;
	if (!c->host[0])
		return CHAIN_OK;
	if (x->names.len == 0)
		return CHAIN_NO_NAME;
	return names_match_host(&x->names, c->host) ? CHAIN_OK : CHAIN_WRONG_NAME;
}

static enum chain_error
judge_ca(const struct chain *c, const struct x509 *x, const char **detail)
{
	enum chain_error e = x->is_ca ? judge_any(c, x, detail) : CHAIN_NOT_A_CA;

	if (e != CHAIN_OK)
		return e;
	if (x->has_key_usage && !(x->key_usage & X509_KEY_CERT_SIGN))
		return CHAIN_KEY_USAGE;
	return x->has_usages && !x->allows_server ? CHAIN_EXTENDED_KEY_USAGE : CHAIN_OK;
}

/* --- faults --- */

static struct chain_fault
fault_of_cert(const struct chain *c, enum chain_error e, int cert, const char *detail)
{
	struct chain_fault f = { (uint8_t)e, (int16_t)cert, 0, detail };
	struct x509 x;

	if (e == CHAIN_EXPIRED || e == CHAIN_NOT_YET_VALID) {
		cert_parse(c, cert, &x);
		f.time = e == CHAIN_EXPIRED ? x.not_after : x.not_before;
	}
	return f;
}

/* Keeps the first thing that stood in a path's way. */
static void
note(struct chain *c, struct chain_fault f)
{
	if (c->found.error == CHAIN_OK)
		c->found = f;
}

static void
note_issuer(struct chain *c, int cert)
{
	const char *detail = NULL;
	enum chain_error e;
	struct x509 x;

	if (c->found.error != CHAIN_OK)
		return;
	cert_parse(c, cert, &x);
	e = judge_ca(c, &x, &detail);
	note(c, fault_of_cert(c, e, cert, detail));
}

/* The end.  The anchors go back, so the name of the one to be blamed is copied now. */
static void
finish(struct chain *c, struct chain_fault f)
{
	if (f.cert < 0)
		snprintf(c->root, sizeof c->root, "%s",
			anchors_at(c->anchors, (size_t)(-1 - f.cert))->bytes);
	c->fault = f;
	anchors_release(c->anchors);
	c->anchors = NULL;
	c->phase = PHASE_DONE;
}

static void
finish_leaf(struct chain *c, enum chain_error e)
{
	finish(c, fault_of_cert(c, e, 0, NULL));
}

/* --- reading what was sent --- */

static void
fill_link(struct chain *c, int cert, const struct x509 *x)
{
	struct chain_link *l = &c->links[cert];

	l->subject = anchors_hint(&x->subject);
	l->issuer = anchors_hint(&x->issuer);
	l->key = anchors_hint(&x->spki);
	l->key_id = anchors_hint(&x->key_id);
	l->issuer_key_id = anchors_hint(&x->issuer_key_id);
	l->subject_off = (uint16_t)(x->subject.p - x->whole.p);
	l->issuer_off = (uint16_t)(x->issuer.p - x->whole.p);
	l->subject_len = (uint16_t)x->subject.len;
	l->issuer_len = (uint16_t)x->issuer.len;
	l->anchor = (int16_t)anchors_find(c->anchors, &x->issuer);
	l->path_length = (int16_t)x->path_length;
	l->self_issued = der_same(&x->subject, &x->issuer);
}

static struct der
link_subject(const struct chain *c, int cert)
{
	const struct chain_link *l = &c->links[cert];

	return (struct der){ c->data + c->offset[cert] + l->subject_off, l->subject_len };
}

static struct der
link_issuer(const struct chain *c, int cert)
{
	const struct chain_link *l = &c->links[cert];

	return (struct der){ c->data + c->offset[cert] + l->issuer_off, l->issuer_len };
}

/* Does `issuer` bear the name that `cert` gives for its issuer? */
static bool
names_issuer(const struct chain *c, int cert, int issuer)
{
	struct der want, have;

	if (c->links[cert].issuer != c->links[issuer].subject)
		return false;
	want = link_issuer(c, cert);
	have = link_subject(c, issuer);
	return der_same(&want, &have);
}

/* Breadth first from the anchors: how near is each certificate?  What leads nowhere or is too far is never
 * followed, so that a tangle of certificates costs nothing. */
static void
measure_hops(struct chain *c)
{
	int count = (int)c->count, round, i, j;
	bool more = true;

	for (i = 0; i < count; i++)
		c->links[i].hops = c->links[i].anchor >= 0 ? 2 : 0;
	for (round = 2; more; round++) {
		more = false;
		for (i = 0; i < count; i++)
			for (j = 1; j < count && c->links[i].hops == 0; j++)
				if (c->links[j].hops == round && names_issuer(c, i, j)) {
					c->links[i].hops = (uint8_t)(round + 1);
					more = true;
				}
	}
}

static bool
is_repeated(const struct chain *c, int cert)
{
	struct der one = cert_der(c, cert), other;
	int i;

	for (i = 0; i < cert; i++) {
		other = cert_der(c, i);
		if (der_same(&one, &other))
			return true;
	}
	return false;
}

/* What can't be read among the issuers is a stray: names nobody, is named by nobody. */
static void
read_issuers(struct chain *c)
{
	struct x509 x;
	struct der der;
	const char *detail;
	int i;

	for (i = 1; i < (int)c->count; i++) {
		der = cert_der(c, i);
		c->links[i].anchor = -1;
		if (is_repeated(c, i))
			continue;
		if (x509_parse(&x, der.p, der.len) != 0) {
			c->unreadable = (int16_t)i;
			continue;
		}
		fill_link(c, i, &x);
		c->links[i].error = (uint8_t)judge_ca(c, &x, &detail);
	}
}

static void
step_read(struct chain *c)
{
	struct der der;
	struct x509 x;
	const char *detail = NULL;
	enum chain_error e;

	if (c->count == 0) {
		finish_leaf(c, c->collect_error == CHAIN_OK ? CHAIN_EMPTY : CHAIN_TOO_LARGE);
		return;
	}
	if (c->collect_error != CHAIN_OK) {
		finish_leaf(c, c->collect_error);
		return;
	}
	der = cert_der(c, 0);
	if (x509_parse(&x, der.p, der.len) != 0) {
		finish_leaf(c, CHAIN_MALFORMED);
		return;
	}
	e = judge_leaf(c, &x, &detail);
	if (e != CHAIN_OK) {
		finish(c, fault_of_cert(c, e, 0, detail));
		return;
	}
	fill_link(c, 0, &x);
	read_issuers(c);
	measure_hops(c);
	c->depth = 1;
	c->phase = PHASE_SEARCH;
}

/* --- the search --- */

/* 1 found good, 0 found bad, -1 not checked in this verdict. */
static int
recall(const struct chain *c, int cert, int issuer)
{
	int i;

	for (i = 0; i < c->signature_count; i++)
		if (c->memo[i].cert == cert && c->memo[i].issuer == issuer)
			return c->memo[i].good;
	return -1;
}

static bool
fits_path_length(int path_length, int inner)
{
	return path_length < 0 || inner <= path_length;
}

/* Does this anchor end the path?  Its signature on the last certificate is checked later. */
static bool
try_anchor(struct chain *c, const struct chain_node *top, int anchor)
{
	const struct anchor *a = anchors_at(c->anchors, (size_t)anchor);
	struct chain_fault f = { CHAIN_OK, (int16_t)(-1 - anchor), 0, NULL };

	if (recall(c, top->cert, -1 - anchor) == 0)
		return false;
	if (c->now > a->not_after) {
		f.error = CHAIN_EXPIRED;
		f.time = a->not_after;
	} else if (c->now < a->not_before) {
		f.error = CHAIN_NOT_YET_VALID;
		f.time = a->not_before;
	} else if (c->depth + 1 > CHAIN_DEPTH) {
		f.error = CHAIN_TOO_DEEP;
	} else if (!fits_path_length(a->path_length, top->inner)) {
		f.error = CHAIN_PATH_LENGTH;
	}
	if (f.error != CHAIN_OK)
		note(c, f);
	return f.error == CHAIN_OK;
}

/* Two certificates of one CA: the same name and key. */
static bool
is_same_ca(const struct chain *c, int one, int other)
{
	struct x509 x, y;

	if (c->links[one].subject != c->links[other].subject ||
		c->links[one].key != c->links[other].key)
		return false;
	cert_parse(c, one, &x);
	cert_parse(c, other, &y);
	return der_same(&x.subject, &y.subject) && der_same(&x.spki, &y.spki);
}

/* Twice on a path is a loop (RFC 4158 section 2.4.2). */
static bool
is_on_path(const struct chain *c, int cert)
{
	int i;

	for (i = 0; i < c->depth; i++)
		if (c->path[i].cert == cert || is_same_ca(c, c->path[i].cert, cert))
			return true;
	return false;
}

static void
try_cert(struct chain *c, const struct chain_node *top, int cert)
{
	const struct chain_link *l = &c->links[cert];

	if (recall(c, top->cert, cert) == 0 || is_on_path(c, cert))
		return;
	if (l->error != CHAIN_OK) {
		note_issuer(c, cert);
		return;
	}
	if (l->hops == 0)
		return;
	if (c->depth + l->hops > CHAIN_DEPTH) {
		note(c, fault_of_cert(c, CHAIN_TOO_DEEP, cert, NULL));
		return;
	}
	if (!fits_path_length(l->path_length, top->inner)) {
		note(c, fault_of_cert(c, CHAIN_PATH_LENGTH, cert, NULL));
		return;
	}
	c->path[c->depth] = (struct chain_node){ (int16_t)cert, 0, 0,
		(uint8_t)(top->inner + !l->self_issued) };
	c->depth++;
}

/* Key identifiers only say which issuer to try first: nothing forces them to be right. */
static bool
is_likely_issuer(const struct chain_link *cert, const struct chain_link *issuer)
{
	return cert->issuer_key_id == 0 || issuer->key_id == 0 ||
	       cert->issuer_key_id == issuer->key_id;
}

/* Anchors first, then likely issuers, then the others.  False when all have been tried. */
static bool
try_next(struct chain *c, struct chain_node *top)
{
	const struct chain_link *l = &c->links[top->cert];
	int i;

	if (top->pass == 0) {
		i = l->anchor + top->next;
		if (l->anchor >= 0 && anchors_same_name(c->anchors, (size_t)l->anchor, (size_t)i)) {
			top->next++;
			c->branch_count++;
			if (try_anchor(c, top, i)) {
				c->anchor = (int16_t)i;
				c->phase = PHASE_SIGN;
			}
			return true;
		}
		top->pass = 1;
		top->next = 1;
	}
	for (; top->pass < 3; top->pass++, top->next = 1)
		while (top->next < c->count) {
			i = top->next++;
			if (c->links[i].subject_len > 0 && names_issuer(c, top->cert, i) &&
				is_likely_issuer(l, &c->links[i]) == (top->pass == 1)) {
				c->branch_count++;
				try_cert(c, top, i);
				return true;
			}
		}
	return false;
}

/* No path was good: say what stood in the way of the first, or that there was none at all. */
static void
give_up(struct chain *c)
{
	if (c->found.error != CHAIN_OK)
		finish(c, c->found);
	else if (c->unreadable > 0) /* likely the issuer that is missing */
		finish(c, fault_of_cert(c, CHAIN_MALFORMED, c->unreadable, NULL));
	else
		finish_leaf(c, c->links[0].self_issued ? CHAIN_SELF_SIGNED : CHAIN_UNKNOWN_ISSUER);
}

static void
step_search(struct chain *c)
{
	int i;

	for (i = 0; i < STEP_BRANCHES && c->phase == PHASE_SEARCH; i++) {
		if (c->branch_count >= CHAIN_BRANCHES)
			finish_leaf(c, CHAIN_TOO_MANY_PATHS);
		else if (!try_next(c, &c->path[c->depth - 1]) && --c->depth == 0)
			give_up(c);
	}
}

/* --- signatures --- */

/* One signature: remembered from before, or checked now.  *checked: the costly way. */
static bool
check_signature(struct chain *c, int cert, int issuer, bool *checked)
{
	unsigned char pair[SIGNATURE_PAIR], key_hash[ANCHORS_HASH];
	const struct anchor *a = issuer < 0 ? anchors_at(c->anchors, (size_t)(-1 - issuer)) : NULL;
	struct x509 x, y;
	bool good;

	cert_parse(c, cert, &x);
	if (!a)
		cert_parse(c, issuer, &y);
	if (c->signatures) {
		if (a)
			memcpy(key_hash, a->key_hash, sizeof key_hash);
		else
			anchors_hash(key_hash, &y.spki);
		signature_pair(pair, key_hash, &x);
		if (signature_is_known(c->signatures, pair, x.is_ca))
			return true;
	}
	*checked = true;
	good = signature_is_good(&x, a ? &a->key : &y.key);
	if (good && c->signatures)
		signature_remember(c->signatures, pair, x.is_ca);
	return good;
}

/* The search goes on with other issuers for path[place]. */
static void
go_back(struct chain *c, int place)
{
	c->depth = (uint8_t)(place + 1);
	c->phase = PHASE_SEARCH;
}

static void
step_sign(struct chain *c)
{
	int place, cert, issuer;
	bool checked = false, good;

	for (place = c->depth - 1; place >= 0 && !checked; place--) {
		cert = c->path[place].cert;
		issuer = place + 1 < c->depth ? c->path[place + 1].cert : -1 - c->anchor;
		if (recall(c, cert, issuer) == 1)
			continue;
		if (c->signature_count == CHAIN_SIGNATURES) {
			finish_leaf(c, CHAIN_TOO_MANY_SIGNATURES);
			return;
		}
		good = check_signature(c, cert, issuer, &checked);
		c->memo[c->signature_count++] = (struct chain_memo){ (int16_t)cert, (int16_t)issuer,
			good };
		if (!good) {
			note(c, fault_of_cert(c, CHAIN_BAD_SIGNATURE, cert, NULL));
			go_back(c, place);
			return;
		}
	}
	if (place < 0) {
		c->phase = PHASE_NAMES;
		c->upper = c->depth;
		c->lower = (uint8_t)(c->depth - 1);
		c->names = (struct names_cursor){ 0, 0, 0 };
	}
}

/* --- policies, RFC 5280 section 6.1 --- */

/* Is this policy, or (if that counts here) anyPolicy, in the list? */
static bool
has_policy(struct der list, const struct der *policy, bool any_counts)
{
	struct der entry, oid;
	int i;

	for (i = 0; i < POLICIES && der_take(&list, DER_SEQUENCE, &entry) == 0; i++)
		if (der_take(&entry, DER_OID, &oid) == 0 &&
			(der_same(&oid, policy) ||
				(any_counts && der_is(&oid, "\x55\x1d\x20\x00", 4))))
			return true;
	return false;
}

/* Do all certificates of the path assert this policy? */
static bool
path_has_policy(const struct chain *c, const struct der *policy)
{
	const struct anchor *a = anchors_at(c->anchors, (size_t)c->anchor);
	int any_left = a->inhibit_any >= 0 ? a->inhibit_any : INT16_MAX, place;
	struct x509 x;
	bool self_issued;

	for (place = c->depth - 1; place >= 0; place--) {
		cert_parse(c, c->path[place].cert, &x);
		self_issued = c->links[c->path[place].cert].self_issued && place > 0;
		if (!has_policy(x.policies, policy, any_left > 0 || self_issued))
			return false;
		if (!self_issued && any_left > 0)
			any_left--;
		if (x.inhibit_any >= 0 && x.inhibit_any < any_left)
			any_left = x.inhibit_any;
	}
	return true;
}

/* Has a CA above asked that everything below it be under a policy?  Then the countdown ran out. */
static bool
needs_policy(const struct chain *c, bool *mapped)
{
	const struct anchor *a = anchors_at(c->anchors, (size_t)c->anchor);
	int left = a->explicit_policy >= 0 ? a->explicit_policy : INT16_MAX, place;
	struct x509 x;

	*mapped = false;
	for (place = c->depth - 1; place >= 0; place--) {
		cert_parse(c, c->path[place].cert, &x);
		*mapped = *mapped || x.has_mappings;
		if (left > 0 && (place == 0 || !c->links[c->path[place].cert].self_issued))
			left--;
		if (x.explicit_policy >= 0 && (place > 0 || x.explicit_policy == 0) &&
			x.explicit_policy < left)
			left = x.explicit_policy;
	}
	return left == 0;
}

/*
 * We ask for no policy ourselves, so the policy tree matters only where a CA demands one; then one that
 * the whole path shares must exist.  Mappings are not followed: such a path is refused.
 */
static bool
keeps_policies(const struct chain *c)
{
	static const unsigned char any[] = { 0x55, 0x1d, 0x20, 0x00 };
	struct der policy = { any, sizeof any }, list, entry;
	struct x509 x;
	bool mapped;
	int place, i;

	if (!needs_policy(c, &mapped))
		return true;
	if (mapped)
		return false;
	if (path_has_policy(c, &policy))
		return true;
	for (place = 0; place < c->depth; place++) {
		cert_parse(c, c->path[place].cert, &x);
		list = x.policies;
		for (i = 0; i < POLICIES && der_take(&list, DER_SEQUENCE, &entry) == 0; i++)
			if (der_take(&entry, DER_OID, &policy) == 0 && path_has_policy(c, &policy))
				return true;
	}
	return false;
}

/* --- name constraints --- */

/* Everything is good: until the first certificate of the path expires. */
static void
accept(struct chain *c)
{
	struct x509 x;
	int i;

	c->until = anchors_at(c->anchors, (size_t)c->anchor)->not_after;
	for (i = 0; i < c->depth; i++) {
		cert_parse(c, c->path[i].cert, &x);
		if (x.not_after < c->until)
			c->until = x.not_after;
	}
	finish_leaf(c, CHAIN_OK);
}

static struct der
constraints_at(const struct chain *c, int place)
{
	struct x509 x;

	if (place == c->depth)
		return anchors_at(c->anchors, (size_t)c->anchor)->constraints;
	cert_parse(c, c->path[place].cert, &x);
	return x.constraints;
}

/* The next pair of a CA with constraints and a certificate below it.  False after the last. */
static bool
next_pair(struct chain *c)
{
	c->names = (struct names_cursor){ 0, 0, 0 };
	if (c->lower > 0) {
		c->lower--;
		return true;
	}
	c->upper--;
	c->lower = (uint8_t)(c->upper - 1);
	return c->upper > 0;
}

/*
 * Names of the certificate at `lower` against the constraints of the CA at `upper`, as many as a step may.
 * Self-issued certificates are let off, the leaf never (RFC 5280 section 6.1.3 b and c).
 * 1: all are allowed, 0: not done yet, -1: one is not.
 */
static int
walk_names(struct chain *c, uint32_t stop)
{
	struct der constraints = constraints_at(c, c->upper), name;
	int cert = c->path[c->lower].cert, kind;
	struct x509 x;

	if (constraints.len == 0 || (c->lower > 0 && c->links[cert].self_issued))
		return 1;
	cert_parse(c, cert, &x);
	while (c->comparison_count <= stop) {
		kind = names_take(&x, &c->names, &name);
		if (kind < 0)
			return 1;
		if (!names_allowed(&constraints, kind, &name, &c->comparison_count))
			return -1;
	}
	return 0;
}

static void
step_names(struct chain *c)
{
	uint32_t stop = c->comparison_count + STEP_COMPARISONS;
	int got = 1, last = c->depth - 1;

	while (got == 1) {
		got = walk_names(c, stop);
		if (c->comparison_count > CHAIN_COMPARISONS) {
			finish_leaf(c, CHAIN_TOO_MANY_COMPARISONS);
			return;
		}
		if (got == 1 && !next_pair(c)) {
			if (keeps_policies(c)) {
				accept(c);
				return;
			}
			note(c, fault_of_cert(c, CHAIN_POLICY, 0, NULL));
			go_back(c, last);
			return;
		}
	}
	if (got < 0) {
		note(c, fault_of_cert(c, CHAIN_NAME_CONSTRAINTS, c->path[c->lower].cert, NULL));
		go_back(c, last);
	}
}

/* --- the check from outside --- */

void
chain_check_start(struct chain *c, struct anchors *anchors, struct chain_signatures *signatures,
	const char *host, int64_t now)
{
	chain_check_reset(c);
	c->anchors = anchors_hold(anchors);
	c->signatures = signatures;
	c->now = now;
	c->until = INT64_MIN;
	c->host[0] = '\0';
	if (host && strlen(host) < sizeof c->host)
		memcpy(c->host, host, strlen(host) + 1);
	else if (host)
		c->host[0] = '.'; /* no name is that long, and none matches this */
	memset(c->links, 0, sizeof c->links);
	c->signature_count = c->branch_count = 0;
	c->comparison_count = 0;
	c->unreadable = 0;
	memset(c->path, 0, sizeof c->path);
	c->phase = PHASE_READ;
}

int
chain_check_step(struct chain *c)
{
	switch ((enum phase)c->phase) {
	case PHASE_READ: step_read(c); break;
	case PHASE_SEARCH: step_search(c); break;
	case PHASE_SIGN: step_sign(c); break;
	case PHASE_NAMES: step_names(c); break;
	case PHASE_IDLE:
	case PHASE_DONE: break;
	}
	return c->phase == PHASE_DONE || c->phase == PHASE_IDLE;
}

void
chain_check_reset(struct chain *c)
{
	anchors_release(c->anchors);
	c->anchors = NULL;
	c->signatures = NULL;
	c->phase = PHASE_IDLE;
	c->fault = c->found = (struct chain_fault){ CHAIN_OK, 0, 0, NULL };
	c->fault.error = CHAIN_PENDING;
}

enum chain_error
chain_check_error(const struct chain *c)
{
	return (enum chain_error)c->fault.error;
}

int64_t
chain_check_until(const struct chain *c)
{
	return c->until;
}

/* --- in words --- */

static const struct {
	const char *code;
	const char *text; /* goes on after "The certificate ..."; NULL: has a sentence of its own */
} errors[CHAIN_ERRORS] = {
	[CHAIN_OK] = { "ok", "is good" },
	[CHAIN_PENDING] = { "pending", "was not judged yet" },
	[CHAIN_EMPTY] = { "no_certificate", NULL },
	[CHAIN_TOO_LARGE] = { "chain_too_large", NULL },
	[CHAIN_TOO_MANY] = { "too_many_certificates", NULL },
	[CHAIN_TOO_MANY_SIGNATURES] = { "too_many_signatures", NULL },
	[CHAIN_TOO_MANY_COMPARISONS] = { "too_many_name_constraints", NULL },
	[CHAIN_TOO_MANY_PATHS] = { "too_many_paths", NULL },
	[CHAIN_MALFORMED] = { "malformed", "can't be read: it is damaged" },
	[CHAIN_NOT_PROFILE] = { "not_standard", "breaks the rules for certificates" },
	[CHAIN_UNKNOWN_EXTENSION] = { "unknown_critical_extension",
		"demands something that this program does not know" },
	[CHAIN_EXPIRED] = { "expired", "expired on" },
	[CHAIN_NOT_YET_VALID] = { "not_yet_valid", "is not valid before" },
	[CHAIN_WEAK_KEY] = { "weak_key", "has a key that is too weak" },
	[CHAIN_UNSUPPORTED_KEY] = { "unsupported_key",
		"has a kind of key that this program can't use" },
	[CHAIN_WEAK_SIGNATURE] = { "weak_signature",
		"is signed by a method that is too weak (SHA-1 or MD5)" },
	[CHAIN_UNSUPPORTED_SIGNATURE] = { "unsupported_signature",
		"is signed by a method that this program does not know" },
	[CHAIN_KEY_USAGE] = { "key_usage", "does not allow its key to be used for this" },
	[CHAIN_EXTENDED_KEY_USAGE] = { "extended_key_usage", "is not meant for web servers" },
	[CHAIN_DISTRUSTED] = { "distrusted", "is on the distrust list" },
	[CHAIN_OWN_CA] = { "own_ca", "comes from this proxy's own CA, which no site may use" },
	[CHAIN_NO_NAME] = { "no_name", "does not say which site it is for" },
	[CHAIN_WRONG_NAME] = { "wrong_name", NULL },
	[CHAIN_UNKNOWN_ISSUER] = { "unknown_issuer", NULL },
	[CHAIN_SELF_SIGNED] = { "self_signed", "is signed by the site itself, by nobody else" },
	[CHAIN_NOT_A_CA] = { "not_a_ca", "is not allowed to issue other certificates" },
	[CHAIN_PATH_LENGTH] = { "path_length", "has more issuers below it than it allows" },
	[CHAIN_TOO_DEEP] = { "too_deep", "is too many issuers away from a trusted root" },
	[CHAIN_BAD_SIGNATURE] = { "bad_signature", "has a signature that is not its issuer's" },
	[CHAIN_NAME_CONSTRAINTS] = { "name_constraints",
		"has a name that its issuers are not allowed to certify" },
	[CHAIN_POLICY] = { "policy", "lacks a policy that its issuers require" },
};

const char *
chain_error_code(enum chain_error e)
{
	return e < CHAIN_ERRORS ? errors[e].code : "unknown";
}

const char *
chain_error_proxy_status(enum chain_error e)
{
	return e == CHAIN_OK || e == CHAIN_PENDING ? "" : "tls_certificate_error";
}

/* Unix seconds to "YYYY-MM-DD", by the civil calendar (era of 400 years: 146,097 days). */
static void
put_date(char *out, size_t cap, int64_t when)
{
	int64_t days = when / 86400 - (when % 86400 < 0) + 719468, era, year, day_of_year;
	int64_t day_of_era, month;

	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
	month = (5 * day_of_year + 2) / 153; /* from March */
	snprintf(out, cap, "%04d-%02d-%02d", (int)(year + era * 400 + (month >= 10)),
		(int)(month < 10 ? month + 3 : month - 9),
		(int)(day_of_year - (153 * month + 2) / 5 + 1));
}

/* "The certificate", or of which issuer. */
static void
put_subject(const struct chain *c, char *out, size_t cap)
{
	struct x509 x;
	char name[64];

	if (c->fault.cert < 0) {
		snprintf(out, cap, "The certificate of the trusted root \"%s\"", c->root);
	} else if (c->fault.error == CHAIN_MALFORMED && c->fault.cert > 0) {
		snprintf(out, cap, "One of the certificates that the server sent");
	} else if (c->fault.cert > 0) {
		cert_parse(c, c->fault.cert, &x);
		snprintf(out, cap, "The certificate of the issuer \"%s\"",
			x509_name_text(&x.subject, name, sizeof name));
	} else {
		snprintf(out, cap, "The certificate");
	}
}

/* Sentences that don't begin with a certificate. */
static bool
put_special(const struct chain *c, char out[CHAIN_TEXT])
{
	char names[176], issuer[64];
	struct x509 x;

	switch (c->fault.error) {
	case CHAIN_EMPTY: snprintf(out, CHAIN_TEXT, "The server sent no certificate."); return true;
	case CHAIN_TOO_LARGE:
		snprintf(out, CHAIN_TEXT, "The server's certificates are larger than %d bytes.",
			CHAIN_BYTES);
		return true;
	case CHAIN_TOO_MANY:
		snprintf(out, CHAIN_TEXT, "The server sent more than %d certificates.",
			c->count > CHAIN_CERTS ? CHAIN_ADDED : CHAIN_CERTS);
		return true;
	case CHAIN_TOO_MANY_SIGNATURES:
	case CHAIN_TOO_MANY_COMPARISONS:
	case CHAIN_TOO_MANY_PATHS:
		snprintf(out, CHAIN_TEXT,
			"The server's certificates are too tangled to be checked.");
		return true;
	case CHAIN_WRONG_NAME:
		cert_parse(c, 0, &x);
		snprintf(out, CHAIN_TEXT, "The certificate is for %.175s, not for %.120s.",
			names_text(&x.names, names, sizeof names)[0] ? names : "no site", c->host);
		return true;
	case CHAIN_UNKNOWN_ISSUER:
		cert_parse(c, 0, &x);
		snprintf(out, CHAIN_TEXT,
			"The certificate was issued by \"%s\", and no trusted root vouches for "
			"that.",
			x509_name_text(&x.issuer, issuer, sizeof issuer));
		return true;
	}
	return false;
}

const char *
chain_check_text(const struct chain *c, char out[CHAIN_TEXT])
{
	char subject[128], date[16] = "";
	const char *text = errors[c->fault.error].text;

	if (put_special(c, out))
		return out;
	put_subject(c, subject, sizeof subject);
	if (c->fault.error == CHAIN_EXPIRED || c->fault.error == CHAIN_NOT_YET_VALID)
		put_date(date, sizeof date, c->fault.time);
	snprintf(out, CHAIN_TEXT, "%s %s%s%s%s%s.", subject, text, date[0] ? " " : "", date,
		c->fault.detail ? ": " : "", c->fault.detail ? c->fault.detail : "");
	return out;
}
