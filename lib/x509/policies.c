/*
 * policies: certificate policies along a path.  See policies.h.
 */
#include "lib/x509/policies.h"

enum { NEVER = INT16_MAX }; /* longer than any path */

static bool
is_any(const struct der *policy)
{
	return der_is(policy, "\x55\x1d\x20\x00", 4); /* anyPolicy, 2.5.29.32.0 */
}

static bool
has(const struct policies *p, const struct der *policy)
{
	int i;

	for (i = 0; i < p->count; i++)
		if (der_same(&p->valid[i], policy))
			return true;
	return false;
}

static void
add(struct policies *p, const struct der *policy)
{
	if (p->count < POLICIES_MOST && !has(p, policy))
		p->valid[p->count++] = *policy;
}

/* Section 6.1.3 d and e: of the set, what this certificate asserts. */
static void
assert_policies(struct policies *p, const struct x509 *c, bool any_counts)
{
	struct der list = c->policies, policy;
	struct policies old = *p;
	bool any = false;
	int i;

	p->count = 0;
	for (i = 0; i < POLICIES_MOST && x509_take_policy(&list, &policy) == 0; i++)
		if (is_any(&policy))
			any = any_counts;
		else if (old.any || has(&old, &policy))
			add(p, &policy);
	p->any = old.any && any;
	for (i = 0; any && i < old.count; i++)
		add(p, &old.valid[i]);
}

/* Section 6.1.4 a and b: from the words of this CA's issuer to its own.  False: anyPolicy is mapped. */
static bool
map_policies(struct policies *p, const struct x509 *c)
{
	struct der list = c->mappings, from, to;
	struct policies old = *p;
	bool mapped[POLICIES_MOST] = { false };
	int count = 0, i;

	p->count = 0;
	while (x509_take_mapping(&list, &from, &to) == 0) {
		if (is_any(&from) || is_any(&to))
			return false;
		if (++count >
			POLICIES_MOST) { /* what else is mapped is not known, so nothing is good */
			p->count = 0;
			p->any = false;
			return true;
		}
		for (i = 0; i < old.count; i++)
			mapped[i] = mapped[i] || der_same(&old.valid[i], &from);
		if (p->mapping_left > 0 && (old.any || has(&old, &from)))
			add(p, &to);
	}
	for (i = 0; i < old.count; i++)
		if (!mapped[i])
			add(p, &old.valid[i]);
	return true;
}

static void
shorten(int *left, int limit)
{
	if (limit >= 0 && limit < *left)
		*left = limit;
}

/* Section 6.1.4 h to j. */
static void
count_down(struct policies *p, const struct x509 *c, bool self_issued)
{
	if (!self_issued) {
		p->explicit_left -= p->explicit_left > 0;
		p->mapping_left -= p->mapping_left > 0;
		p->any_left -= p->any_left > 0;
	}
	shorten(&p->explicit_left, c->explicit_policy);
	shorten(&p->mapping_left, c->inhibit_mapping);
	shorten(&p->any_left, c->inhibit_any);
}

void
policies_start(struct policies *p)
{
	p->count = 0;
	p->any = true;
	p->explicit_left = p->mapping_left = p->any_left = NEVER;
}

bool
policies_take(struct policies *p, const struct x509 *c, bool self_issued, bool last)
{
	assert_policies(p, c, p->any_left > 0 || (self_issued && !last));
	if (p->explicit_left == 0 && !p->any && p->count == 0)
		return false;
	if (!last) {
		if (!map_policies(p, c))
			return false;
		count_down(p, c, self_issued);
		return true;
	}
	/* section 6.1.5 a and b: a demand in the last certificate itself counts if it is for now */
	if (p->explicit_left > 0)
		p->explicit_left--;
	if (c->explicit_policy == 0)
		p->explicit_left = 0;
	return p->explicit_left > 0 || p->any || p->count > 0;
}
