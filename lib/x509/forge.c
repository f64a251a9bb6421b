/*
 * forge: leaf certificates on this router's key.  See forge.h.
 *
 * Dates: an epoch is 64 days.  A leaf is valid from 30 days before its epoch, for clients whose clocks are
 * behind, to 169 days after its start: 199 days in all, below the 200 that browsers bear, and never less
 * than 105 days ahead of the moment it is used.  The origin's dates and the CA's cut that on both sides.
 */
#include "lib/x509/forge.h"
#include "lib/x509/encode.h"
#include "lib/net/net.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BEFORE (30 * FORGE_DAY)
#define AFTER  (169 * FORGE_DAY - 1)

enum {
	NAME_MOST = 255, /* RFC 1035; with what a certificate may hold beside it */
	IP_MOST = 16
};

static const unsigned char oid_common_name[] = { 0x55, 0x04, 0x03 };

/* The names of a leaf as they are gathered: GeneralNames, one after the other, and the common name. */
struct names {
	unsigned char list[FORGE_LEAF_MAX];
	size_t len, count;
	bool full;
	char cn[ENCODE_CN_MAX]; /* the first name that fits, or the origin's CN once it turned up */
	size_t cn_len;
	const unsigned char *wish; /* the origin's CN: taken if it is among the names */
	size_t wish_len;
};

int64_t
forge_epoch(const unsigned char hash[32], int64_t now)
{
	int64_t phase = 0, since;
	size_t i;

	for (i = 0; i < 32; i++)
		phase = (phase * 256 + hash[i]) % FORGE_EPOCH;
	since = (now - phase) % FORGE_EPOCH; /* C rounds to zero, a floor is meant */
	return now - (since < 0 ? since + FORGE_EPOCH : since);
}

/* Letters, digits, '-', '_', '.', and '*': what a client may compare with a host.  Copying more would hand
 * clients whatever bytes an origin likes. */
static bool
is_dns_text(const unsigned char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = p[i];
		bool alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');

		if (!alnum && c != '-' && c != '_' && c != '.' && c != '*')
			return false;
	}
	return len > 0 && len <= NAME_MOST;
}

static void
take_cn(struct names *n, const char *text, size_t len)
{
	bool wished = n->wish != NULL && n->wish_len == len &&
		      strncasecmp((const char *)n->wish, text, len) == 0;

	if (len > sizeof n->cn || (n->cn_len > 0 && !wished))
		return;
	memcpy(n->cn, text, len);
	n->cn_len = len;
	if (wished)
		n->wish = NULL;
}

static void
add_name(struct names *n, enum encode_tag tag, const unsigned char *content, size_t len)
{
	if (n->len + encode_value(NULL, tag, content, len) > sizeof n->list) {
		n->full = true;
		return;
	}
	n->len += encode_value(n->list + n->len, tag, content, len);
	n->count++;
}

static void
add_dns(struct names *n, const unsigned char *text, size_t len)
{
	if (!is_dns_text(text, len))
		return;
	add_name(n, ENCODE_DNS_NAME, text, len);
	take_cn(n, (const char *)text, len);
}

static void
add_ip(struct names *n, const unsigned char *ip, size_t len)
{
	struct net_addr a = { .family = len == 4 ? 4 : 6 };
	char text[NET_ADDR_TEXT];

	if (len != 4 && len != IP_MOST)
		return;
	add_name(n, ENCODE_IP_ADDRESS, ip, len);
	memcpy(a.ip, ip, len);
	net_addr_format(text, &a, false);
	take_cn(n, text, strlen(text));
}

/* The last common name of the subject, which is the most specific one. */
static void
find_wish(struct names *n, struct der subject)
{
	struct der set = { NULL, 0 }, in, type, value;
	int tag;

	if (der_take(&subject, DER_SEQUENCE, &in) != 0)
		return;
	while (x509_take_attribute(&in, &set, &type, &tag, &value) > 0)
		if (der_is(&type, oid_common_name, sizeof oid_common_name)) {
			n->wish = value.p;
			n->wish_len = value.len;
		}
}

/* Names of other kinds mean nothing to a TLS client and stay out. A certificate of old that has its name in the
 * CN alone is copied so that the client can be shown what it is: the verdict on it is not ours. */
static void
gather(struct names *n, const struct x509 *origin)
{
	struct der in = origin->names, content;

	find_wish(n, origin->subject);
	while (in.len > 0 && !n->full) {
		int kind = x509_take_name(&in, &content);

		if (kind < 0)
			break;
		if (kind == X509_NAME_DNS)
			add_dns(n, content.p, content.len);
		else if (kind == X509_NAME_IP)
			add_ip(n, content.p, content.len);
	}
	if (origin->names.len == 0 && n->wish != NULL)
		add_dns(n, n->wish, n->wish_len);
}

static size_t
refuse(char err[FORGE_ERROR], const char *why)
{
	snprintf(err, FORGE_ERROR, "%s", why);
	return 0;
}

/*
 * Serial: the first 16 bytes of SHA-256(CA certificate || body with an empty serial), positive and not zero.
 * So two leaves have the same serial only if they are the same, which clients insist on (RFC 5280 section
 * 4.1.2.2), without a counter that would have to survive on flash.
 */
static void
make_serial(const struct authority *ca, const unsigned char *body, size_t len,
	unsigned char serial[br_sha256_SIZE])
{
	static const unsigned char zero[16];
	br_sha256_context ctx;

	br_sha256_init(&ctx);
	br_sha256_update(&ctx, ca->der, ca->der_len);
	br_sha256_update(&ctx, body, len);
	br_sha256_out(&ctx, serial);
	serial[0] &= 0x7f;
	if (memcmp(serial, zero, sizeof zero) == 0)
		serial[15] = 1;
}

static size_t
sign_leaf(const struct authority *ca, struct encode_cert *c, unsigned char *out, size_t cap,
	char err[FORGE_ERROR])
{
	unsigned char serial[br_sha256_SIZE], signature[ENCODE_SIGNATURE_MAX];
	size_t len;

	c->serial = serial;
	c->serial_len = 0;
	/* The longest that it can become. */
	len = encode_cert_close(NULL, encode_cert_body(NULL, c) + sizeof serial + 8, c->hash, NULL,
		ENCODE_SIGNATURE_MAX);
	if (len > cap || len > FORGE_LEAF_MAX)
		return refuse(err, "The origin's certificate has more names than a leaf can hold.");
	make_serial(ca, out, encode_cert_body(out, c), serial);
	c->serial_len = 16;
	len = encode_cert_body(out, c);
	size_t signature_len = authority_sign(ca, out, len, signature);
	if (signature_len == 0)
		return refuse(err, "The leaf could not be signed.");
	return encode_cert_close(out, len, c->hash, signature, signature_len);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* `origin` is NULL where there is none to follow. */
static size_t
make_leaf(const struct authority *ca, const br_ec_public_key *key, const struct names *n,
	const struct x509 *origin, int64_t start, int64_t now, unsigned char *out, size_t cap,
	char err[FORGE_ERROR])
{
	unsigned char subject[ENCODE_CN_MAX + 32];
	struct encode_cert c = { .key = key, .hash = authority_hash_id(ca) };

	if (now > ca->cert.not_after)
		return refuse(err, "This proxy's CA has expired.");
	c.not_before = -least(-(start - BEFORE), -ca->cert.not_before);
	c.not_after = least(start + AFTER, ca->cert.not_after);
	if (origin != NULL) {
		c.not_before = -least(-c.not_before, -origin->not_before);
		c.not_after = least(c.not_after, origin->not_after);
	}
	/* An origin that expired long ago, where the user lets such pass: expired is what the leaf says too. */
	c.not_before = least(c.not_before, c.not_after);
	c.issuer = ca->cert.subject.p;
	c.issuer_len = ca->cert.subject.len;
	c.subject = subject;
	c.subject_len = encode_name(subject, n->cn, n->cn_len);
	c.aki = ca->cert.key_id.len > 0 ? ca->cert.key_id.p : NULL;
	c.aki_len = ca->cert.key_id.len;
	c.names = n->list;
	c.names_len = n->len;
	return sign_leaf(ca, &c, out, cap, err);
}

size_t
forge_copy(const struct authority *ca, const br_ec_public_key *key, const struct x509 *origin,
	int64_t start, int64_t now, unsigned char *out, size_t cap, char err[FORGE_ERROR])
{
	struct names n;

	n.len = n.count = n.cn_len = n.wish_len = 0;
	n.full = false;
	n.wish = NULL;
	gather(&n, origin);
	if (n.full)
		return refuse(err, "The origin's certificate has more names than a leaf can hold.");
	if (n.count == 0)
		return refuse(err, "The origin's certificate names no host.");
	return make_leaf(ca, key, &n, origin, start, now, out, cap, err);
}

size_t
forge_host(const struct authority *ca, const br_ec_public_key *key, const char *host, int64_t start,
	int64_t now, unsigned char *out, size_t cap, char err[FORGE_ERROR])
{
	struct names n;
	struct net_addr a;

	n.len = n.count = n.cn_len = n.wish_len = 0;
	n.full = false;
	n.wish = NULL;
	if (net_addr_parse(&a, host, strlen(host)) == 0)
		add_ip(&n, a.ip, a.family == 4 ? 4 : IP_MOST);
	else if (strchr(host, '*') == NULL)
		add_dns(&n, (const unsigned char *)host, strlen(host));
	if (n.count == 0)
		return refuse(err, "This is no host name that a certificate could be for.");
	return make_leaf(ca, key, &n, NULL, start, now, out, cap, err);
}
