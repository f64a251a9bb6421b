/*
 * mint: makes certificates for tests, good and bad in any way: every field of a struct mint can be wrong.
 *
 * Keys are numbers: 0 and up are P-256 keys made from the number; MINT_RSA(bits) and the others are public
 * keys without a private one, for leaves.  Signatures are deterministic, so a test is the same each time.
 */
#ifndef MINT_H
#define MINT_H

#include <bearssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINT_RSA(bits) (-(bits))
enum { MINT_ED25519 = -1, MINT_DSA = -2, MINT_EXPONENT_1 = -3, MINT_EVEN_MODULUS = -4 };
enum { MINT_NO = -1 }; /* for ca, path_length, usage: the extension or field is absent */

/* Names of subjects: "O=x/CN=y", attributes C, O, OU, CN, E; "" is an empty Name; lower-case letters before
 * '=' (cn, o) encode as UTF8String instead of PrintableString, "%1eCN=" by the tag in hex (BMPString's text is
 * widened), "+CN=" goes on with the RDN before.
 * Names of SANs and constraints: "dns:a,ip:1.2.3.4,mail:x@y,uri:http://z/,dn:CN=q,other:", and any by tag and
 * content in hex: "tag:880155". */
struct mint {
	const char *subject, *issuer;
	int key, signer;     /* signer: a P-256 key's number */
	int ca, path_length; /* basicConstraints: MINT_NO, 0, 1; pathLenConstraint */
	int usage;           /* keyUsage's first byte; MINT_NO */
	const char *
		purposes; /* extKeyUsage: "s" serverAuth, "a" any, "c" clientAuth, "" empty; NULL none */
	const char *names;                /* subjectAltName; NULL none */
	const char *permitted, *excluded; /* NULL none; "" an empty list */
	const char *not_before,
		*not_after; /* 13 characters UTCTime, 15 GeneralizedTime; NULL: 2020 and 2030 */
	const char *serial; /* bytes in hex; NULL: 01 */
	const char *extra;  /* extensions in hex, whole; NULL none */
	int version;        /* 0: 3 */
	const char *
		algorithm; /* the OID in hex, a blank and parameters or not; NULL: ecdsa-with-SHA256 */
	const char *outer;   /* the one outside, NULL: the same */
	bool spoil;          /* flip a bit of the signature */
	bool critical_names; /* subjectAltName critical */
};

/* What a test starts from, with any field set anew. */
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
#define MINT_ROOT(...)                         \
	(&(struct mint){ .subject = "CN=Root", \
		.issuer = "CN=Root",           \
		.key = 0,                      \
		.signer = 0,                   \
		.ca = 1,                       \
		.path_length = MINT_NO,        \
		.usage = 0x06,                 \
		__VA_ARGS__ })
#define MINT_CA(...)                         \
	(&(struct mint){ .subject = "CN=CA", \
		.issuer = "CN=Root",         \
		.key = 1,                    \
		.signer = 0,                 \
		.ca = 1,                     \
		.path_length = MINT_NO,      \
		.usage = 0x06,               \
		__VA_ARGS__ })
#define MINT_LEAF(...)                          \
	(&(struct mint){ .subject = "CN=leaf",  \
		.issuer = "CN=CA",              \
		.key = 2,                       \
		.signer = 1,                    \
		.ca = MINT_NO,                  \
		.path_length = MINT_NO,         \
		.usage = 0x80,                  \
		.purposes = "s",                \
		.names = "dns:www.example.com", \
		__VA_ARGS__ })

/*
 * Chains for the fuzz targets to start from: test/fuzz/corpus has what `build/unit/chain seeds DIRECTORY` writes
 * of them, and test/fuzz/chain.c knows by them what the root has signed.
 */
#define MINT_SEEDS                                                                                              \
	{                                                                                                       \
		{ MINT_LEAF(0), MINT_CA(0) },                                                                   \
			{ MINT_LEAF(0), MINT_CA(.serial = "02", .excluded = "dns:bad.example") },               \
			{ MINT_LEAF(.subject = "CN=x/E=a@example.com",                                          \
				  .names = "dns:*.example.com,ip:192.0.2.1"),                                   \
				MINT_CA(0),                                                                     \
				MINT_ROOT(                                                                      \
					0) }, /* policies: the leaf demands one, the CA has any and maps one */ \
			{                                                                                       \
				MINT_LEAF(.purposes = "sa",                                                     \
					.extra = "300f0603551d240101ff04053003800100"                           \
						 "30100603551d2004093007300506032a0301"),                       \
				MINT_CA(.path_length = 0,                                                       \
					.extra = "30110603551d20040a300830060604551d2000"                       \
						 "300d0603551d360101ff0403020100"                               \
						 "30180603551d210101ff040e300c300a06032a030106032"              \
						 "a0302")                                                       \
			}, /* names in two ways, names of all forms */                                          \
			{ MINT_LEAF(.issuer = "%1eO=Org/+%14CN=CA",                                             \
				  .names = "dns:b.a.example,other:,tag:a33000,tag:882a03,dns:"),                \
				MINT_CA(.subject = "O= org/+cn=ca",                                             \
					.permitted = "dns:.a.example,dns:",                                     \
					.excluded = "tag:882a04,dn:%1eO=x/+CN=y") },                            \
			{ MINT_LEAF(.issuer = "%1eO=Org/+%14CN=CA",                                             \
				  .names = "dns:b.a.example,other:"),                                           \
				MINT_CA(.subject = "O= org/+cn=ca",                                             \
					.permitted = "dns:.a.example,tag:882a04",                               \
					.excluded = "tag:a0060355040ca000") },                                  \
		/* critical policies with a qualifier */                                                        \
		{                                                                                               \
			MINT_LEAF(.extra = "302c0603551d200101ff04223020301e06032a030130173015060"              \
					   "82b"                                                                \
					   "060105050702011609687474703a2f2f782f"),                             \
				MINT_CA(.extra = "30120603551d240101ff04083006800100810101")                    \
		}                                                                                               \
	}
enum { MINT_SEED_COUNT = 7 };

struct mint_out {
	unsigned char *p;
	size_t len, cap;
};

static inline void
mint_put(struct mint_out *o, const void *data, size_t len)
{
	if (o->len + len > o->cap) {
		fprintf(stderr, "mint: does not fit\n");
		_Exit(2);
	}
	memcpy(o->p + o->len, data, len);
	o->len += len;
}

static inline size_t
mint_open(struct mint_out *o, int tag)
{
	unsigned char head[4] = { (unsigned char)tag, 0, 0, 0 };

	mint_put(o, head, sizeof head);
	return o->len;
}

/* Gives the value opened at `mark` its length, in as few bytes as can be. */
static inline void
mint_close(struct mint_out *o, size_t mark)
{
	size_t len = o->len - mark, spare;
	unsigned char *head = o->p + mark - 4;

	if (len < 0x80) {
		head[1] = (unsigned char)len;
		spare = 2;
	} else if (len < 0x100) {
		head[1] = 0x81;
		head[2] = (unsigned char)len;
		spare = 1;
	} else {
		head[1] = 0x82;
		head[2] = (unsigned char)(len >> 8);
		head[3] = (unsigned char)len;
		spare = 0;
	}
	memmove(o->p + mark - spare, o->p + mark, len);
	o->len -= spare;
}

static inline void
mint_value(struct mint_out *o, int tag, const void *data, size_t len)
{
	size_t mark = mint_open(o, tag);

	mint_put(o, data, len);
	mint_close(o, mark);
}

static inline void
mint_hex(struct mint_out *o, const char *hex)
{
	unsigned byte;

	for (; hex[0] && hex[1]; hex += 2) {
		sscanf(hex, "%2x", &byte);
		mint_put(o, &(unsigned char){ (unsigned char)byte }, 1);
	}
}

/* The text of an attribute; BMPString has two bytes a character. */
static inline void
mint_text(struct mint_out *o, int tag, const char *text, size_t len)
{
	size_t mark = mint_open(o, tag), i;

	for (i = 0; i < len; i++) {
		if (tag == 0x1e)
			mint_put(o, "", 1);
		mint_put(o, text + i, 1);
	}
	mint_close(o, mark);
}

static inline void
mint_attribute(struct mint_out *o, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	const char *end = text + len;
	size_t type_len, pair;
	unsigned char oid[3] = { 0x55, 0x04, 0x03 };
	unsigned tag = 0;

	if (text[0] == '%') {
		sscanf(text, "%%%2x", &tag);
		text += 3;
	}
	type_len = (size_t)(equals - text);
	pair = mint_open(o, 0x30);
	if ((text[0] | 0x20) == 'e') {
		mint_value(o, 0x06, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9);
		mint_text(o, tag ? (int)tag : 0x16, equals + 1, (size_t)(end - equals - 1));
	} else {
		oid[2] = (text[0] | 0x20) == 'o' ? (type_len == 2 ? 11 : 10)
			 : type_len == 1         ? 6
						 : 3;
		mint_value(o, 0x06, oid, 3);
		mint_text(o,
			tag              ? (int)tag
			: text[0] >= 'a' ? 0x0c
					 : 0x13,
			equals + 1, (size_t)(end - equals - 1));
	}
	mint_close(o, pair);
}

static inline void
mint_name(struct mint_out *o, const char *text, size_t len)
{
	size_t mark = mint_open(o, 0x30), set = 0, n;
	const char *end = text + len, *slash;

	while (text < end) {
		slash = memchr(text, '/', (size_t)(end - text));
		n = (size_t)((slash ? slash : end) - text);
		set = mint_open(o, 0x31);
		mint_attribute(o, text, n);
		while (slash && slash[1] == '+') {
			text = slash + 2;
			slash = memchr(text, '/', (size_t)(end - text));
			n = (size_t)((slash ? slash : end) - text);
			mint_attribute(o, text, n);
		}
		mint_close(o, set);
		text += n + (slash != NULL);
	}
	mint_close(o, mark);
}

/* "1.2.3.4" or "1.2.3.4/24" (address and mask), "x" and hex digits for any bytes. */
static inline void
mint_address(struct mint_out *o, const char *text)
{
	unsigned a, b, c, d, bits = 33;
	uint32_t mask;

	if (text[0] == 'x') {
		size_t mark = mint_open(o, 0x87);
		char hex[80];

		snprintf(hex, sizeof hex, "%.*s", (int)strcspn(text + 1, ","), text + 1);
		mint_hex(o, hex);
		mint_close(o, mark);
		return;
	}
	sscanf(text, "%u.%u.%u.%u/%u", &a, &b, &c, &d, &bits);
	mask = bits == 0 ? 0 : bits > 32 ? 0 : 0xffffffffu << (32 - bits);
	mint_value(o, 0x87,
		(unsigned char[]){ (unsigned char)a, (unsigned char)b, (unsigned char)c,
			(unsigned char)d, (unsigned char)(mask >> 24), (unsigned char)(mask >> 16),
			(unsigned char)(mask >> 8), (unsigned char)mask },
		bits > 32 ? 4 : 8);
}

/* A tag and its content, in hex. */
static inline void
mint_tagged(struct mint_out *o, const char *text)
{
	unsigned tag = 0;
	char hex[256];
	size_t mark;

	sscanf(text, "%2x", &tag);
	mark = mint_open(o, (int)tag);
	snprintf(hex, sizeof hex, "%.*s", (int)strcspn(text + 2, ","), text + 2);
	mint_hex(o, hex);
	mint_close(o, mark);
}

/* One GeneralName, up to a comma. */
static inline const char *
mint_general_name(struct mint_out *o, const char *text)
{
	size_t len = strcspn(text, ","), mark;
	const char *colon = memchr(text, ':', len), *value = colon + 1;
	size_t value_len = len - (size_t)(value - text);

	switch (text[0]) {
	case 'd':
		if (text[1] == 'n' && text[2] == 's') {
			mint_value(o, 0x82, value, value_len);
			break;
		}
		mark = mint_open(o, 0xa4);
		mint_name(o, value, value_len);
		mint_close(o, mark);
		break;
	case 'i': mint_address(o, value); break;
	case 'm': mint_value(o, 0x81, value, value_len); break;
	case 'u': mint_value(o, 0x86, value, value_len); break;
	case 't': mint_tagged(o, value); break;
	default: mint_value(o, 0xa0, "\x06\x01\x2a\xa0\x02\x05\x00", 7); break;
	}
	return text + len + (text[len] == ',');
}

static inline void
mint_subtrees(struct mint_out *o, int tag, const char *text)
{
	size_t mark, tree;

	if (!text)
		return;
	mark = mint_open(o, tag);
	while (*text) {
		tree = mint_open(o, 0x30);
		text = mint_general_name(o, text);
		mint_close(o, tree);
	}
	mint_close(o, mark);
}

/* Opens an extension 2.5.29.id; mint_end_extension closes it. */
static inline void
mint_extension(struct mint_out *o, int id, bool critical, size_t mark[2])
{
	mark[0] = mint_open(o, 0x30);
	mint_value(o, 0x06, (unsigned char[]){ 0x55, 0x1d, (unsigned char)id }, 3);
	if (critical)
		mint_value(o, 0x01, "\xff", 1);
	mark[1] = mint_open(o, 0x04);
}

static inline void
mint_end_extension(struct mint_out *o, size_t mark[2])
{
	mint_close(o, mark[1]);
	mint_close(o, mark[0]);
}

static inline void
mint_extensions(struct mint_out *o, const struct mint *m)
{
	size_t outer = mint_open(o, 0xa3), list = mint_open(o, 0x30), mark[2], in;
	const char *p;

	if (m->ca != MINT_NO) {
		mint_extension(o, 19, true, mark);
		in = mint_open(o, 0x30);
		if (m->ca)
			mint_value(o, 0x01, "\xff", 1);
		if (m->path_length != MINT_NO)
			mint_value(o, 0x02, &(unsigned char){ (unsigned char)m->path_length }, 1);
		mint_close(o, in);
		mint_end_extension(o, mark);
	}
	if (m->usage != MINT_NO) {
		mint_extension(o, 15, true, mark);
		mint_value(o, 0x03, (unsigned char[]){ 0, (unsigned char)m->usage }, 2);
		mint_end_extension(o, mark);
	}
	if (m->purposes) {
		mint_extension(o, 37, false, mark);
		in = mint_open(o, 0x30);
		for (p = m->purposes; *p; p++)
			if (*p == 'a')
				mint_value(o, 0x06, "\x55\x1d\x25\x00", 4);
			else
				mint_value(o, 0x06,
					*p == 's' ? "\x2b\x06\x01\x05\x05\x07\x03\x01"
						  : "\x2b\x06\x01\x05\x05\x07\x03\x02",
					8);
		mint_close(o, in);
		mint_end_extension(o, mark);
	}
	if (m->names) {
		mint_extension(o, 17, m->critical_names, mark);
		in = mint_open(o, 0x30);
		for (p = m->names; *p;)
			p = mint_general_name(o, p);
		mint_close(o, in);
		mint_end_extension(o, mark);
	}
	if (m->permitted || m->excluded) {
		mint_extension(o, 30, true, mark);
		in = mint_open(o, 0x30);
		mint_subtrees(o, 0xa0, m->permitted);
		mint_subtrees(o, 0xa1, m->excluded);
		mint_close(o, in);
		mint_end_extension(o, mark);
	}
	if (m->extra)
		mint_hex(o, m->extra);
	mint_close(o, list);
	mint_close(o, outer);
}

static inline void
mint_private(br_ec_private_key *sk, unsigned char x[32], int key)
{
	memset(x, 0x5a, 32);
	x[31] = (unsigned char)key;
	*sk = (br_ec_private_key){ BR_EC_secp256r1, x, 32 };
}

static inline void
mint_rsa_key(struct mint_out *o, int bits, unsigned char exponent, unsigned char last)
{
	unsigned char n[1025] = { 0 };
	size_t len = (size_t)(bits + 7) / 8, mark, seq, in;

	memset(n + 1, 0xb5, len);
	n[1] = (unsigned char)(0xff >> ((8 - bits % 8) % 8));
	n[len] = last;
	mark = mint_open(o, 0x30);
	mint_value(o, 0x30, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 13);
	seq = mint_open(o, 0x03);
	mint_put(o, "", 1);
	in = mint_open(o, 0x30);
	mint_value(o, 0x02, n[1] >= 0x80 ? n : n + 1, len + (n[1] >= 0x80));
	mint_value(o, 0x02, &exponent, 1);
	mint_close(o, in);
	mint_close(o, seq);
	mint_close(o, mark);
}

static inline void
mint_key(struct mint_out *o, int key)
{
	unsigned char x[32], q[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_private_key sk;
	br_ec_public_key pk;
	size_t mark, bits;

	if (key == MINT_EXPONENT_1 || key == MINT_EVEN_MODULUS || key < -100) {
		mint_rsa_key(o, key < -100 ? -key : 2048, key == MINT_EXPONENT_1 ? 1 : 3,
			key == MINT_EVEN_MODULUS ? 0xb4 : 0xb5);
		return;
	}
	mark = mint_open(o, 0x30);
	if (key < 0) {
		mint_value(o, 0x30,
			key == MINT_DSA ? "\x06\x07\x2a\x86\x48\xce\x38\x04\x01"
					: "\x06\x03\x2b\x65\x70",
			key == MINT_DSA ? 9 : 5);
		bits = mint_open(o, 0x03);
		mint_put(o, "\0abcdefghijklmnopabcdefghijklmnop", 33);
	} else {
		mint_private(&sk, x, key);
		br_ec_compute_pub(br_ec_get_default(), &pk, q, &sk);
		mint_value(o, 0x30,
			"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01"
			"\x07",
			19);
		bits = mint_open(o, 0x03);
		mint_put(o, "", 1);
		mint_put(o, pk.q, pk.qlen);
	}
	mint_close(o, bits);
	mint_close(o, mark);
}

static inline void
mint_algorithm(struct mint_out *o, const char *hex)
{
	size_t mark = mint_open(o, 0x30), oid = mint_open(o, 0x06);
	const char *text = hex ? hex : "2a8648ce3d040302", *parameters = strchr(text, ' ');
	char first[64];

	snprintf(first, sizeof first, "%.*s", (int)strcspn(text, " "), text);
	mint_hex(o, first);
	mint_close(o, oid);
	if (parameters)
		mint_hex(o, parameters + 1);
	mint_close(o, mark);
}

static inline void
mint_time(struct mint_out *o, const char *text)
{
	mint_value(o, strlen(text) == 13 ? 0x17 : 0x18, text, strlen(text));
}

static inline void
mint_tbs(struct mint_out *o, const struct mint *m)
{
	size_t mark = mint_open(o, 0x30), in;

	if (m->version != 1) {
		in = mint_open(o, 0xa0);
		mint_value(o, 0x02,
			&(unsigned char){ (unsigned char)((m->version ? m->version : 3) - 1) }, 1);
		mint_close(o, in);
	}
	in = mint_open(o, 0x02);
	mint_hex(o, m->serial ? m->serial : "01");
	mint_close(o, in);
	mint_algorithm(o, m->algorithm);
	mint_name(o, m->issuer, strlen(m->issuer));
	in = mint_open(o, 0x30);
	mint_time(o, m->not_before ? m->not_before : "200101000000Z");
	mint_time(o, m->not_after ? m->not_after : "300101000000Z");
	mint_close(o, in);
	mint_name(o, m->subject, strlen(m->subject));
	mint_key(o, m->key);
	if (m->version != 1)
		mint_extensions(o, m);
	mint_close(o, mark);
}

/* Writes the certificate to out[cap] and returns its length. */
static inline size_t
mint_cert(const struct mint *m, unsigned char *out, size_t cap)
{
	struct mint_out o = { out, 0, cap };
	unsigned char x[32], hash[32], signature[80];
	br_sha256_context h;
	br_ec_private_key sk;
	size_t mark = mint_open(&o, 0x30), tbs = o.len, len;

	mint_tbs(&o, m);
	br_sha256_init(&h);
	br_sha256_update(&h, out + tbs, o.len - tbs);
	br_sha256_out(&h, hash);
	mint_private(&sk, x, m->signer);
	len = br_ecdsa_sign_asn1_get_default()(
		br_ec_get_default(), &br_sha256_vtable, hash, &sk, signature + 1);
	signature[0] = 0;
	if (m->spoil)
		signature[len] ^= 1;
	mint_algorithm(&o, m->outer ? m->outer : m->algorithm);
	mint_value(&o, 0x03, signature, len + 1);
	mint_close(&o, mark);
	return o.len;
}

/* Writes it to a file as PEM, with lines of `columns` characters and that end of line. */
static inline void
mint_pem(FILE *f, const unsigned char *der, size_t len, size_t columns, const char *eol)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, column = 0;
	int k;

	fprintf(f, "-----BEGIN CERTIFICATE-----%s", eol);
	for (i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)der[i] << 16 |
				 (uint32_t)(i + 1 < len ? der[i + 1] : 0) << 8 |
				 (i + 2 < len ? der[i + 2] : 0);

		for (k = 0; k < 4; k++) {
			fputc(i + (size_t)k > len ? '=' : digits[group >> (18 - 6 * k) & 63], f);
			if (++column % columns == 0)
				fputs(eol, f);
		}
	}
	fprintf(f, "%s-----END CERTIFICATE-----%s", column % columns ? eol : "", eol);
}

#endif
