/*
 * path: the check of a collected chain.  See chain.h.
 *
 * It is a depth-first search from the leaf to an anchor by names alone, which costs little; only a path
 * that is complete has its signatures checked, from the anchor down, so that no key is used that nobody
 * vouches for; only a path whose signatures are good has its name constraints walked.  A failure sends the
 * search on to the next path, and the first failure is what the user hears if no path is good.
 */
#include <stdio.h>
#include <string.h>
#include "lib/x509/anchors.h"
#include "lib/x509/chain.h"
#include "lib/x509/dname.h"
#include "lib/x509/judge.h"
#include "lib/x509/policies.h"
#include "lib/x509/signature.h"
#include "lib/x509/x509.h"

enum {
	STEP_BRANCHES = 64,     /* issuers looked at in one step */
	STEP_COMPARISONS = 4000 /* name comparisons in one step: about 0.2 ms on a desk */
};

enum phase {
	PHASE_IDLE,   /* no check; chain_check_reset sets it */
	PHASE_READ,   /* nothing read yet */
	PHASE_SEARCH, /* looking for a path: path[0..depth) is what there is */
	PHASE_SIGN,   /* path[0..depth) and anchor are a path: are its signatures good? */
	PHASE_NAMES,  /* they are: does it keep its name constraints and policies? */
	PHASE_DONE    /* fault is the verdict */
};

/* --- faults --- */

static struct chain_fault
fault_of_cert(const struct chain *c, enum chain_error e, int cert, const char *detail)
{
	struct chain_fault f = { (uint8_t)e, (int16_t)cert, 0, detail };
	struct x509 x;

	if (e == CHAIN_EXPIRED || e == CHAIN_NOT_YET_VALID) {
		chain_parse(c, cert, &x);
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
	chain_parse(c, cert, &x);
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

	l->subject = dname_hint(&x->subject);
	l->issuer = dname_hint(&x->issuer);
	l->key = anchors_hint(&x->spki);
	l->key_id = anchors_hint(&x->key_id);
	l->issuer_key_id = anchors_hint(&x->issuer_key_id);
	l->subject_off = (uint16_t)(x->subject.p - x->whole.p);
	l->issuer_off = (uint16_t)(x->issuer.p - x->whole.p);
	l->subject_len = (uint16_t)x->subject.len;
	l->issuer_len = (uint16_t)x->issuer.len;
	l->anchor = (int16_t)anchors_find(c->anchors, &x->issuer);
	l->path_length = (int16_t)x->path_length;
	l->self_issued = dname_same(&x->subject, &x->issuer);
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
	return dname_same(&want, &have);
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
	struct der one = chain_cert(c, cert), other;
	int i;

	for (i = 0; i < cert; i++) {
		other = chain_cert(c, i);
		if (der_same(&one, &other))
			return true;
	}
	return false;
}

/* An issuer that can't be read is a stray: names nobody, is named by nobody. */
static void
read_issuers(struct chain *c)
{
	struct x509 x;
	struct der der;
	const char *detail;
	int i;

	for (i = 1; i < (int)c->count; i++) {
		der = chain_cert(c, i);
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
	der = chain_cert(c, 0);
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
	chain_parse(c, one, &x);
	chain_parse(c, other, &y);
	return der_same(&x.spki, &y.spki) && dname_same(&x.subject, &y.subject);
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

	chain_parse(c, cert, &x);
	if (!a)
		chain_parse(c, issuer, &y);
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

/* --- policies --- */

/* The anchor's own rules about policies don't count: of a trust anchor, a path takes name and key (RFC 5280
 * section 6.1.1 d), and its constraints here, since whoever limits a root by them means it. */
static bool
keeps_policies(const struct chain *c)
{
	struct policies p;
	struct x509 x;
	int place, cert;

	policies_start(&p);
	for (place = c->depth - 1; place >= 0; place--) {
		cert = c->path[place].cert;
		chain_parse(c, cert, &x);
		if (!policies_take(&p, &x, c->links[cert].self_issued, place == 0))
			return false;
	}
	return true;
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
		chain_parse(c, c->path[i].cert, &x);
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
	chain_parse(c, c->path[place].cert, &x);
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
	chain_parse(c, cert, &x);
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
