/*
 * names: host names and name constraints.  See names.h.
 */
#include "lib/x509/names.h"

#include <stdio.h>
#include <string.h>
#include "lib/base/ascii.h"
#include "lib/net/net.h"
#include "lib/x509/dname.h"

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 }; /* RFC 1035 section 2.3.4 */

static bool
same_text(const unsigned char *a, const unsigned char *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

/* Labels of letters, digits, hyphens and (real names have them) underscores, between single dots. */
static bool
is_host_name(const unsigned char *p, size_t len)
{
	size_t i, label = 0;

	if (len == 0 || len > NAME_MAX_BYTES)
		return false;
	for (i = 0; i < len; i++) {
		unsigned char c = ascii_lower(p[i]);

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
			   c == '_') {
			if (++label > LABEL_MAX_BYTES)
				return false;
		} else {
			return false;
		}
	}
	return label > 0;
}

/* Takes "*." off the front. */
static bool
take_wildcard(struct der *name)
{
	if (name->len < 2 || name->p[0] != '*' || name->p[1] != '.')
		return false;
	name->p += 2;
	name->len -= 2;
	return true;
}

/* RFC 9525 section 6.3, and CA/Browser Forum 3.2.2.6: what a wildcard stands on has two labels at least. */
static bool
matches_dns(struct der pattern, const char *host, size_t host_len)
{
	const char *rest = host;

	if (take_wildcard(&pattern)) {
		rest = memchr(host, '.', host_len);
		if (!rest || rest == host || !pattern.p || !memchr(pattern.p, '.', pattern.len))
			return false;
		rest++;
	}
	host_len -= (size_t)(rest - host);
	return pattern.len == host_len && is_host_name(pattern.p, pattern.len) &&
	       same_text(pattern.p, (const unsigned char *)rest, host_len);
}

bool
names_match_host(const struct der *names, const char *host)
{
	struct der in = *names, name;
	size_t host_len = strlen(host);
	struct net_addr addr;
	bool is_address = net_addr_parse(&addr, host, host_len) == 0;
	int kind;

	while (in.len > 0) {
		kind = x509_take_name(&in, &name);
		if (kind < 0)
			return false;
		if (is_address ? kind == X509_NAME_IP &&
					 der_is(&name, addr.ip, addr.family == 4 ? 4 : 16)
			       : kind == X509_NAME_DNS && matches_dns(name, host, host_len))
			return true;
	}
	return false;
}

/* --- name constraints: does a name lie in the subtree under `base`? --- */

enum lies {
	OUTSIDE,
	INSIDE,
	UNCLEAR, /* can't be told: neither good enough to permit nor far enough to escape an exclusion */
	UNCONCERNED /* the base is about another form of name */
};

static bool
ends_with(const struct der *name, const struct der *tail)
{
	return name->len >= tail->len &&
	       same_text(name->p + name->len - tail->len, tail->p, tail->len);
}

/* Equal, or below it at a label's border. */
static bool
is_at_or_below(const struct der *name, const struct der *base)
{
	return ends_with(name, base) &&
	       (name->len == base->len || name->p[name->len - base->len - 1] == '.');
}

/* base is one label above... "a.b.c" directly below "b.c"? */
static bool
is_directly_below(const struct der *name, const struct der *base)
{
	return name->len > base->len + 1 && is_at_or_below(name, base) &&
	       !memchr(name->p, '.', name->len - base->len - 1);
}

/*
 * A wildcard name stands for many: it is inside when all are, outside when none is, and unclear between
 * (CVE-2025-61727: *.example.com under an excluded bar.example.com).  ".example.com" is what lies below
 * example.com: RFC 5280 knows that form for URIs only, but real CAs have it, and every validator reads it so.
 * The empty name, which some certificates have, is no host's: it lies under the empty base alone.
 */
static enum lies
lies_dns(struct der name, struct der base)
{
	bool wildcard = take_wildcard(&name), below = base.len > 0 && base.p[0] == '.';

	if (name.len == 0 && !wildcard)
		return base.len == 0 ? INSIDE : OUTSIDE;
	if (!is_host_name(name.p, name.len))
		return UNCLEAR;
	if (base.len == 0) /* every name */
		return INSIDE;
	if (below) {
		base.p++;
		base.len--;
	}
	if (!is_host_name(base.p, base.len))
		return UNCLEAR;
	if (is_at_or_below(&name, &base))
		return !below || wildcard || name.len > base.len ? INSIDE : OUTSIDE;
	return wildcard && !below && is_directly_below(&base, &name) ? UNCLEAR : OUTSIDE;
}

/* For mail and URI: ".host" is all below it, "host" itself alone. */
static enum lies
lies_host(const struct der *host, const struct der *base)
{
	struct der tail = *base;
	bool below = tail.len > 0 && tail.p[0] == '.';

	if (!is_host_name(host->p, host->len))
		return UNCLEAR;
	if (tail.len == 0)
		return INSIDE;
	if (below) {
		tail.p++;
		tail.len--;
	}
	if (!is_host_name(tail.p, tail.len))
		return UNCLEAR;
	if (below)
		return host->len > tail.len && is_at_or_below(host, &tail) ? INSIDE : OUTSIDE;
	return host->len == tail.len && ends_with(host, &tail) ? INSIDE : OUTSIDE;
}

/* local@host with one @.  False if it is not that. */
static bool
split_mail(const struct der *mail, struct der *local, struct der *host)
{
	const unsigned char *at = mail->len > 0 ? memchr(mail->p, '@', mail->len) : NULL;

	if (!at || at == mail->p)
		return false;
	*local = (struct der){ mail->p, (size_t)(at - mail->p) };
	*host = (struct der){ at + 1, mail->len - local->len - 1 };
	return host->len > 0 && !memchr(host->p, '@', host->len);
}

/* The local part counts as it is written (RFC 5321 section 2.4), the host in any case. */
static enum lies
lies_mail(const struct der *mail, const struct der *base)
{
	struct der local, host, base_local, base_host;

	if (!split_mail(mail, &local, &host))
		return UNCLEAR;
	if (base->len == 0 || !memchr(base->p, '@', base->len))
		return lies_host(&host, base);
	if (!split_mail(base, &base_local, &base_host))
		return UNCLEAR;
	if (!is_host_name(host.p, host.len) || !is_host_name(base_host.p, base_host.len))
		return UNCLEAR;
	return der_same(&local, &base_local) && host.len == base_host.len &&
			       ends_with(&host, &base_host)
		       ? INSIDE
		       : OUTSIDE;
}

/* scheme://user@host:port/...  Without a host name, a constraint can't be met (RFC 5280 4.2.1.10). */
static enum lies
lies_uri(const struct der *uri, const struct der *base)
{
	struct der host;
	size_t i = 0, start;

	while (i + 2 < uri->len && memcmp(uri->p + i, "://", 3) != 0)
		i++;
	if (i + 2 >= uri->len || i == 0)
		return UNCLEAR;
	start = i += 3;
	for (; i < uri->len && !strchr("/?#", uri->p[i]); i++)
		if (uri->p[i] == '@')
			start = i + 1;
	host = (struct der){ uri->p + start, i - start };
	for (i = 0; i < host.len; i++)
		if (host.p[i] == ':')
			host.len = i; /* also cuts "[::1]", to something that is no host name */
	if (!is_host_name(host.p, host.len) ||
		(host.p[host.len - 1] >= '0' && host.p[host.len - 1] <= '9'))
		return UNCLEAR; /* an IPv4 address ends in a digit, no top-level domain does */
	return lies_host(&host, base);
}

/* Address and mask, 8 or 32 bytes (x509_parse sees to that); the mask's ones come first (RFC 4632). */
static enum lies
lies_ip(const struct der *ip, const struct der *base)
{
	size_t i, n = base->len / 2;
	unsigned mask, previous = 0xff;
	enum lies result = INSIDE;

	for (i = 0; i < n; i++) {
		mask = base->p[n + i];
		if ((previous != 0xff && mask != 0) || ((~mask & 0xff) & ((~mask & 0xff) + 1)) != 0)
			return UNCLEAR;
		previous = mask;
	}
	if (ip->len != n)
		return ip->len == 4 || ip->len == 16 ? OUTSIDE : UNCLEAR;
	for (i = 0; i < n; i++)
		if (((ip->p[i] ^ base->p[i]) & base->p[n + i]) != 0)
			result = OUTSIDE;
	return result;
}

/* RFC 5280 section 7.1, as far as dname.h goes: another alphabet in another case is unclear. */
static enum lies
compare_values(int tag_a, const struct der *a, int tag_b, const struct der *b)
{
	struct dname_text x, y;
	bool plain = true;
	int c, d;

	if (tag_a == tag_b && der_same(a, b))
		return INSIDE;
	if (!dname_text_start(&x, tag_a, a) || !dname_text_start(&y, tag_b, b))
		return tag_a == tag_b ? OUTSIDE : UNCLEAR;
	do {
		c = dname_text_next(&x);
		d = dname_text_next(&y);
		plain = plain && c < 0x80 && d < 0x80;
		if (c != d)
			return plain ? OUTSIDE : UNCLEAR;
	} while (c != -1);
	return INSIDE;
}

/* The subtree's RDNs are the name's first ones.  Sets of several attributes are compared in DER's order. */
static enum lies
lies_directory(struct der name, struct der base)
{
	struct der n, b, n_set = { NULL, 0 }, b_set = { NULL, 0 }, n_type, b_type, n_value, b_value;
	enum lies worst = INSIDE, one;
	int n_tag, b_tag, got;

	if (der_take(&name, DER_SEQUENCE, &n) != 0 || name.len != 0 ||
		der_take(&base, DER_SEQUENCE, &b) != 0 || base.len != 0)
		return UNCLEAR;
	while ((got = x509_take_attribute(&b, &b_set, &b_type, &b_tag, &b_value)) == 1) {
		got = x509_take_attribute(&n, &n_set, &n_type, &n_tag, &n_value);
		if (got <= 0)
			return got == 0 ? OUTSIDE : UNCLEAR;
		one = der_same(&n_type, &b_type) ? compare_values(n_tag, &n_value, b_tag, &b_value)
						 : OUTSIDE;
		if ((n_set.len == 0) != (b_set.len == 0))
			one = UNCLEAR;
		if (one == OUTSIDE)
			return n_set.len > 0 || b_set.len > 0 ? UNCLEAR : OUTSIDE;
		if (one == UNCLEAR)
			worst = UNCLEAR;
	}
	return got == 0 ? worst : UNCLEAR;
}

/* OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] ANY }: each type is a form of name of its own. */
static enum lies
lies_other(struct der name, struct der base)
{
	struct der n, b;

	if (der_take(&name, DER_OID, &n) != 0 || der_take(&base, DER_OID, &b) != 0)
		return UNCLEAR;
	return der_same(&n, &b) ? UNCLEAR : UNCONCERNED;
}

static enum lies
lies_under(int kind, const struct der *name, const struct der *base)
{
	switch (kind) {
	case X509_NAME_OTHER: return lies_other(*name, *base);
	case X509_NAME_EMAIL: return lies_mail(name, base);
	case X509_NAME_DNS: return lies_dns(*name, *base);
	case X509_NAME_DIRECTORY: return lies_directory(*name, *base);
	case X509_NAME_URI: return lies_uri(name, base);
	case X509_NAME_IP: return lies_ip(name, base);
	}
	return UNCLEAR; /* section 4.2.1.10: a form that we don't process is refused where constrained */
}

bool
names_allowed(
	const struct der *constraints, int kind, const struct der *name, uint32_t *comparisons)
{
	struct der permitted, excluded, base;
	bool constrained = false, inside = false;
	int base_kind;
	enum lies one;

	x509_subtrees(constraints, &permitted, &excluded);
	while (excluded.len > 0) {
		base_kind = x509_take_subtree(&excluded, &base);
		++*comparisons;
		one = base_kind == kind ? lies_under(kind, name, &base) : UNCONCERNED;
		if (base_kind < 0 || one == INSIDE || one == UNCLEAR)
			return false;
	}
	while (permitted.len > 0) {
		base_kind = x509_take_subtree(&permitted, &base);
		++*comparisons;
		if (base_kind < 0)
			return false;
		one = base_kind == kind ? lies_under(kind, name, &base) : UNCONCERNED;
		constrained = constrained || one != UNCONCERNED;
		inside = inside || one == INSIDE;
	}
	return inside || !constrained;
}

/* The next emailAddress attribute of the subject (RFC 5280 section 4.2.1.10 wants these constrained). */
static bool
take_mail(struct der subject, struct names_cursor *at, struct der *name)
{
	static const unsigned char oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01 };
	const unsigned char *end = subject.p + subject.len;
	struct der content = { end - at->left, at->left }, type;
	struct der set = { content.p - at->set_left, at->set_left }; /* the RDN just before */
	bool found = false;
	int tag;

	while (!found && x509_take_attribute(&content, &set, &type, &tag, name) == 1)
		found = der_is(&type, oid, sizeof oid);
	at->left = (uint32_t)content.len;
	at->set_left = (uint32_t)set.len;
	return found;
}

int
names_take(const struct x509 *c, struct names_cursor *at, struct der *name)
{
	struct der in = c->subject, content = { NULL, 0 };
	int kind;

	if (at->part == 0) {
		at->part = 1;
		(void)der_take(&in, DER_SEQUENCE, &content);
		at->left = (uint32_t)content.len;
		at->set_left = 0;
		*name = c->subject;
		if (content.len > 0) /* an empty subject is no name */
			return X509_NAME_DIRECTORY;
	}
	if (at->part == 1) {
		if (take_mail(c->subject, at, name))
			return X509_NAME_EMAIL;
		at->part = 2;
		at->left = (uint32_t)c->names.len;
	}
	if (at->left == 0)
		return -1;
	in = (struct der){ c->names.p + c->names.len - at->left, at->left };
	kind = x509_take_name(&in, name);
	at->left = kind < 0 ? 0 : (uint32_t)in.len;
	return kind;
}

/* One name for people; returns as snprintf. */
static int
put_name(char *out, size_t cap, int kind, const struct der *name)
{
	char text[NET_ADDR_TEXT];
	struct net_addr addr = { .family = name->len == 4 ? 4 : 6 };

	if (kind == X509_NAME_DNS)
		return snprintf(out, cap, "%.*s", name->len < 64 ? (int)name->len : 64,
			(const char *)name->p);
	memcpy(addr.ip, name->p, name->len);
	return snprintf(out, cap, "%s", net_addr_format(text, &addr, false));
}

char *
names_text(const struct der *names, char *out, size_t cap)
{
	enum { SHOWN = 2 };
	struct der in = *names, name;
	size_t count = 0, len = 0;
	int kind, put = 0;

	out[0] = '\0';
	while (in.len > 0 && (kind = x509_take_name(&in, &name)) >= 0) {
		if ((kind != X509_NAME_DNS && kind != X509_NAME_IP) || ++count > SHOWN)
			continue;
		if (count > 1)
			put = snprintf(out + len, cap - len, ", ");
		len += (size_t)put;
		if (len < cap)
			len += (size_t)put_name(out + len, cap - len, kind, &name);
		if (len >= cap)
			return out;
	}
	if (count > SHOWN)
		snprintf(out + len, cap - len, " and %zu more", count - SHOWN);
	return out;
}
