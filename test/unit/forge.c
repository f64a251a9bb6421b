/* forge: what stands in a leaf, for origins of all shapes; dates against the rule written out; determinism. */
#include "check.h"
#include "lib/x509/encode.h"
#include "lib/x509/forge.h"

#include <stdbool.h>

static const int64_t now = 1795305600; /* 2026-11-22 */
static char err[FORGE_ERROR];
static unsigned char leaf[FORGE_LEAF_MAX], origin_der[65536];
static struct authority ca, other;

/* An origin's certificate as a test wants it. */
struct origin {
	const char *cn;
	unsigned char names[40000];
	size_t names_len;
	int64_t not_before, not_after;
};

static void
add(struct origin *o, unsigned tag, const void *text, size_t len)
{
	o->names_len += encode_value(o->names + o->names_len, tag, text, len);
}

static void
add_dns(struct origin *o, const char *name)
{
	add(o, ENCODE_DNS_NAME, name, strlen(name));
}

static struct x509
make_origin(const struct origin *o)
{
	unsigned char name[256], serial = 1, signature[72] = { 0 };
	struct encode_cert c = { .serial = &serial,
		.serial_len = 1,
		.issuer = name,
		.subject = name,
		.not_before = o->not_before != 0 ? o->not_before : now - 86400,
		.not_after = o->not_after != 0 ? o->not_after : now + 90 * (int64_t)86400,
		.key = &other.leaf_public,
		.hash = br_sha256_ID,
		.names = o->names_len > 0 ? o->names : NULL,
		.names_len = o->names_len };
	struct x509 x;
	size_t len;

	c.issuer_len = c.subject_len = encode_name(name, o->cn, strlen(o->cn));
	len = encode_cert_body(origin_der, &c);
	len = encode_cert_close(origin_der, len, c.hash, signature, sizeof signature);
	CHECK_INT(x509_parse(&x, origin_der, len), 0);
	return x;
}

static size_t
copy_at(const struct origin *o, int64_t start, int64_t when)
{
	struct x509 x = make_origin(o);

	err[0] = '\0';
	return forge_copy(&ca, &ca.leaf_public, &x, start, when, leaf, sizeof leaf, err);
}

static size_t
copy(const struct origin *o)
{
	return copy_at(o, now - 86400, now);
}

/* Is the leaf signed by the CA? */
static bool
is_signed(const struct x509 *x, const struct authority *by)
{
	unsigned char hash[br_sha384_SIZE], point[97];
	br_ec_public_key key;
	br_sha256_context c256;
	br_sha384_context c384;
	size_t len = br_sha256_SIZE;

	br_ec_compute_pub(br_ec_get_default(), &key, point, &by->key);
	if (authority_hash_id(by) == br_sha384_ID) {
		br_sha384_init(&c384);
		br_sha384_update(&c384, x->tbs.p, x->tbs.len);
		br_sha384_out(&c384, hash);
		len = br_sha384_SIZE;
	} else {
		br_sha256_init(&c256);
		br_sha256_update(&c256, x->tbs.p, x->tbs.len);
		br_sha256_out(&c256, hash);
	}
	return br_ecdsa_vrfy_asn1_get_default()(
		       br_ec_get_default(), hash, len, &key, x->signature.p, x->signature.len) == 1;
}

static const char *
subject_of(const struct x509 *x)
{
	static char text[100];

	return x509_name_text(&x->subject, text, sizeof text);
}

static void
test_profile(void)
{
	struct origin o = { .cn = "www.example.org" };
	struct x509 x;
	struct der in, content;
	size_t len;

	add_dns(&o, "example.org");
	add(&o, 0x81, "me@example.org", 14); /* e-mail: stays out */
	add_dns(&o, "*.example.org");
	add(&o, ENCODE_IP_ADDRESS, "\xc0\0\2\1", 4);
	add_dns(&o, "WWW.example.org");
	add(&o, 0x86, "https://example.org/", 20);
	add(&o, ENCODE_IP_ADDRESS, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	len = copy(&o);
	CHECK_STR(err, "");
	CHECK_INT(x509_parse(&x, leaf, len), 0);
	CHECK_INT(x.version, 3);
	CHECK(is_signed(&x, &ca));
	CHECK(der_same(&x.issuer, &ca.cert.subject));
	CHECK_INT(x.key.kind, X509_KEY_P256);
	CHECK(x.key.n.len == 65 && memcmp(x.key.n.p, ca.leaf_public.q, 65) == 0);
	CHECK(x.has_ca_constraint && !x.is_ca && x.path_length == -1);
	CHECK(x.has_key_usage && x.key_usage == X509_DIGITAL_SIGNATURE);
	CHECK(x.has_usages && x.allows_server && !x.has_unknown_critical && !x.algorithms_differ);
	CHECK(der_same(&x.issuer_key_id, &ca.cert.key_id));
	CHECK_INT(x.key_id.len, 0);
	CHECK_STR(subject_of(&x), "WWW.example.org"); /* the CN, spelt as the SAN */

	/* the kind of a name, then the name */
	static const char first[] = "\x02" /* not a digit of the escape */ "example.org";
	static const char *want[] = { first, "\x02*.example.org", "\x07\xc0\0\2\1",
		"\x02WWW.example.org" };
	in = x.names;
	for (size_t i = 0; i < 4; i++) {
		CHECK_INT(x509_take_name(&in, &content), want[i][0]);
		CHECK(memcmp(content.p, want[i] + 1, content.len) == 0);
	}
	CHECK_INT(x509_take_name(&in, &content), X509_NAME_IP);
	CHECK_INT(content.len, 16);
	CHECK_INT(in.len, 0);
}

/* Serial: recomputed by hand from the body whose serial is taken out. */
static void
test_serial(void)
{
	struct origin o = { .cn = "" };
	struct x509 x;
	struct der body, version, serial;
	unsigned char empty[2000], hash[32];
	size_t n = 0;
	br_sha256_context ctx;

	add_dns(&o, "a.example");
	CHECK_INT(x509_parse(&x, leaf, copy(&o)), 0);
	struct der tbs = x.tbs;
	der_take(&tbs, DER_SEQUENCE, &body);
	der_take_any(&body, NULL, NULL, &version);
	der_take_any(&body, NULL, &serial, NULL);
	memcpy(empty, version.p, version.len);
	n = version.len;
	empty[n++] = 2;
	empty[n++] = 0;
	memcpy(empty + n, body.p, body.len);
	n = encode_wrap(empty, ENCODE_SEQUENCE, n + body.len);
	br_sha256_init(&ctx);
	br_sha256_update(&ctx, ca.der, ca.der_len);
	br_sha256_update(&ctx, empty, n);
	br_sha256_out(&ctx, hash);
	hash[0] &= 0x7f;
	CHECK(serial.len <= 16 && memcmp(serial.p, hash + 16 - serial.len, serial.len) == 0);
	CHECK(serial.p[0] < 0x80);
}

static void
test_subjects(void)
{
	static const struct {
		const char *cn, *first, *second, *subject;
	} cases[] = {
		{ "b.example", "a.example", "b.example", "b.example" }, /* the CN, if a SAN */
		{ "c.example", "a.example", "b.example",
			"a.example" }, /* else the first that fits */
		{ "", "a.example", "b.example", "a.example" },
		{ "Acme Inc.",
			"a23456789.123456789.123456789.123456789.123456789.123456789.12345.x",
			"b.example", "b.example" },
		{ "a23456789.123456789.123456789.123456789.123456789.123456789.1234", "z.example",
			"a23456789.123456789.123456789.123456789.123456789.123456789.1234",
			"a23456789.123456789.123456789.123456789.123456789.123456789.1234" },
		{ "a23456789.123456789.123456789.123456789.123456789.123456789.12345",
			"a23456789.123456789.123456789.123456789.123456789.123456789.12345",
			"a23456789.123456789.123456789.123456789.123456789.123456789.12345.y", "" },
	};
	struct x509 x;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct origin o = { .cn = cases[i].cn };

		add_dns(&o, cases[i].first);
		add_dns(&o, cases[i].second);
		CHECK_INT(x509_parse(&x, leaf, copy(&o)), 0);
		CHECK_STR(subject_of(&x), cases[i].subject);
		/* Then and only then the SAN is critical: 55 1d 11, TRUE. */
		bool critical = false;
		for (size_t j = 0; j + 6 < x.tbs.len; j++)
			critical |= memcmp(x.tbs.p + j, "\x55\x1d\x11\x01\x01\xff", 6) == 0;
		CHECK_INT(critical, cases[i].subject[0] == '\0');
	}
	struct origin ip = { .cn = "192.0.2.7" };
	add(&ip, ENCODE_IP_ADDRESS, "\xc0\0\2\6", 4);
	add(&ip, ENCODE_IP_ADDRESS, "\xc0\0\2\7", 4);
	CHECK_INT(x509_parse(&x, leaf, copy(&ip)), 0);
	CHECK_STR(subject_of(&x), "192.0.2.7");
}

/* Bytes that no client compares with a host stay out; what is left must be something. */
static void
test_odd_names(void)
{
	struct origin o = { .cn = "x" }, none = { .cn = "two words" },
		      old = { .cn = "old.example" };
	struct x509 x;
	struct der in, content;
	char text[1000];

	memset(text, 'a', sizeof text);
	add(&o, ENCODE_DNS_NAME, "good.example\0evil", 17);
	add(&o, ENCODE_DNS_NAME, "b\xc3\xbc.example", 11);
	add(&o, ENCODE_DNS_NAME, "", 0);
	add(&o, ENCODE_DNS_NAME, text, 256);
	add(&o, ENCODE_DNS_NAME, "a b", 3);
	CHECK_INT(copy(&o), 0);
	CHECK_STR(err, "The origin's certificate names no host.");
	add_dns(&o, "_ok-1.example");
	CHECK_INT(x509_parse(&x, leaf, copy(&o)), 0);
	in = x.names;
	CHECK_INT(x509_take_name(&in, &content), X509_NAME_DNS);
	CHECK(der_is(&content, "_ok-1.example", 13) && in.len == 0);
	CHECK_INT(copy(&none), 0);
	CHECK_STR(err, "The origin's certificate names no host.");
	CHECK_INT(x509_parse(&x, leaf, copy(&old)), 0); /* a CN of old */
	in = x.names;
	CHECK_INT(x509_take_name(&in, &content), X509_NAME_DNS);
	CHECK(der_is(&content, "old.example", 11));
}

static void
test_many_names(void)
{
	static struct origin o, full;
	struct x509 x;
	struct der in, content;
	char name[64];
	size_t len, n = 0;

	o.cn = full.cn = "h999.shared-cdn.exampl";
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "h%03d.shared-cdn.exampl", i);
		add_dns(&o, name);
	}
	len = copy(&o);
	CHECK_STR(err, "");
	CHECK(len > 22000 && len <= FORGE_LEAF_MAX);
	CHECK_INT(x509_parse(&x, leaf, len), 0);
	CHECK_STR(subject_of(&x), o.cn);
	for (in = x.names; in.len > 0; n++)
		CHECK_INT(x509_take_name(&in, &content), X509_NAME_DNS);
	CHECK_INT(n, 1000);
	/* Names up to the bound, one byte at a time over it: made whole, or refused by name. */
	while (full.names_len < FORGE_LEAF_MAX - 600)
		add_dns(&full, "filler.example");
	size_t base = full.names_len;
	unsigned made = 0, refused = 0;
	for (size_t extra = 1; extra < 255; extra++) {
		memset(name, 'x', sizeof name);
		full.names_len = base;
		char text[256];
		memset(text, 'x', sizeof text);
		add(&full, ENCODE_DNS_NAME, text, extra);
		add(&full, ENCODE_DNS_NAME, text, extra);
		len = copy(&full);
		CHECK(len <= FORGE_LEAF_MAX);
		made += len > 0;
		refused +=
			len == 0 &&
			strcmp(err,
				"The origin's certificate has more names than a leaf can hold.") ==
				0;
	}
	CHECK(made > 20 && refused > 20);
	CHECK_INT(made + refused, 254);
	add_dns(&full, "x");
	while (full.names_len < 39000)
		add_dns(&full, "filler.example");
	CHECK_INT(copy(&full), 0);
	/* A small buffer is not overrun. */
	struct origin one = { .cn = "" };
	add_dns(&one, "a.example");
	len = copy(&one);
	x = make_origin(&one);
	for (size_t cap = len - 3; cap < len + 40; cap++) {
		unsigned char *out = check_guard(leaf, cap);
		size_t got = forge_copy(&ca, &ca.leaf_public, &x, now - 86400, now, out, cap, err);

		CHECK(got == 0 || got == len);
		check_unguard(out, cap);
	}
}

static int64_t
max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* DESIGN's rule, written out again. */
static void
test_dates(void)
{
	const int64_t d = 86400;
	const int64_t befores[] = { now - 400 * d, now - 10 * d, now + 300 * d,
		ca.cert.not_before - d };
	const int64_t afters[] = { now + 4000 * d, now + 90 * d, now + d, now - d, now - 500 * d };
	const int64_t starts[] = { now, now - 63 * d, now + 3600 * d };

	for (size_t b = 0; b < 4; b++)
		for (size_t a = 0; a < 5; a++)
			for (size_t s = 0; s < 3; s++) {
				struct origin o = {
					.cn = "", .not_before = befores[b], .not_after = afters[a]
				};
				struct x509 x;
				int64_t from = max(
					starts[s] - 30 * d, max(befores[b], ca.cert.not_before));
				int64_t to = min(
					starts[s] + 169 * d - 1, min(afters[a], ca.cert.not_after));

				add_dns(&o, "a.example");
				CHECK_INT(x509_parse(&x, leaf, copy_at(&o, starts[s], now)), 0);
				CHECK_INT(x.not_after, to);
				CHECK_INT(x.not_before, min(from, to));
				CHECK(x.not_after - x.not_before + 1 <= 199 * d);
			}
	struct origin o = { .cn = "" };
	add_dns(&o, "a.example");
	CHECK(copy_at(&o, now, ca.cert.not_after) > 0);
	CHECK_INT(copy_at(&o, now, ca.cert.not_after + 1), 0);
	CHECK_STR(err, "This proxy's CA has expired.");
}

static void
test_epochs(void)
{
	unsigned char hash[32] = { 0 };
	const int64_t s = 64 * 86400;

	CHECK_INT(forge_epoch(hash, 0), 0);
	CHECK_INT(forge_epoch(hash, s - 1), 0);
	CHECK_INT(forge_epoch(hash, s), s);
	CHECK_INT(forge_epoch(hash, -1), -s);
	CHECK_INT(forge_epoch(hash, -s), -s);
	hash[31] = 100;
	CHECK_INT(forge_epoch(hash, 99), 100 - s);
	CHECK_INT(forge_epoch(hash, 100), 100);
	/* 2^248 mod 5,529,600, worked out with another tool */
	memset(hash, 0, sizeof hash);
	hash[0] = 1;
	CHECK_INT(forge_epoch(hash, 5000000), 1785856);
	for (int i = 0; i < 2000; i++) {
		int64_t when = now + (int64_t)i * 999983 * (i % 2 ? 1 : -1);

		hash[i % 32] = (unsigned char)(i * 77);
		int64_t start = forge_epoch(hash, when);
		CHECK(start <= when && when < start + s);
		CHECK_INT(forge_epoch(hash, start), start);
		CHECK_INT(forge_epoch(hash, start + s - 1), start);
	}
}

static void
test_same(void)
{
	struct origin o = { .cn = "a.example" };
	static unsigned char first[FORGE_LEAF_MAX];
	struct x509 x;
	size_t len, again;

	add_dns(&o, "a.example");
	len = copy(&o);
	memcpy(first, leaf, len);
	again = copy_at(&o, now - 86400, now + 5 * 86400);
	CHECK(len == again && memcmp(first, leaf, len) == 0);
	x = make_origin(&o);
	again = forge_copy(&other, &ca.leaf_public, &x, now - 86400, now, leaf, sizeof leaf, err);
	CHECK(again > 0 && !(len == again && memcmp(first, leaf, len) == 0));
	CHECK_INT(x509_parse(&x, leaf, again), 0);
	CHECK(is_signed(&x, &other) && !is_signed(&x, &ca));
	CHECK(!der_same(&x.issuer, &ca.cert.subject));
}

static void
test_hosts(void)
{
	static const struct {
		const char *host;
		int kind;
		const char *content, *subject;
		size_t len;
	} cases[] = {
		{ "a.example", X509_NAME_DNS, "a.example", "a.example", 9 },
		{ "192.0.2.1", X509_NAME_IP, "\xc0\0\2\1", "192.0.2.1", 4 },
		{ "2001:db8::1", X509_NAME_IP, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
			"2001:db8::1", 16 },
	};
	static const char *bad[] = { "", "*.example", "a b", "a/b", "a\nb", "b\xc3\xbc.example",
		"[::1]" };
	struct x509 x;
	struct der in, content;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t len = forge_host(&ca, &ca.leaf_public, cases[i].host, now - 86400, now, leaf,
			sizeof leaf, err);

		CHECK_INT(x509_parse(&x, leaf, len), 0);
		in = x.names;
		CHECK_INT(x509_take_name(&in, &content), cases[i].kind);
		CHECK(der_is(&content, cases[i].content, cases[i].len) && in.len == 0);
		CHECK_STR(subject_of(&x), cases[i].subject);
		CHECK_INT(x.not_before, max(now - 31 * 86400, ca.cert.not_before));
		CHECK_INT(x.not_after, now + 168 * 86400 - 1);
		CHECK(is_signed(&x, &ca));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_INT(
			forge_host(&ca, &ca.leaf_public, bad[i], now, now, leaf, sizeof leaf, err),
			0);
		CHECK_STR(err, "This is no host name that a certificate could be for.");
	}
}

int
main(void)
{
	if (authority_make_untrusted(&ca, now, err) != 0 ||
		authority_make_untrusted(&other, now - 86400, err) != 0)
		return 2;
	test_profile();
	test_serial();
	test_subjects();
	test_odd_names();
	test_many_names();
	test_dates();
	test_epochs();
	test_same();
	test_hosts();
	return check_done("forge");
}
