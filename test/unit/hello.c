/*
 * hello: real clients' hellos are understood, split anywhere and over any records; whatever could be read in
 * two ways is refused.  The real ones were captured by test/unit/hello-capture.py and seed the fuzzer as well.
 */
#include "check.h"
#include "lib/tls/hello.h"

enum { BIG = 1 << 17 }; /* bytes: a long hello in records of one byte */

/* --- building hellos ------------------------------------------------------------------------------ */

struct bytes {
	unsigned char at[BIG];
	size_t len;
};

static void
put(struct bytes *b, const void *data, size_t len)
{
	if (b->len + len > sizeof b->at)
		exit(2);
	memcpy(b->at + b->len, data, len);
	b->len += len;
}

static void
put_number(struct bytes *b, size_t value, int bytes)
{
	while (bytes-- > 0)
		put(b, &(unsigned char){ (unsigned char)(value >> 8 * bytes) }, 1);
}

/* "16 03 01" */
static void
put_hex(struct bytes *b, const char *hex)
{
	for (char *end; *hex != '\0'; hex = end + (*end == ' '))
		put_number(b, strtoul(hex, &end, 16), 1);
}

/* The parts of a hello that a case changes; the rest is one that we can serve. */
struct parts {
	const char *version;    /* NULL: 03 03 */
	const char *session_id; /* with its length; NULL: 00 */
	const char *suites, *compression;
	const char *extensions; /* with their headers, in hex; NULL: none, not even the length */
	size_t padding;         /* of an extension 21 after them; 0: none */
	const char *tail;
};

/* x25519 and P-256; ECDSA with SHA-256 */
#define GROUPS  "00 0a 00 06 00 04 00 1d 00 17 "
#define SIGS    "00 0d 00 04 00 02 04 03 "
#define GOOD    GROUPS SIGS
#define SNI_ABC "00 00 00 08 00 06 00 00 03 61 62 63 "

/* The handshake message. */
static void
build(struct bytes *b, const struct parts *p)
{
	static struct bytes body[1], list[1], extensions[1];

	body->len = list->len = extensions->len = 0;
	put_hex(body, p->version != NULL ? p->version : "03 03");
	put(body, (unsigned char[32]){ 1, 2, 3 }, 32);
	put_hex(body, p->session_id != NULL ? p->session_id : "00");
	put_hex(list, p->suites != NULL ? p->suites : "c0 2b");
	put_number(body, list->len, 2);
	put(body, list->at, list->len);
	put_hex(body, p->compression != NULL ? p->compression : "01 00");
	if (p->extensions != NULL) {
		put_hex(extensions, p->extensions);
		if (p->padding > 0) {
			static const unsigned char zeros[BIG];

			put_hex(extensions, "00 15");
			put_number(extensions, p->padding, 2);
			put(extensions, zeros, p->padding);
		}
		put_number(body, extensions->len, 2);
		put(body, extensions->at, extensions->len);
	}
	if (p->tail != NULL)
		put_hex(body, p->tail);
	b->len = 0;
	put_number(b, 1, 1);
	put_number(b, body->len, 3);
	put(b, body->at, body->len);
}

/* The message in records of at most `size` bytes. */
static void
pack(struct bytes *wire, const struct bytes *message, size_t size)
{
	wire->len = 0;
	for (size_t at = 0; at < message->len; at += size) {
		size_t n = message->len - at < size ? message->len - at : size;

		put_hex(wire, "16 03 01");
		put_number(wire, n, 2);
		put(wire, message->at + at, n);
	}
}

static void
unpack(struct bytes *message, const unsigned char *wire, size_t len)
{
	message->len = 0;
	for (size_t at = 0; at < len;) {
		size_t n = (size_t)wire[at + 3] << 8 | wire[at + 4];

		put(message, wire + at + 5, n);
		at += 5 + n;
	}
}

/* One guard page for all: there are a hundred thousand calls. */
static int
parse(struct hello *h, const void *bytes, size_t len)
{
	static unsigned char *end;
	int got;

	if (end == NULL)
		end = (unsigned char *)check_guard(&(struct bytes){ .len = 0 }, BIG) + BIG;
	memcpy(end - len, bytes, len);
	memset(h, 0xa5, sizeof *h); /* nothing of what was there may matter */
	got = hello_parse(h, end - len, len);
	if (got <= 0 && (h->sni[0] != '\0' || h->tls12 || h->suite || h->session_id_len != 0))
		CHECK_STR("a hello that was not read", "empty");
	if ((got < 0) != (h->error != HELLO_OK))
		CHECK_INT(h->error, got);
	return got;
}

static struct bytes message, wire;

static int
parse_parts(struct hello *h, const struct parts *p)
{
	build(&message, p);
	pack(&wire, &message, 16384);
	return parse(h, wire.at, wire.len);
}

/* --- real ones ------------------------------------------------------------------------------------ */

static void
test_captured(void)
{
	static const struct {
		const char *name;
		bool sni, alpn, http11, tls12, suite, group, signature;
	} cases[] = {
		{ "openssl", 1, 0, 0, 1, 1, 1, 1 },
		{ "openssl-no-sni", 0, 0, 0, 1, 1, 1, 1 },
		{ "openssl-tls12", 1, 0, 0, 1, 1, 1, 1 },
		{ "openssl-tls13", 1, 0, 0, 0, 0, 1, 1 },
		{ "openssl-rsa", 1, 0, 0, 1, 0, 1, 1 },
		{ "openssl-p384", 1, 0, 0, 1, 1, 0, 1 },
		{ "openssl-rsa-sigalgs", 1, 0, 0, 1, 0, 1, 0 },
		{ "openssl-h2", 1, 1, 0, 1, 1, 1, 1 },
		{ "gnutls", 1, 0, 0, 1, 1, 1, 1 },
		{ "nss", 1, 0, 0, 1, 1, 1, 1 },
		{ "chromium", 1, 1, 1, 1, 1, 1, 1 },
		{ "java", 1, 0, 0, 1, 1, 1, 1 },
		{ "go", 1, 0, 0, 1, 1, 1, 1 },
		{ "curl", 1, 1, 1, 1, 1, 1, 1 },
		{ "python", 1, 0, 0, 1, 1, 1, 1 },
		{ "node", 1, 0, 0, 1, 1, 1, 1 },
	};
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 100, 1024 };
	static unsigned char file[HELLO_WIRE_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char path[128];
		struct hello h;
		size_t len;
		FILE *f;

		snprintf(path, sizeof path, "test/fuzz/corpus/hello/%s", cases[i].name);
		if ((f = fopen(path, "rb")) == NULL) {
			perror(path);
			exit(2);
		}
		len = fread(file, 1, sizeof file, f);
		fclose(f);
		unpack(&message, file, len);
		for (size_t k = 0; k <= sizeof sizes / sizeof sizes[0]; k++) {
			if (k == 0)
				wire.len = 0, put(&wire, file, len);
			else
				pack(&wire, &message, sizes[k - 1]);
			for (size_t cut = 0; cut < wire.len; cut++)
				if (parse(&h, wire.at, cut) != 0)
					CHECK_INT(cut, -1);
			CHECK_INT(parse(&h, wire.at, wire.len), wire.len);
			CHECK_STR(h.sni, cases[i].sni ? "capture.example" : "");
			CHECK_INT(h.has_alpn, cases[i].alpn);
			CHECK_INT(h.alpn_http11, cases[i].http11);
			CHECK_INT(h.tls12, cases[i].tls12);
			CHECK(h.tls13 || strcmp(cases[i].name, "openssl-tls13") != 0);
			CHECK_INT(h.suite, cases[i].suite);
			CHECK_INT(h.group, cases[i].group);
			CHECK_INT(h.signature, cases[i].signature);
			CHECK(h.point);
			CHECK_INT(hello_is_speakable(&h),
				((cases[i].tls12 && cases[i].suite) || h.tls13) && cases[i].group &&
					cases[i].signature && cases[i].alpn == cases[i].http11);
		}
		/* What comes behind the records is not looked at. */
		put_hex(&wire, "17 03 03");
		CHECK_INT(parse(&h, wire.at, wire.len), wire.len - 3);
		/* No broken bit leads astray; the last records are of 1024 bytes. */
		for (size_t bit = 0; bit < 8 * (wire.len - 3); bit++) {
			wire.at[bit / 8] ^= (unsigned char)(1 << bit % 8);
			parse(&h, wire.at, wire.len);
			wire.at[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		/* A message that ends early is malformed wherever it ends (before compression, or in extensions). */
		for (size_t cut = 4; cut < message.len; cut++) {
			struct bytes short_one = { .len = 0 };
			int got;

			put(&short_one, message.at, cut);
			short_one.at[1] = 0;
			short_one.at[2] = (unsigned char)((cut - 4) >> 8);
			short_one.at[3] = (unsigned char)(cut - 4);
			pack(&wire, &short_one, 16384);
			got = parse(&h, wire.at, wire.len);
			/* Behind the compression methods there may be nothing at all. */
			if (got != -1 && (h.signature || h.sni[0] != '\0' || h.has_alpn))
				CHECK_INT(cut, -1);
		}
	}
}

/* OpenSSL's client sends an address as SNI if it is told to: RFC 6066 forbids it, and it counts as none. */
static void
test_captured_ip(void)
{
	static unsigned char file[1024];
	FILE *f = fopen("test/fuzz/corpus/hello/openssl-ip-sni", "rb");
	struct hello h;

	if (f == NULL)
		exit(2);
	CHECK(parse(&h, file, fread(file, 1, sizeof file, f)) > 0);
	CHECK_STR(h.sni, "");
	fclose(f);
}

/* --- records -------------------------------------------------------------------------------------- */

static void
test_records(void)
{
	static const struct {
		const char *hex;
		int got;
		enum hello_error error;
	} cases[] = {
		{ "", 0, HELLO_OK },
		{ "16", 0, HELLO_OK },
		{ "16 03", 0, HELLO_OK },
		{ "47", -1, HELLO_NOT_TLS },                   /* GET */
		{ "53 53 48", -1, HELLO_NOT_TLS },             /* SSH */
		{ "80", -1, HELLO_NOT_TLS },                   /* SSLv2 */
		{ "80 2e 01 03 01 00 15", -1, HELLO_NOT_TLS }, /* SSLv2 */
		{ "13", -1, HELLO_NOT_TLS },
		{ "19", -1, HELLO_NOT_TLS },
		{ "16 02", -1, HELLO_MALFORMED },
		{ "16 fe fd 00 10", -1, HELLO_MALFORMED },       /* DTLS */
		{ "15 03 01 00 02 02 28", -1, HELLO_MALFORMED }, /* an alert: TLS all the same */
		{ "14", -1, HELLO_MALFORMED },
		{ "17 03 03 00 05", -1, HELLO_MALFORMED },
		{ "18", -1, HELLO_MALFORMED },
		{ "16 03 00 00 05 01", 0, HELLO_OK }, /* the minor version says nothing */
		{ "16 03 ff 00 05 01", 0, HELLO_OK },
		{ "16 03 01 00 00", -1, HELLO_MALFORMED },    /* empty */
		{ "16 03 01 40 01", -1, HELLO_MALFORMED },    /* over 2^14 */
		{ "16 03 01 40 00", -1, HELLO_TOO_LARGE },    /* with its header over our bound */
		{ "16 03 01 3f fb 01", 0, HELLO_OK },         /* just under it */
		{ "16 03 01 00 05 02", -1, HELLO_MALFORMED }, /* ServerHello */
		{ "16 03 01 00 05 00", -1, HELLO_MALFORMED }, /* HelloRequest */
		{ "16 03 01 00 04 01 00 00 00", -1, HELLO_MALFORMED },
		{ "16 03 01 00 04 01 00 3f f7", 0, HELLO_OK },
		{ "16 03 01 00 04 01 00 3f f8", -1, HELLO_TOO_LARGE },
		{ "16 03 01 00 04 01 ff ff ff", -1, HELLO_TOO_LARGE },
		{ "16 03 01 00 01 01 16 03 01 00 00", -1, HELLO_MALFORMED },
		{ "16 03 01 00 01 01 17", -1, HELLO_MALFORMED },
		{ "16 03 01 00 01 01 16 02", -1, HELLO_MALFORMED },
		{ "16 03 01 00 01 01 14 03 01 00 01 01", -1, HELLO_MALFORMED },
	};
	struct hello h;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		wire.len = 0;
		put_hex(&wire, cases[i].hex);
		if (parse(&h, wire.at, wire.len) != cases[i].got || h.error != cases[i].error)
			CHECK_STR(cases[i].hex, hello_error_text(h.error));
	}

	/* A record that holds more than the hello. */
	build(&message, &(struct parts){ .extensions = GOOD });
	put_hex(&message, "00");
	pack(&wire, &message, 16384);
	CHECK_INT(parse(&h, wire.at, wire.len), -1);
	CHECK_INT(h.error, HELLO_MALFORMED);
	/* The same byte in a record of its own is not ours to judge. */
	message.len--;
	pack(&wire, &message, 16384);
	put_hex(&wire, "16 03 03 00 01 00");
	CHECK_INT(parse(&h, wire.at, wire.len), wire.len - 6);
}

/* Of HELLO_WIRE_MAX bytes there is always an answer, whatever the records are like. */
static void
test_size(void)
{
	static const size_t sizes[] = { 1, 2, 3, 5, 7, 64, 1000, 8192, 16384 };
	struct hello h;

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		bool fitted = false, refused = false;

		wire.len = 0;
		for (size_t padding = 1; wire.len < HELLO_WIRE_MAX + 50;) {
			size_t len;
			int got;

			build(&message, &(struct parts){ .extensions = GOOD, .padding = padding });
			pack(&wire, &message, sizes[i]);
			len = wire.len < HELLO_WIRE_MAX ? wire.len : HELLO_WIRE_MAX;
			got = parse(&h, wire.at, len);
			if (got != (wire.len <= HELLO_WIRE_MAX ? (int)wire.len : -1))
				CHECK_INT(padding, -1);
			if (got < 0 && h.error != HELLO_TOO_LARGE)
				CHECK_INT(h.error, HELLO_TOO_LARGE);
			fitted |= got > 0;
			refused |= got < 0;
			padding += wire.len < HELLO_WIRE_MAX - 1000 ? 61 : 1;
		}
		CHECK(fitted && refused);
	}
	build(&message,
		&(struct parts){ .extensions = GOOD,
			.padding = HELLO_WIRE_MAX - 5 - 4 - 2 - 32 - 1 - 4 - 2 - 2 - 18 - 4 });
	pack(&wire, &message, 16384);
	CHECK_INT(wire.len, HELLO_WIRE_MAX);
	CHECK_INT(parse(&h, wire.at, wire.len), HELLO_WIRE_MAX);
	CHECK(hello_is_speakable(&h));
}

/* --- what it says --------------------------------------------------------------------------------- */

static void
test_flags(void)
{
	static const struct {
		struct parts parts;
		bool tls12, suite, group, point, signature;
	} cases[] = {
		{ { .extensions = GOOD }, 1, 1, 1, 1, 1 },
		{ { 0 }, 1, 1, 1, 1, 0 },                /* no extensions at all */
		{ { .extensions = "" }, 1, 1, 1, 1, 0 }, /* an empty block */
		{ { .extensions = SIGS }, 1, 1, 1, 1,
			1 }, /* no groups named: P-256 is ours to choose */
		{ { .extensions = GROUPS }, 1, 1, 1, 1, 0 }, /* SHA-1 is meant */
		/* versions */
		{ { .version = "03 04", .extensions = GOOD }, 1, 1, 1, 1, 1 },
		{ { .version = "03 02", .extensions = GOOD }, 0, 1, 1, 1, 1 },
		{ { .version = "03 00", .extensions = GOOD }, 0, 1, 1, 1, 1 },
		{ { .extensions = GOOD "00 2b 00 03 02 03 03" }, 1, 1, 1, 1, 1 },
		{ { .extensions = GOOD "00 2b 00 03 02 03 04" }, 0, 1, 1, 1, 1 },
		{ { .extensions = GOOD "00 2b 00 07 06 7a 7a 03 04 03 03" }, 1, 1, 1, 1, 1 },
		{ { .extensions = GOOD "00 2b 00 07 06 7a 7a 03 04 03 02" }, 0, 1, 1, 1, 1 },
		{ { .version = "03 02", .extensions = GOOD "00 2b 00 03 02 03 03" }, 0, 1, 1, 1,
			1 },
		/* suites */
		{ { .suites = "cc a9", .extensions = GOOD }, 1, 1, 1, 1, 1 },
		{ { .suites = "c0 2c", .extensions = GOOD }, 1, 1, 1, 1, 1 },
		{ { .suites = "13 01 c0 2f cc a8 c0 2b", .extensions = GOOD }, 1, 1, 1, 1, 1 },
		{ { .suites = "13 01 c0 2f cc a8 00 2f c0 23", .extensions = GOOD }, 1, 0, 1, 1,
			1 },
		{ { .suites = "2b c0", .extensions = GOOD }, 1, 0, 1, 1, 1 },
		/* groups */
		{ { .extensions = SIGS "00 0a 00 04 00 02 00 1d" }, 1, 1, 1, 1, 1 },
		{ { .extensions = SIGS "00 0a 00 04 00 02 00 17" }, 1, 1, 1, 1, 1 },
		{ { .extensions = SIGS "00 0a 00 04 00 02 00 18" }, 1, 1, 0, 1, 1 },
		{ { .extensions = SIGS "00 0a 00 06 00 04 63 99 1d 00" }, 1, 1, 0, 1, 1 },
		/* point formats */
		{ { .extensions = GOOD "00 0b 00 02 01 00" }, 1, 1, 1, 1, 1 },
		{ { .extensions = GOOD "00 0b 00 04 03 01 02 00" }, 1, 1, 1, 1, 1 },
		{ { .extensions = GOOD "00 0b 00 02 01 01" }, 1, 1, 1, 0, 1 },
		/* signatures */
		{ { .extensions = GROUPS "00 0d 00 04 00 02 05 03" }, 1, 1, 1, 1, 1 },
		{ { .extensions = GROUPS "00 0d 00 04 00 02 06 03" }, 1, 1, 1, 1, 1 },
		{ { .extensions = GROUPS "00 0d 00 04 00 02 02 03" }, 1, 1, 1, 1, 0 },
		{ { .extensions = GROUPS "00 0d 00 08 00 06 04 01 08 04 03 03" }, 1, 1, 1, 1, 0 },
	};
	struct hello h;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_INT(parse_parts(&h, &cases[i].parts), wire.len);
		if (h.tls12 != cases[i].tls12 || h.suite != cases[i].suite ||
			h.group != cases[i].group || h.point != cases[i].point ||
			h.signature != cases[i].signature)
			CHECK_INT(i, -1);
		CHECK_INT(hello_is_speakable(&h),
			h.tls12 && h.suite && h.group && h.point && h.signature);
	}
	CHECK(!hello_is_speakable(&(struct hello){ 0 }));
}

/* What a client must have of each version. */
static void
test_versions(void)
{
	static const struct {
		struct parts parts;
		bool tls12, tls13, speakable;
	} cases[] = {
		{ { .extensions = GOOD }, true, false, true },
		{ { .extensions = GOOD "00 2b 00 03 02 03 03" }, true, false, true },
		{ { .suites = "13 01", .extensions = GOOD "00 2b 00 03 02 03 04" }, false, true,
			true },
		{ { .suites = "13 03 c0 2c", .extensions = GOOD "00 2b 00 05 04 03 04 03 03" },
			true, true, true },
		{ { .suites = "13 02", .extensions = GOOD }, true, false,
			false }, /* not asked for */
		{ { .suites = "c0 2c", .extensions = GOOD "00 2b 00 03 02 03 04" }, false, false,
			false },
		{ { .suites = "13 04", .extensions = GOOD "00 2b 00 03 02 03 04" }, false, false,
			false },
		{ { .suites = "c0 2f 00 2f", .extensions = GOOD }, true, false, false },
		{ { .suites = "13 01",
			  .extensions = "00 0a 00 04 00 02 11 ec 00 0d 00 04 00 02 04 03 "
					"00 2b 00 03 02 03 04" },
			false, true, true }, /* X25519MLKEM768 alone */
		{ { .extensions = GROUPS }, true, false, false },
	};
	struct hello h;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_INT(parse_parts(&h, &cases[i].parts), wire.len);
		if (h.tls12 != cases[i].tls12 || h.tls13 != cases[i].tls13 ||
			hello_is_speakable(&h) != cases[i].speakable)
			CHECK_INT(i, -1);
	}
}

static void
test_alpn(void)
{
	static const struct {
		const char *hex;
		int http; /* 1: 1.1 is named, 2: 1.0, 3: both; -1: malformed */
	} cases[] = {
		{ "00 10 00 0b 00 09 08 68 74 74 70 2f 31 2e 31", 1 },
		{ "00 10 00 0e 00 0c 02 68 32 08 68 74 74 70 2f 31 2e 31", 1 },
		{ "00 10 00 0e 00 0c 08 68 74 74 70 2f 31 2e 31 02 68 32", 1 },
		{ "00 10 00 05 00 03 02 68 32", 0 },
		{ "00 10 00 0b 00 09 08 68 74 74 70 2f 31 2e 30", 2 },
		{ "00 10 00 0e 00 0c 02 68 32 08 68 74 74 70 2f 31 2e 30", 2 },
		{ "00 10 00 14 00 12 08 68 74 74 70 2f 31 2e 31 08 68 74 74 70 2f 31 2e 30", 3 },
		{ "00 10 00 0b 00 09 08 68 74 74 70 2f 31 2e 32", 0 },
		{ "00 10 00 0b 00 09 08 68 74 74 70 2f 32 2e 30", 0 },
		{ "00 10 00 0b 00 09 08 48 54 54 50 2f 31 2e 31", 0 }, /* bytes, not letters */
		{ "00 10 00 0a 00 08 07 68 74 74 70 2f 31 2e", 0 },
		{ "00 10 00 0c 00 0a 09 68 74 74 70 2f 31 2e 31 00", 0 },
		{ "00 10 00 13 00 11 10 68 74 74 70 2f 31 2e 31 68 74 74 70 2f 31 2e 31", 0 },
		{ "00 10 00 00", -1 },
		{ "00 10 00 02 00 00", -1 },
		{ "00 10 00 03 00 01 00", -1 }, /* an empty name */
		{ "00 10 00 06 00 04 02 68 32 00", -1 },
		{ "00 10 00 05 00 03 03 68 32", -1 },
		{ "00 10 00 06 00 03 02 68 32 00", -1 }, /* a byte behind the list */
		{ "00 10 00 04 00 03 02 68 32", -1 },
	};
	struct hello h;
	char hex[256];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int got;

		snprintf(hex, sizeof hex, GOOD "%s", cases[i].hex);
		got = parse_parts(&h, &(struct parts){ .extensions = hex });
		if (cases[i].http < 0 ? got != -1 || h.error != HELLO_MALFORMED
				      : got <= 0 || h.alpn_http11 != (cases[i].http & 1))
			CHECK_STR(cases[i].hex, hello_error_text(h.error));
		CHECK_INT(h.has_alpn, cases[i].http >= 0);
		CHECK_INT(h.alpn_http10, cases[i].http >= 2);
		CHECK_INT(hello_is_speakable(&h), cases[i].http > 0);
	}
	CHECK(parse_parts(&h, &(struct parts){ .extensions = GOOD }) > 0 && !h.has_alpn);
}

static void
test_malformed(void)
{
	static const struct {
		struct parts parts;
		enum hello_error error;
	} cases[] = {
		{ { .extensions = GOOD SIGS }, HELLO_DUPLICATE },
		{ { .extensions = "5a 5a 00 00 " GOOD "5a 5a 00 00" }, HELLO_DUPLICATE },
		{ { .extensions = SNI_ABC GOOD SNI_ABC }, HELLO_DUPLICATE },
		{ { .version = "02 00" }, HELLO_MALFORMED },
		{ { .version = "fe fd" }, HELLO_MALFORMED },
		{ { .suites = "" }, HELLO_MALFORMED },
		{ { .suites = "c0 2b c0" }, HELLO_MALFORMED },
		{ { .compression = "00" }, HELLO_MALFORMED },
		{ { .compression = "01 01" }, HELLO_MALFORMED },
		{ { .compression = "05 00" }, HELLO_MALFORMED },
		{ { .session_id = "21 "
				  "00 01 02 03 04 05 06 07 00 01 02 03 04 05 06 07 "
				  "00 01 02 03 04 05 06 07 00 01 02 03 04 05 06 07 08" },
			HELLO_MALFORMED },
		{ { .session_id = "ff" }, HELLO_MALFORMED },
		{ { .tail = "00" }, HELLO_MALFORMED },
		{ { .extensions = GOOD, .tail = "00" }, HELLO_MALFORMED },
		{ { .extensions = GOOD "ff" }, HELLO_MALFORMED },
		{ { .extensions = GOOD "ff ff 00" }, HELLO_MALFORMED },
		{ { .extensions = GOOD "ff ff 00 01" }, HELLO_MALFORMED },
		{ { .extensions = GOOD "ff ff ff ff 00" }, HELLO_MALFORMED },
		{ { .extensions = SIGS "00 0a 00 00" }, HELLO_MALFORMED },
		{ { .extensions = SIGS "00 0a 00 02 00 00" }, HELLO_MALFORMED },
		{ { .extensions = SIGS "00 0a 00 03 00 01 1d" }, HELLO_MALFORMED },
		{ { .extensions = SIGS "00 0a 00 05 00 02 00 1d 00" }, HELLO_MALFORMED },
		{ { .extensions = SIGS "00 0a 00 04 00 04 00 1d 00 17" }, HELLO_MALFORMED },
		{ { .extensions = GOOD "00 0b 00 01 00" }, HELLO_MALFORMED },
		{ { .extensions = GOOD "00 0b 00 00" }, HELLO_MALFORMED },
		{ { .extensions = GOOD "00 2b 00 01 00" }, HELLO_MALFORMED },
		{ { .extensions = GOOD "00 2b 00 02 01 03" }, HELLO_MALFORMED },
		{ { .extensions = GROUPS "00 0d 00 02 00 00" }, HELLO_MALFORMED },
		{ { .extensions = GROUPS "00 0d 00 05 00 03 04 03 04" }, HELLO_MALFORMED },
	};
	static char many[100 * 12 + 1];
	struct hello h;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (parse_parts(&h, &cases[i].parts) != -1 || h.error != cases[i].error) {
			CHECK_INT(i, -1);
			CHECK_STR(hello_error_text(h.error), hello_error_text(cases[i].error));
		}
	/* 64 extensions are borne, 65 are not. */
	for (int i = 0; i < 65; i++)
		snprintf(many + i * 12, 13, "77 %02x 00 00 ", i);
	CHECK_INT(parse_parts(&h, &(struct parts){ .extensions = many }), -1);
	CHECK_INT(h.error, HELLO_MALFORMED);
	many[64 * 12] = '\0';
	CHECK_INT(parse_parts(&h, &(struct parts){ .extensions = many }), wire.len);
}

static void
test_session_id(void)
{
	struct hello h;

	CHECK(parse_parts(&h, &(struct parts){ .session_id = "03 0a 0b 0c" }) > 0);
	CHECK(h.session_id_len == 3 && memcmp(h.session_id, "\x0a\x0b\x0c", 4) == 0);
	CHECK(parse_parts(&h,
		      &(struct parts){
			      .session_id = "20 00 01 02 03 04 05 06 07 00 01 02 03 04 05 06 07 "
					    "00 01 02 03 04 05 06 07 00 01 02 03 04 05 06 ff" }) >
		0);
	CHECK(h.session_id_len == 32 && h.session_id[31] == 0xff);
}

/* --- names ---------------------------------------------------------------------------------------- */

/* A server_name extension with `count` entries of this name, of this type. */
static int
parse_name(struct hello *h, unsigned type, const char *name, size_t len, int count)
{
	static struct bytes b;
	static char hex[3 * BIG];

	b.len = 0;
	put_number(&b, 0, 2);
	put_number(&b, 2 + (size_t)count * (3 + len), 2);
	put_number(&b, (size_t)count * (3 + len), 2);
	for (int i = 0; i < count; i++) {
		put_number(&b, type, 1);
		put_number(&b, len, 2);
		put(&b, name, len);
	}
	for (size_t i = 0; i < b.len; i++)
		snprintf(hex + 3 * i, 4, "%02x ", b.at[i]);
	return parse_parts(h, &(struct parts){ .extensions = hex });
}

static void
test_names(void)
{
	static const struct {
		const char *sent, *read; /* NULL: refused */
	} cases[] = {
		{ "example.com", "example.com" },
		{ "EXAMPLE.Com", "example.com" },
		{ "example.com.", "example.com" },
		{ "localhost", "localhost" },
		{ "a", "a" },
		{ "my_host.example", "my_host.example" },
		{ "_dmarc.example", "_dmarc.example" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "1and1.com", "1and1.com" },
		{ "1.2.3.4.example", "1.2.3.4.example" },
		{ "-x-.example", "-x-.example" },
		{ "", "" }, /* as if there were none */
		{ ".", NULL },
		{ "..", NULL },
		{ "example.com..", NULL },
		{ ".example.com", NULL },
		{ "example..com", NULL },
		{ "1.2.3.4", "" },  /* as if there were none */
		{ "1.2.3.4.", "" }, /* as if there were none */
		{ "127.1", NULL },
		{ "2130706433", NULL },
		{ "0x7f.1", NULL },
		{ "foo.0x7f", NULL },
		{ "foo.1", NULL },
		{ "::1", "" },   /* as if there were none */
		{ "[::1]", "" }, /* as if there were none */
		{ "2001:DB8::0:1", "" },
		{ "[::1]:443", NULL },
		{ "1.2.3.4:443", NULL },
		{ "::g", NULL },
		{ "::1]", NULL },
		{ "example.com:443", NULL },
		{ "example.com:", NULL },
		{ "exam ple.com", NULL },
		{ "*.example.com", NULL },
		{ "b\xc3\xbc"
		  "cher.example",
			NULL },
		{ "example.com/", NULL },
		{ "user@example.com", NULL },
		{ "example.com\n", NULL },
		{ "a%00b.example", NULL },
	};
	static char text[300];
	struct hello h;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int got = parse_name(&h, 0, cases[i].sent, strlen(cases[i].sent), 1);

		if ((got > 0) != (cases[i].read != NULL) ||
			h.error != (got > 0 ? HELLO_OK : HELLO_BAD_NAME))
			CHECK_STR(cases[i].sent, hello_error_text(h.error));
		CHECK_STR(h.sni, cases[i].read != NULL ? cases[i].read : "");
	}
	CHECK_INT(parse_name(&h, 0, "a\0b", 3, 1), -1);
	CHECK_INT(parse_name(&h, 0, "a.example\0", 10, 1), -1);
	CHECK_INT(parse_name(&h, 0, "\0", 1, 1), -1);
	CHECK_INT(h.error, HELLO_BAD_NAME);
	CHECK_INT(parse_name(&h, 0, "a.example", 9, 2), -1); /* two names, even the same */
	CHECK_INT(h.error, HELLO_BAD_NAME);
	CHECK_INT(parse_name(&h, 1, "a.example", 9, 1), -1); /* no type that anyone knows */
	CHECK_INT(h.error, HELLO_BAD_NAME);
	CHECK(parse_name(&h, 0, "", 0, 0) > 0); /* no name in the list */
	CHECK_INT(parse_name(&h, 0, "", 0, 2), -1);
	CHECK_INT(parse_name(&h, 0, "1.2.3.4", 7, 2), -1);

	/* 253 characters, and a dot behind them; labels of 63. */
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 64 == 63 ? '.' : 'a';
	CHECK(parse_name(&h, 0, text, 253, 1) > 0 && strlen(h.sni) == 253);
	text[253] = '.';
	CHECK(parse_name(&h, 0, text, 254, 1) > 0 && strlen(h.sni) == 253);
	text[253] = 'a';
	for (size_t len = 254; len < 300; len++)
		if (parse_name(&h, 0, text, len, 1) != -1 || h.error != HELLO_BAD_NAME)
			CHECK_INT(len, -1);
	memset(text, 'a', 64);
	CHECK_INT(parse_name(&h, 0, text, 64, 1), -1);
	CHECK(parse_name(&h, 0, text, 63, 1) > 0);

	/* Lengths that lie. */
	CHECK(parse_parts(&h, &(struct parts){ .extensions = "00 00 00 00" }) > 0 &&
		h.sni[0] == '\0');
	CHECK(parse_parts(&h, &(struct parts){ .extensions = "00 00 00 02 00 00" }) > 0);
	CHECK_INT(parse_parts(&h, &(struct parts){ .extensions = "00 00 00 01 00" }), -1);
	CHECK_INT(parse_parts(&h, &(struct parts){ .extensions = "00 00 00 06 00 04 00 00 03 61" }),
		-1);
	CHECK_INT(h.error, HELLO_MALFORMED);
	CHECK_INT(parse_parts(
			  &h, &(struct parts){ .extensions = "00 00 00 07 00 04 00 00 01 61 62" }),
		-1);
	CHECK_INT(h.error, HELLO_MALFORMED);
}

int
main(void)
{
	test_captured();
	test_captured_ip();
	test_records();
	test_size();
	test_flags();
	test_versions();
	test_alpn();
	test_malformed();
	test_session_id();
	test_names();
	for (int e = HELLO_OK; e <= HELLO_BAD_NAME; e++)
		CHECK(hello_error_text((enum hello_error)e) != NULL);
	return check_done("hello");
}
