/* x509: whatever comes, what is read lies inside the input, and the walkers over it end. */
#include "lib/x509/dname.h"
#include "lib/x509/names.h"
#include "lib/x509/policies.h"
#include "lib/x509/x509.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
want(bool cond)
{
	if (!cond)
		abort();
}

static void
want_inside(const struct der *d, const uint8_t *data, size_t len)
{
	want(d->len == 0 || (d->p >= data && d->len <= len && d->p + d->len <= data + len));
}

/* Every name of the certificate against its own constraints: any result, but one. */
static void
walk(const struct x509 *c, const uint8_t *data, size_t len)
{
	struct names_cursor at = { 0, 0, 0 };
	struct der name;
	uint32_t comparisons = 0;
	size_t names = 0;
	int kind;

	while ((kind = names_take(c, &at, &name)) >= 0) {
		want_inside(&name, data, len);
		if (c->constraints.len > 0 && comparisons < 1000)
			(void)names_allowed(&c->constraints, kind, &name, &comparisons);
		want(++names <= len);
	}
}

/* Issuer and subject folded: the streams end, and agree with what is said of them. */
static void
fold(const struct x509 *c, size_t len)
{
	struct dname a, b;
	bool same = true;
	size_t count = 0;
	int x = 0, y = 0;

	dname_start(&a, &c->issuer);
	dname_start(&b, &c->subject);
	while (x >= 0 || y >= 0) {
		x = dname_next(&a);
		y = dname_next(&b);
		want(x <= 0xff && y <= 0xff);
		same = same && x == y;
		want(++count <= 3 * len);
	}
	want(dname_same(&c->issuer, &c->subject) == same);
	want(!same || dname_hint(&c->issuer) == dname_hint(&c->subject));
}

/* The certificate above itself, a few times: the set stays within its bound. */
static void
follow_policies(const struct x509 *c)
{
	struct policies p;
	int i;

	policies_start(&p);
	for (i = 0; i < 4 && policies_take(&p, c, i == 1, i == 3); i++)
		want(p.count >= 0 && p.count <= POLICIES_MOST && p.explicit_left >= 0 &&
			p.mapping_left >= 0 && p.any_left >= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* a copy of exact size, so that ASan sees a read past it */
	uint8_t *copy = malloc(len ? len : 1);
	char text[40];
	struct x509 c;

	memcpy(copy, data, len);
	if (x509_parse(&c, copy, len) == 0) {
		want(c.whole.len == len && c.version >= 1 && c.version <= 3);
		want_inside(&c.tbs, copy, len);
		want_inside(&c.issuer, copy, len);
		want_inside(&c.subject, copy, len);
		want_inside(&c.spki, copy, len);
		want_inside(&c.signature, copy, len);
		want_inside(&c.key.n, copy, len);
		want_inside(&c.key.e, copy, len);
		want_inside(&c.names, copy, len);
		want_inside(&c.constraints, copy, len);
		want(c.serial.len > 0 && c.issuer.len >= 2 && c.subject.len >= 2);
		want(!x509_key_is_sound(&c.key) || c.key.n.len > 0);
		want(strlen(x509_name_text(&c.subject, text, sizeof text)) < sizeof text);
		if (c.names.len > 0) {
			(void)names_match_host(&c.names, "www.example.com");
			(void)names_match_host(&c.names, "192.0.2.1");
			want(strlen(names_text(&c.names, text, sizeof text)) < sizeof text);
		}
		walk(&c, copy, len);
		fold(&c, len);
		follow_policies(&c);
	}
	free(copy);
	return 0;
}
