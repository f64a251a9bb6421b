/* cases: what a TLS engine must refuse and must accept, one test a number of the list in the project's TLS notes; a
 * comment says the case in words.  The peer is a puppet with the right keys. */
#include "check.h"
#include "puppet.h"

/* Alerts, RFC 8446 section 6. */
enum {
	UM = 10, /* unexpected_message */
	BAD_MAC = 20,
	OVERFLOW_ = 22,
	FAILURE = 40,
	IP = 47, /* illegal_parameter */
	DE = 50, /* decode_error */
	DECRYPT = 51,
	VERSION = 70,
	FALLBACK = 86,
	MISSING = 109,
	UNSUPPORTED = 110,
	NO_PROTOCOL = 120
};

#define REFUSED(alert)                          \
	do {                                    \
		CHECK_INT(alert_sent(), alert); \
		CHECK(engine_is_closed(&e));    \
		CHECK(e.shake == NULL);         \
	} while (0)
#define ACCEPTED() CHECK_INT(engine_error(&e), 0)

static unsigned char big[20000];

/* A header that says this, and as many bytes. */
static void
give_raw(unsigned type, size_t len)
{
	const unsigned char head[5] = { (unsigned char)type, 3, 3, (unsigned char)(len >> 8),
		(unsigned char)len };

	feed(head, sizeof head);
	feed(big, len);
}

/* Inner plaintext as it is, under the right key. */
static void
give_inner(const void *inner, size_t len)
{
	static unsigned char buf[17000];
	struct record r = e.read;
	size_t whole;

	/* record_seal writes the type behind the data: the last byte of `inner` takes its place */
	memcpy(buf + RECORD_HEAD, inner, len - 1);
	whole = record_seal(
		&r, (enum record_type)((const unsigned char *)inner)[len - 1], buf, len - 1);
	feed(buf, whole);
}

/* --- records and alerts --- */

static void
case_1(void) /* a clear record over 2^14 */
{
	server();
	give_raw(22, 16385);
	REFUSED(OVERFLOW_);
	client();
	give_raw(22, 16385);
	REFUSED(OVERFLOW_);
}

static void
case_2(void) /* a ciphertext over 2^14 + 256 */
{
	client_open();
	give_raw(23, 16384 + 257);
	REFUSED(OVERFLOW_);
}

static void
case_3(void) /* an inner plaintext over 2^14 + 1 */
{
	client_open();
	memset(big, 'x', sizeof big);
	give_inner(big, 16386);
	REFUSED(OVERFLOW_);
	client_open();
	big[16384] = 23;
	give_inner(big, 16385);
	ACCEPTED();
	memset(big, 0, sizeof big);
}

static void
case_4(void) /* a record that was altered */
{
	unsigned char buf[64];
	size_t len;

	client_open();
	len = seal(buf, RECORD_DATA, "hello", 5);
	buf[len - 1] ^= 1;
	feed(buf, len);
	REFUSED(BAD_MAC);
	server_open();
	len = seal(buf, RECORD_DATA, "hello", 5);
	buf[7] ^= 0x80;
	feed(buf, len);
	REFUSED(BAD_MAC);
}

static void
case_5(void) /* nothing but zeros inside */
{
	client_open();
	give_inner("\0\0\0\0", 4);
	REFUSED(UM);
}

static void
case_6(void) /* an inner type of 0, 20, or unknown */
{
	static const unsigned char types[] = { 20, 24, 99 };

	for (size_t i = 0; i < sizeof types; i++) {
		const unsigned char inner[2] = { 1, types[i] };

		client_open();
		give_inner(inner, 2);
		REFUSED(UM);
	}
}

static void
case_7(void) /* clear handshake or data once keys are on */
{
	client_at_encrypted();
	give_clear(RECORD_HANDSHAKE, "\10\0\0\2\0\0", 6);
	REFUSED(UM);
	client_open();
	give_clear(RECORD_HANDSHAKE, "\4\0\0\0", 4);
	REFUSED(UM);
	server_at_finished();
	give_clear(RECORD_HANDSHAKE, "\24\0\0\0", 4);
	REFUSED(UM);
}

static void
case_8(void) /* any legacy_record_version */
{
	struct draft d;
	unsigned char buf[1024];
	size_t len;

	server();
	d = client_hello(&(struct asks){ 0 });
	draft_close(&d, MESSAGE_HEAD, 3);
	len = seal(buf, RECORD_HANDSHAKE, d.p, d.len);
	buf[1] = 0x7f;
	buf[2] = 0x1c;
	feed(buf, len);
	CHECK_INT(e.state, SERVER_FINISHED);
}

static void
case_9(void) /* empty application data, padding to the full: accepted, bounded in a row */
{
	client_open();
	for (int i = 0; i < 20; i++)
		give(RECORD_DATA, NULL, 0);
	ACCEPTED();
	big[0] = 23; /* a type, and behind it 16 KiB of zeros */
	give_inner(big, 16385);
	ACCEPTED();
	for (int i = 0; i < 40; i++)
		give(RECORD_DATA, NULL, 0);
	REFUSED(UM);
	memset(big, 0, sizeof big);
}

static void
case_10(void) /* an empty handshake or alert record */
{
	server();
	give_raw(22, 0);
	REFUSED(UM);
	client();
	give_raw(21, 0);
	REFUSED(UM);
	client_open();
	give(RECORD_HANDSHAKE, NULL, 0);
	REFUSED(UM);
	client_open();
	give(RECORD_ALERT, NULL, 0);
	REFUSED(UM);
}

static void
case_11(void) /* an alert that is split, doubled, not of 2 bytes */
{
	client_open();
	give(RECORD_ALERT, "\1", 1);
	REFUSED(DE);
	client_open();
	give(RECORD_ALERT, "\1\0\1\0", 4);
	REFUSED(DE);
	client();
	give(RECORD_ALERT, "\2", 1);
	REFUSED(DE);
	client();
	give(RECORD_ALERT, "\2\50\2\50", 4);
	REFUSED(DE);
}

static void
case_12(void) /* another record type inside a split message */
{
	client_at_encrypted();
	give(RECORD_HANDSHAKE, "\10\0", 2);
	give_clear(RECORD_CCS, "\1", 1);
	REFUSED(UM);
	client_at_encrypted();
	give(RECORD_HANDSHAKE, "\10\0", 2);
	give(RECORD_ALERT, "\2\50", 2);
	REFUSED(UM);
	client_open();
	give(RECORD_HANDSHAKE, "\30\0\0\1", 4);
	give(RECORD_DATA, "x", 1);
	REFUSED(UM);
	client_at_certificate(); /* one that is read as it comes */
	give(RECORD_HANDSHAKE, "\13\0\1\0\0\0\0", 7);
	give(RECORD_ALERT, "\2\50", 2);
	REFUSED(UM);
}

static void
give_two(struct draft *first, const void *second, size_t len)
{
	draft_close(first, MESSAGE_HEAD, 3);
	memcpy(first->p + first->len, second, len);
	give(RECORD_HANDSHAKE, first->p, first->len + len);
}

static void
case_13(void) /* bytes behind a message that changes keys */
{
	struct draft d;

	client();
	d = server_hello(&(struct says){ 0 });
	give_two(&d, "\10\0\0\2\0\0", 6);
	REFUSED(UM);
	client_at_finished();
	d = finished();
	give_two(&d, "\4", 1);
	REFUSED(UM);
	client_open();
	d = message(MESSAGE_KEY_UPDATE);
	draft_number(&d, 0, 1);
	give_two(&d, "\4", 1);
	REFUSED(UM);
	server();
	d = client_hello(&(struct asks){ 0 });
	give_two(&d, "\24", 1);
	REFUSED(UM);
	server_at_finished();
	d = finished();
	give_two(&d, "\24\0", 2);
	REFUSED(UM);
	client(); /* and behind a HelloRetryRequest */
	d = server_hello(&(struct says){ .random = retry, .group = GROUP_P256 });
	give_two(&d, "\2", 1);
	REFUSED(UM);
}

static void
case_14(void) /* many messages a record, one over many, fragments of 1 byte */
{
	struct draft d;
	unsigned char both_of_them[2048];
	size_t len;

	client_at_encrypted();
	d = encrypted(NULL, 0);
	draft_close(&d, MESSAGE_HEAD, 3);
	memcpy(both_of_them, d.p, len = d.len);
	d = certificate();
	draft_close(&d, MESSAGE_HEAD, 3);
	memcpy(both_of_them + len, d.p, d.len);
	give(RECORD_HANDSHAKE, both_of_them, len + d.len);
	CHECK_INT(e.state, CLIENT_VERIFY);
	client_at_encrypted();
	for (size_t i = 0; i < len + d.len; i++)
		give(RECORD_HANDSHAKE, both_of_them + i, 1);
	CHECK_INT(e.state, CLIENT_VERIFY);
	server();
	d = client_hello(&(struct asks){ 0 });
	draft_close(&d, MESSAGE_HEAD, 3);
	memcpy(both_of_them, d.p, d.len);
	for (size_t i = 0; i < d.len; i++)
		give(RECORD_HANDSHAKE, both_of_them + i, 1);
	CHECK_INT(e.state, SERVER_FINISHED);
}

static void
case_15(void) /* ChangeCipherSpec {01} between the first hello and the peer's Finished: dropped, bounded */
{
	client();
	give_clear(RECORD_CCS, "\1", 1);
	say_hello(&(struct says){ 0 });
	give_clear(RECORD_CCS, "\1", 1);
	say_encrypted(NULL, 0);
	give_clear(RECORD_CCS, "\1", 1);
	ACCEPTED();
	CHECK_INT(e.state, CLIENT_SHOWN);
	for (int i = 0; i < 40; i++)
		give_clear(RECORD_CCS, "\1", 1);
	REFUSED(UM);
	server_at_finished();
	give_clear(RECORD_CCS, "\1", 1);
	say_finished();
	CHECK(engine_is_open(&e));
}

static void
case_16(void) /* any other ChangeCipherSpec */
{
	client_at_encrypted();
	give_clear(RECORD_CCS, "\2", 1);
	REFUSED(UM);
	client_at_encrypted();
	give_clear(RECORD_CCS, "\1\1", 2);
	REFUSED(UM);
	server(); /* before the first hello */
	give_clear(RECORD_CCS, "\1", 1);
	REFUSED(UM);
	client_open(); /* after Finished */
	give_clear(RECORD_CCS, "\1", 1);
	REFUSED(UM);
	server_open();
	give_clear(RECORD_CCS, "\1", 1);
	REFUSED(UM);
	client_at_encrypted(); /* under the key */
	give(RECORD_CCS, "\1", 1);
	REFUSED(UM);
}

static void
case_17(void) /* application data before Finished */
{
	client_at_encrypted();
	give(RECORD_DATA, "x", 1);
	REFUSED(UM);
	client_at_finished();
	give(RECORD_DATA, "x", 1);
	REFUSED(UM);
	server_at_finished();
	give(RECORD_DATA, "x", 1);
	REFUSED(UM);
	server();
	give_clear(RECORD_DATA, "x", 1);
	REFUSED(UM);
}

static void
case_18(void) /* a KeyUpdate before AES-GCM's limit; none of ChaCha20's; never enforced on receipt */
{
	unsigned char key[32];
	size_t len;

	client();
	say_hello(&(struct says){ .suite = 0x1301 });
	say_encrypted(NULL, 0);
	say_certificate();
	say_verify(0x0403, false);
	say_finished();
	CHECK(engine_is_open(&e));
	memcpy(key, e.write.key, 32);
	e.write.sequence = RECORD_LIMIT - 1;
	CHECK(engine_room(&e, &len) != NULL && memcmp(key, e.write.key, 32) == 0);
	e.write.sequence = RECORD_LIMIT;
	CHECK(engine_room(&e, &len) != NULL && memcmp(key, e.write.key, 32) != 0 &&
		e.write.sequence == 0);
	collect();
	e.read.sequence = (uint64_t)1 << 33;
	give(RECORD_DATA, "x", 1);
	ACCEPTED();
	client_open();
	memcpy(key, e.write.key, 32);
	e.write.sequence = (uint64_t)1 << 33;
	CHECK(engine_room(&e, &len) != NULL && memcmp(key, e.write.key, 32) == 0);
}

static void
case_19(void) /* an error alert of any level, an unknown one: fatal */
{
	client_open();
	give(RECORD_ALERT, "\1\50", 2);
	CHECK_INT(engine_error(&e), ENGINE_ALERT + 40);
	client_open();
	give(RECORD_ALERT, "\2\377", 2);
	CHECK_INT(engine_error(&e), ENGINE_ALERT + 255);
	CHECK(engine_is_closed(&e));
	client();
	give(RECORD_ALERT, "\2\106", 2);
	CHECK_INT(engine_error(&e), ENGINE_ALERT + 70);
	CHECK(engine_error_is_uninspectable(engine_error(&e)));
	client(); /* TLS 1.2's warning, before its version is known */
	give(RECORD_ALERT, "\1\160", 2);
	ACCEPTED();
}

static void
case_20(void) /* close_notify: reading ends, writing may go on */
{
	size_t len;

	client_open();
	give(RECORD_ALERT, "\1\0", 2);
	CHECK(engine_is_ended(&e) && !engine_is_closed(&e) && engine_recv_buf(&e, &len) == NULL);
	CHECK(engine_room(&e, &len) != NULL);
	sent_len = 0;
	engine_put(&e, 5);
	engine_flush(&e);
	collect();
	CHECK(sent_len == 5 + 5 + 1 + 16);
	engine_close(&e);
	collect();
	CHECK_INT(alert_sent(), 0);
	CHECK(engine_is_closed(&e) && engine_error(&e) == 0);
	client_open(); /* the other way round: what comes after our close is thrown away */
	engine_close(&e);
	collect();
	give(RECORD_DATA, "x", 1);
	CHECK(engine_peek(&e, &len) == NULL && !engine_is_closed(&e));
	give(RECORD_ALERT, "\1\0", 2);
	CHECK(engine_is_closed(&e));
}

static void
case_21(void) /* user_canceled: ignored, bounded */
{
	client_open();
	give(RECORD_ALERT, "\1\132", 2);
	ACCEPTED();
	for (int i = 0; i < 40; i++)
		give(RECORD_ALERT, "\1\132", 2);
	REFUSED(UM);
}

static void
case_22(void) /* an end without close_notify is not one */
{
	client_open();
	CHECK(!engine_is_ended(&e) && !engine_is_closed(&e));
}

static void
case_23(void) /* a client's alert in clear, before it had keys */
{
	server_at_finished();
	give_clear(RECORD_ALERT, "\2\60", 2);
	CHECK_INT(engine_error(&e), ENGINE_ALERT + 48);
	server_open();
	give_clear(RECORD_ALERT, "\2\60", 2);
	REFUSED(UM);
}

/* --- any message --- */

/* The same messages with a byte more at their end. */
static void
case_24(void)
{
	struct draft d;

	client();
	d = server_hello(&(struct says){ 0 });
	draft_number(&d, 0, 1);
	say(&d);
	REFUSED(DE);
	client_at_encrypted();
	d = encrypted(NULL, 0);
	draft_number(&d, 0, 1);
	say(&d);
	REFUSED(DE);
	client_at_certificate();
	d = certificate();
	draft_number(&d, 0, 1);
	say(&d);
	REFUSED(DE);
	server();
	d = client_hello(&(struct asks){ 0 });
	draft_number(&d, 0, 1);
	say(&d);
	REFUSED(DE);
	client_open();
	d = message(MESSAGE_TICKET);
	draft_bytes(&d, "\0\0\1\0\0\0\0\0\1\0\0\1x\0\0y", 16);
	say(&d);
	REFUSED(DE);
}

static void
case_25(void) /* an extension twice */
{
	client();
	say_hello(&(struct says){ BYTES(more, "\0\53\0\2\3\4") });
	REFUSED(IP);
	client_at_encrypted();
	say_encrypted("\0\20\0\13\0\11\10http/1.1\0\20\0\13\0\11\10http/1.1", 30);
	REFUSED(IP);
	server();
	ask(&(struct asks){ BYTES(more, "\0\12\0\4\0\2\0\35") });
	REFUSED(IP);
	server(); /* unknown ones too */
	ask(&(struct asks){ BYTES(more, "\x7a\x7a\0\0\x7a\x7a\0\0") });
	REFUSED(IP);
}

static void
case_26(void) /* a known extension in the wrong message */
{
	client_at_encrypted();
	say_encrypted("\0\63\0\44\0\35\0\40\11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		      "\0\0\0\0\0",
		40);
	REFUSED(IP);
	client();
	say_hello(&(struct says){ BYTES(more, "\0\20\0\13\0\11\10http/1.1") });
	REFUSED(IP);
	client();
	say_hello(&(struct says){
		.random = retry, .group = GROUP_P256, BYTES(more, "\0\51\0\2\0\0") });
	REFUSED(IP);
}

static void
case_27(void) /* an answer never asked for */
{
	client_at_encrypted();
	say_encrypted("\0\5\0\0", 4);
	REFUSED(UNSUPPORTED);
	client_at_encrypted();
	say_encrypted("\x7a\x7a\0\0", 4);
	REFUSED(UNSUPPORTED);
	client(); /* TLS 1.2: status_request */
	say_hello(&(struct says){ .is_12 = true, BYTES(more, "\0\5\0\0") });
	REFUSED(UNSUPPORTED);
	client_at_certificate(); /* in a Certificate: a timestamp */
	{
		struct draft d = certificate();

		d.p[d.len - 1] = 4;
		draft_bytes(&d, "\0\22\0\0", 4);
		d.p[7] = (unsigned char)((leaf_len + 9) & 255); /* of the list */
		d.p[6] = (unsigned char)((leaf_len + 9) >> 8);
		say(&d);
	}
	REFUSED(UNSUPPORTED);
}

static void
case_28(void) /* a message out of state, each of them in each state */
{
	static const unsigned char types[] = { 0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24,
		67, 254 };
	static void (*const get_to[])(void) = { client, client_at_encrypted, client_at_certificate,
		client_at_verify, client_at_finished, client_open, server, server_at_finished,
		server_open };
	static const unsigned char allowed[][3] = { { 2 }, { 8 }, { 11, 13 }, { 15 }, { 20 },
		{ 4, 24 }, { 1 }, { 20 }, { 24 } };

	for (size_t s = 0; s < sizeof allowed / sizeof *allowed; s++)
		for (size_t i = 0; i < sizeof types; i++) {
			const unsigned char m[4] = { types[i], 0, 0, 0 };

			if (types[i] != 0 && memchr(allowed[s], types[i], 3) != NULL)
				continue;
			get_to[s]();
			give(RECORD_HANDSHAKE, m, 4);
			REFUSED(UM);
		}
}

static void
case_29(void) /* Finished: wrong, and of a wrong length */
{
	struct draft d;

	client_at_finished();
	d = finished();
	d.p[10] ^= 1;
	say(&d);
	REFUSED(DECRYPT);
	client_at_finished();
	d = finished();
	d.len--;
	say(&d);
	REFUSED(DE);
	server_at_finished();
	d = finished();
	d.p[d.len - 1] ^= 1;
	say(&d);
	REFUSED(DECRYPT);
	server_at_finished();
	d = finished();
	draft_number(&d, 0, 1);
	say(&d);
	REFUSED(DE);
}

static void
say_key_update(unsigned value, size_t bytes)
{
	struct draft d = message(MESSAGE_KEY_UPDATE);

	draft_number(&d, value, bytes);
	say(&d);
}

static void
case_30(void) /* KeyUpdate */
{
	unsigned char key[32];
	size_t len;

	client_open();
	say_key_update(2, 1);
	REFUSED(IP);
	client_open();
	say_key_update(0, 2);
	REFUSED(DE);
	client_at_finished();
	say_key_update(0, 1);
	REFUSED(UM);
	client_open(); /* answered once, before the next data */
	memcpy(key, e.write.key, 32);
	say_key_update(1, 1);
	say_key_update(1, 1);
	ACCEPTED();
	CHECK(memcmp(key, e.write.key, 32) == 0);
	sent_len = 0;
	CHECK(engine_room(&e, &len) != NULL && len >= 4000);
	CHECK(memcmp(key, e.write.key, 32) != 0 && e.write.sequence == 0);
	engine_put(&e, 1);
	engine_flush(&e);
	collect();
	CHECK_INT(sent_len, 5 + 5 + 1 + 16 + 5 + 1 + 1 + 16);
	give(RECORD_DATA, "x", 1);
	engine_take(&e, 1);
	for (int i = 0; i < 40; i++)
		say_key_update(0, 1);
	REFUSED(UM);
}

static void
case_31(void) /* HelloRequest and renegotiation */
{
	client_open();
	give(RECORD_HANDSHAKE, "\0\0\0\0", 4);
	REFUSED(UM);
	server_open();
	ask(&(struct asks){ 0 });
	REFUSED(UM);
}

/* --- the client --- */

static void
case_32(void) /* legacy_version */
{
	client();
	say_hello(&(struct says){ .legacy = 0x0304 });
	REFUSED(VERSION);
	client();
	say_hello(&(struct says){ .legacy = 0x0302, .is_12 = true });
	REFUSED(VERSION);
	CHECK(engine_error_is_uninspectable(engine_error(&e)));
}

static void
case_33(void) /* a version that was not offered */
{
	client();
	say_hello(&(struct says){ .version = 1 });
	REFUSED(IP);
	client_with(&only_13, NULL, 0);
	say_hello(&(struct says){ .is_12 = true });
	REFUSED(VERSION);
	client_with(&only_12, NULL, 0);
	say_hello(&(struct says){ 0 });
	REFUSED(UNSUPPORTED);
}

static void
case_34(void) /* the session ID comes back */
{
	client();
	say_hello(&(struct says){ .other_id = true });
	REFUSED(IP);
}

static void
case_35(void) /* a suite that was not offered, or of the other version; compression */
{
	static const unsigned bad[] = { 0x1304, 0x1305, 0xcca9, 0xc02b, 0x5600, 0x00ff };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		client();
		say_hello(&(struct says){ .suite = bad[i] });
		REFUSED(IP);
	}
	client();
	say_hello(&(struct says){ .suite = 0x1301, .is_12 = true });
	REFUSED(IP);
	client();
	say_hello(&(struct says){ .suite = 0xc009, .is_12 = true });
	REFUSED(IP);
	client();
	say_hello(&(struct says){ .compression = 1 });
	REFUSED(IP);
	client();
	say_hello(&(struct says){ .compression = 1, .is_12 = true });
	REFUSED(IP);
}

static void
case_36(void) /* the sentinel of a downgrade */
{
	unsigned char random[32] = { 9 };

	for (unsigned last = 0; last < 3; last++) {
		memcpy(random + 24, "DOWNGRD", 7);
		random[31] = (unsigned char)last;
		client();
		say_hello(&(struct says){ .is_12 = true, .random = random });
		if (last < 2)
			REFUSED(IP);
		else
			ACCEPTED();
	}
	random[31] = 1; /* who offers no TLS 1.3 was not downgraded from it */
	client_with(&only_12, NULL, 0);
	say_hello(&(struct says){ .is_12 = true, .random = random });
	ACCEPTED();
}

static void
case_37(void) /* a HelloRetryRequest, and a second */
{
	client();
	say_hello(&(struct says){ .random = retry, .group = GROUP_P256 });
	ACCEPTED();
	CHECK_INT(e.state, CLIENT_RETRIED);
	say_hello(&(struct says){ .random = retry, .group = GROUP_P384 });
	REFUSED(UM);
}

static void
case_38(void) /* one that changes nothing, or names a group that was shared or never offered */
{
	client();
	say_hello(&(struct says){ .random = retry, .no_share = true });
	REFUSED(IP);
	client();
	say_hello(&(struct says){ .random = retry, .group = 29 });
	REFUSED(IP);
	client();
	say_hello(&(struct says){ .random = retry, .group = 25 });
	REFUSED(IP);
	client();
	say_hello(&(struct says){ .random = retry, .group = GROUP_HYBRID });
	REFUSED(IP); /* not offered here */
}

/* The extension in the last hello that was sent. */
static const unsigned char *
find_sent(unsigned type, size_t *len)
{
	const unsigned char *at = sent, *end;

	while (at[0] != RECORD_HANDSHAKE || at[5] != MESSAGE_CLIENT_HELLO)
		at += RECORD_HEAD + ((size_t)at[3] << 8 | at[4]);
	end = at + RECORD_HEAD + ((size_t)at[3] << 8 | at[4]);
	at += 5 + 4 + 2 + 32;
	at += 1 + at[0];
	at += 2 + ((size_t)at[0] << 8 | at[1]);
	at += 1 + at[0];
	for (at += 2; at + 4 <= end; at += 4 + *len) {
		*len = (size_t)at[2] << 8 | at[3];
		if (((unsigned)at[0] << 8 | at[1]) == type)
			return at + 4;
	}
	return NULL;
}

static void
case_39(void) /* an unknown extension in it; a cookie, which comes back */
{
	const unsigned char *cookie;
	size_t len;

	client();
	say_hello(&(struct says){
		.random = retry, .group = GROUP_P256, BYTES(more, "\x7a\x7a\0\0") });
	REFUSED(UNSUPPORTED);
	client();
	sent_len = 0;
	say_hello(&(struct says){
		.random = retry, .no_share = true, BYTES(more, "\0\54\0\6\0\4abcd") });
	ACCEPTED();
	cookie = find_sent(44, &len);
	CHECK(cookie != NULL && len == 6 && memcmp(cookie, "\0\4abcd", 6) == 0);
	say_hello(&(struct says){ 0 });
	CHECK_INT(e.state, CLIENT_ENCRYPTED);
	client(); /* an empty one */
	say_hello(
		&(struct says){ .random = retry, .no_share = true, BYTES(more, "\0\54\0\2\0\0") });
	REFUSED(DE);
}

static void
client_retried(void)
{
	client();
	sent_len = 0;
	say_hello(&(struct says){ .random = retry, .group = GROUP_P256 });
}

/* A point of P-256: the leaf's own. */
static unsigned char point[65];

static void
case_40(void) /* after it another suite, version, group */
{
	client_retried();
	say_hello(&(struct says){ .suite = 0x1301, .group = 23, .share_len = 65, .share = point });
	REFUSED(IP);
	client_retried();
	say_hello(&(struct says){ .is_12 = true });
	REFUSED(IP);
	client_retried();
	say_hello(&(struct says){ .group = 29 });
	REFUSED(IP);
	client_retried();
	say_hello(&(struct says){ .group = 23, .share_len = 65, .share = point });
	ACCEPTED();
	CHECK_INT(e.state, CLIENT_ENCRYPTED);
}

static void
case_41(void) /* the second hello: same random and session ID, one share; its binders: see engine.c */
{
	unsigned char first[2 + 32 + 1 + 32];
	const unsigned char *share;
	size_t len;

	client();
	memcpy(first, sent + 9, sizeof first);
	sent_len = 0;
	say_hello(&(struct says){ .random = retry, .group = GROUP_P256 });
	CHECK(sent[0] == RECORD_CCS && memcmp(sent + 6 + 9, first, sizeof first) == 0);
	share = find_sent(51, &len);
	CHECK(share != NULL && len == 2 + 4 + 65 && memcmp(share, "\0\105\0\27\0\101\4", 7) == 0);
}

static void
case_42(void) /* no key_share */
{
	client();
	say_hello(&(struct says){ .no_share = true });
	REFUSED(MISSING);
}

static void
case_43(void) /* a share of a group that we sent none for, of a wrong length, off the curve, compressed */
{
	unsigned char bad[65];

	client();
	say_hello(&(struct says){ .group = 23, .share_len = 65, .share = point });
	REFUSED(IP);
	client();
	say_hello(&(struct says){ .share_len = 31 });
	REFUSED(IP);
	client();
	say_hello(&(struct says){ .share_len = 33 });
	REFUSED(IP);
	memcpy(bad, point, 65);
	bad[64] ^= 1;
	client_retried();
	say_hello(&(struct says){ .group = 23, .share_len = 65, .share = bad });
	REFUSED(IP);
	memcpy(bad, point, 65);
	bad[0] = 2;
	client_retried();
	say_hello(&(struct says){ .group = 23, .share_len = 33, .share = bad });
	REFUSED(IP);
	client_retried();
	say_hello(&(struct says){ .group = 23, .share_len = 65, .share = bad });
	REFUSED(IP);
}

static void
case_44(void) /* X25519 that comes out all zero */
{
	static const unsigned char zero[32], one[32] = { 1 };
	unsigned char share[38];

	client();
	say_hello(&(struct says){ .share = zero });
	REFUSED(IP);
	client();
	say_hello(&(struct says){ .share = one });
	REFUSED(IP);
	memcpy(share, share_x25519, sizeof share);
	share[6] = 0;
	server();
	ask(&(struct asks){ .shares = share, .shares_len = sizeof share });
	REFUSED(IP);
}

static void
case_46(void) /* EncryptedExtensions: left out, and with what is forbidden there */
{
	client_at_encrypted();
	say_certificate();
	REFUSED(UM);
	client_at_encrypted();
	say_encrypted("\0\53\0\2\3\4", 6);
	REFUSED(IP);
	client_at_encrypted();
	say_encrypted("\0\27\0\0", 4); /* extended_master_secret */
	REFUSED(IP);
}

static void
case_47(void) /* ALPN: not offered, two, empty; absent is fine */
{
	client_at_encrypted();
	say_encrypted("\0\20\0\5\0\3\2h2", 9);
	REFUSED(IP);
	client_at_encrypted();
	say_encrypted("\0\20\0\16\0\14\10http/1.1\2h2", 18);
	REFUSED(IP);
	client_at_encrypted();
	say_encrypted("\0\20\0\3\0\1\0", 7);
	REFUSED(DE);
	client_at_encrypted();
	say_encrypted("\0\20\0\2\0\0", 6);
	REFUSED(DE);
	client_at_encrypted();
	say_encrypted("\0\20\0\13\0\11\10http/1.1", 15);
	ACCEPTED();
}

static void
case_48(void) /* supported_groups and an empty server_name in EncryptedExtensions */
{
	client_at_encrypted();
	say_encrypted("\0\0\0\0\0\12\0\4\0\2\0\35", 12);
	ACCEPTED();
	CHECK_INT(e.state, CLIENT_SHOWN);
}

static void
say_request(const char *context, size_t len)
{
	struct draft d = message(MESSAGE_REQUEST);

	draft_number(&d, (uint32_t)len, 1);
	draft_bytes(&d, context, len);
	draft_bytes(&d, "\0\12\0\15\0\4\0\2\4\3\x7a\x7a\0\0", 12);
	d.p[MESSAGE_HEAD + len + 2] = 8;
	d.len -= 2;
	say(&d);
}

static void
case_49(void) /* CertificateRequest: answered by an empty Certificate; with a PSK never */
{
	size_t without;
	struct draft d;

	client_at_finished();
	sent_len = 0;
	say_finished();
	without = sent_len;
	client_at_certificate();
	say_request(NULL, 0);
	CHECK_INT(e.state, CLIENT_REQUESTED);
	say_certificate();
	say_verify(0x0403, false);
	sent_len = 0;
	say_finished();
	CHECK(engine_is_open(&e));
	CHECK_INT(sent_len, without + 8); /* Certificate of no context and no entries */
	client_at_certificate();
	say_request("x", 1);
	REFUSED(IP);
	client_at_certificate(); /* one that is longer than what is put together, over many records */
	d = message(MESSAGE_REQUEST);
	draft_number(&d, 0, 1);
	draft_bytes(&d, big, 12000);
	draft_close(&d, MESSAGE_HEAD, 3);
	for (size_t at = 0; at < d.len; at += 3000) {
		static unsigned char part[3000];
		size_t n = d.len - at < 3000 ? d.len - at : 3000;

		memcpy(part, d.p + at, n);
		give(RECORD_HANDSHAKE, part, n);
	}
	CHECK_INT(e.state, CLIENT_REQUESTED);
}

static void
case_50(void) /* Certificate: an empty list, an empty entry, a context */
{
	struct draft d;

	client_at_certificate();
	d = message(MESSAGE_CERTIFICATE);
	draft_bytes(&d, "\0\0\0\0", 4);
	say(&d);
	REFUSED(DE);
	client_at_certificate();
	d = message(MESSAGE_CERTIFICATE);
	draft_bytes(&d, "\0\0\0\5\0\0\0\0\0", 9);
	say(&d);
	REFUSED(DE);
	client_at_certificate();
	d = message(MESSAGE_CERTIFICATE);
	draft_bytes(&d, "\1x\0\0\0", 5);
	say(&d);
	REFUSED(IP);
	for (size_t cut = 1; cut < 12; cut++) { /* a length that does not add up */
		client_at_certificate();
		d = certificate();
		d.len -= cut;
		say(&d);
		REFUSED(DE);
	}
}

static void
case_51(void) /* CertificateVerify: left out, a scheme that is not allowed there, a signature that is wrong */
{
	static const unsigned bad[] = { 0x0503, 0x0603, 0x0804, 0x0401, 0x0201, 0x0203, 0x0807,
		0x0403 ^ 0xffff };

	client_at_verify();
	say_finished();
	REFUSED(UM);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		client_at_verify();
		say_verify(bad[i], false);
		REFUSED(IP);
	}
	client_at_verify();
	say_verify(0x0403, true);
	REFUSED(DECRYPT);
	client_at_verify();
	say_verify(0x0403, false);
	ACCEPTED();
}

static void
case_52(void) /* a signature over a digest of another size */
{
	struct draft d;
	unsigned char content[SIGNED_MAX], hash[64], raw[64], der[72];
	size_t len;

	client_at_verify();
	schedule_hash(true, hash, content, shake_signed_content(e.shake, content));
	(void)p256_sign(raw, hash, 48, leaf_key);
	len = ecdsa_to_der(der, raw);
	d = message(MESSAGE_VERIFY);
	draft_number(&d, 0x0403, 2);
	draft_number(&d, (uint32_t)len, 2);
	draft_bytes(&d, der, len);
	say(&d);
	REFUSED(DECRYPT);
}

static void
say_ticket(uint32_t lifetime, size_t len, const char *extensions, size_t extensions_len)
{
	struct draft d = message(MESSAGE_TICKET);

	draft_number(&d, lifetime, 4);
	draft_number(&d, 77, 4);
	draft_number(&d, 0x0105, 2);
	draft_number(&d, (uint32_t)len, 2);
	draft_bytes(&d, big, len);
	draft_number(&d, (uint32_t)extensions_len, 2);
	draft_bytes(&d, extensions, extensions_len);
	say(&d);
}

static void
case_53(void) /* NewSessionTicket */
{
	client_open();
	saves = 0;
	for (int i = 0; i < 100; i++)
		say_ticket(3600, 64, "\0\52\0\4\0\0\1\0\x7a\x7a\0\0", 12);
	ACCEPTED();
	CHECK_INT(saves, 100);
	CHECK_INT(engine_session_lifetime(saved, saved_len), 3600);
	CHECK(engine_session_is_single(saved, saved_len));
	say_ticket(0, 64, NULL, 0);
	say_ticket(604801, 64, NULL, 0);
	say_ticket(3600, ENGINE_TICKET + 1, NULL, 0);
	ACCEPTED();
	CHECK_INT(saves, 100);
	say_ticket(604800, ENGINE_TICKET, NULL, 0);
	CHECK_INT(saves, 101);
	say_ticket(3600, 0, NULL, 0);
	REFUSED(DE);
	client_open(); /* longer than what is put together: passed over */
	{
		struct draft d = message(MESSAGE_TICKET);

		draft_number(&d, 3600, 4);
		draft_number(&d, 77, 4);
		draft_number(&d, 0, 1);
		draft_number(&d, 8000, 2);
		draft_bytes(&d, big, 8000);
		draft_number(&d, 0, 2);
		draft_close(&d, MESSAGE_HEAD, 3);
		memcpy(big, d.p, d.len);
		give(RECORD_HANDSHAKE, big, 5000);
		give(RECORD_HANDSHAKE, big + 5000, d.len - 5000);
		memset(big, 0, sizeof big);
	}
	give(RECORD_DATA, "x", 1);
	ACCEPTED();
}

/* A session of TLS 1.3 that was saved. */
static void
get_session(void)
{
	client_open();
	say_ticket(3600, 64, NULL, 0);
}

static void
case_54(void) /* selected_identity: out of range, with another hash, without a share */
{
	get_session();
	client_with(&both, saved, saved_len);
	say_hello(&(struct says){ BYTES(more, "\0\51\0\2\0\1") });
	REFUSED(IP);
	client_with(&both, saved, saved_len);
	say_hello(&(struct says){ .suite = 0x1302, BYTES(more, "\0\51\0\2\0\0") });
	REFUSED(IP);
	client_with(&both, saved, saved_len);
	say_hello(&(struct says){ .no_share = true, BYTES(more, "\0\51\0\2\0\0") });
	REFUSED(IP);
	client(); /* and when none was offered */
	say_hello(&(struct says){ BYTES(more, "\0\51\0\2\0\0") });
	REFUSED(UNSUPPORTED);
	client_with(&both, saved, saved_len);
	say_hello(&(struct says){ BYTES(more, "\0\51\0\2\0\0") });
	say_encrypted(NULL, 0);
	CHECK_INT(e.state, CLIENT_FINISHED);
	say_request(NULL, 0); /* case 49: with a PSK */
	REFUSED(UM);
	client_with(&both, saved, saved_len);
	say_hello(&(struct says){ BYTES(more, "\0\51\0\2\0\0") });
	say_encrypted(NULL, 0);
	say_finished();
	CHECK(engine_is_open(&e) && engine_is_resumed(&e));
}

static void
case_55(void) /* early_data that was not asked for */
{
	client_at_encrypted();
	say_encrypted("\0\52\0\0", 4);
	REFUSED(UNSUPPORTED);
}

static void
case_56(void) /* a CertificateRequest after the handshake */
{
	client_open();
	say_request("x", 1);
	REFUSED(UM);
}

/* --- the server --- */

static void
case_57(void) /* legacy_version with 1.3 */
{
	server();
	ask(&(struct asks){ .legacy = 0x0304 });
	REFUSED(VERSION);
	server();
	ask(&(struct asks){ .legacy = 0x0302 });
	REFUSED(VERSION);
}

static void
case_58(void) /* compression */
{
	server();
	ask(&(struct asks){ BYTES(compressions, "\1\0") });
	REFUSED(IP);
	server();
	ask(&(struct asks){ BYTES(compressions, "\1") });
	REFUSED(IP);
	server();
	ask(&(struct asks){
		BYTES(compressions, "\1"), BYTES(versions, "\3\3"), BYTES(suites, "\xcc\xa9") });
	REFUSED(IP);
}

static void
case_59(void) /* GREASE, unknown everything, ECH, padding */
{
	server();
	ask(&(struct asks){ BYTES(suites, "\x0a\x0a\x13\x03\xfe\xfe"),
		BYTES(versions, "\x7a\x7a\3\4\3\3\x7f\x1c"), BYTES(groups, "\x1a\x1a\0\35\0\27"),
		BYTES(signatures, "\x0a\x0a\4\3\10\7"), BYTES(modes, "\13\1\7"),
		BYTES(shares, "\0\51\x1a\x1a\0\1\0\0\35\0\40"
			      "\11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		BYTES(more,
			"\x2a\x2a\0\0\xfe\x0d\0\3\1\2\3\0\25\0\7\0\0\0\0\0\0\0\x3a\x3a\0\1\0") });
	CHECK_INT(e.state, SERVER_FINISHED);
	say_finished();
	CHECK(engine_is_open(&e));
}

static void
case_60(void) /* no 1.3: TLS 1.2 with the sentinel */
{
	server();
	ask(&(struct asks){ .no_versions = true, BYTES(suites, "\xcc\xa9") });
	CHECK_INT(e.state, SERVER12_EXCHANGE);
	CHECK(memcmp(sent + 5 + 4 + 2 + 24, "DOWNGRD\1", 8) == 0);
	server();
	ask(&(struct asks){ BYTES(versions, "\3\3\3\2"), BYTES(suites, "\xcc\xa9") });
	CHECK_INT(e.state, SERVER12_EXCHANGE);
	server_with(&only_12);
	ask(&(struct asks){ BYTES(versions, "\3\4\3\3"), BYTES(suites, "\xcc\xa9") });
	CHECK_INT(e.state, SERVER12_EXCHANGE);
	CHECK(memcmp(sent + 5 + 4 + 2 + 24, "DOWNGRD", 7) != 0);
	server();
	ask(&(struct asks){ .no_versions = true, .legacy = 0x0302, BYTES(suites, "\xc0\x09") });
	REFUSED(VERSION);
	server();
	ask(&(struct asks){ BYTES(versions, "\3\2\3\1") });
	REFUSED(VERSION);
	server_with(&only_13);
	ask(&(struct asks){ .no_versions = true, BYTES(suites, "\xcc\xa9") });
	REFUSED(VERSION);
}

static void
case_61(void) /* nothing in common */
{
	server();
	ask(&(struct asks){ BYTES(suites, "\x13\x04\xcc\xa9") });
	REFUSED(FAILURE);
	server();
	ask(&(struct asks){ BYTES(signatures, "\10\4\5\3") });
	REFUSED(FAILURE);
	server();
	ask(&(struct asks){ BYTES(groups, "\0\31\0\30"), BYTES(shares, "\0\0") });
	REFUSED(FAILURE);
	server();
	ask(&(struct asks){ BYTES(versions, "\3\3"), BYTES(suites, "\xc0\x2f") });
	REFUSED(FAILURE);
	server();
	ask(&(struct asks){ BYTES(versions, "\3\3"), BYTES(suites, "\xc0\x2b"),
		BYTES(signatures, "\2\3\4\1") });
	REFUSED(FAILURE);
	server();
	ask(&(struct asks){
		BYTES(versions, "\3\3"), BYTES(suites, "\xc0\x2b"), BYTES(groups, "\0\31") });
	REFUSED(FAILURE);
}

static void
case_62(void) /* extensions that must be there */
{
	server();
	ask(&(struct asks){ .no_signatures = true });
	REFUSED(MISSING);
	server();
	ask(&(struct asks){ .no_groups = true });
	REFUSED(MISSING);
	server();
	ask(&(struct asks){ .no_shares = true });
	REFUSED(MISSING);
}

static void
case_63(void) /* a share twice, one of an unlisted group */
{
	unsigned char twice[74] = { 0, 72, 0, 29, 0, 32, 9 };

	memcpy(twice + 38, twice + 2, 36);
	server();
	ask(&(struct asks){ .shares = twice, .shares_len = sizeof twice });
	REFUSED(IP);
	server();
	ask(&(struct asks){ BYTES(groups, "\0\27") });
	REFUSED(IP);
}

static void
case_64(void) /* no usable share but a common group: one HelloRetryRequest */
{
	server();
	ask(&(struct asks){ BYTES(shares, "\0\0") });
	CHECK_INT(e.state, SERVER_RETRIED);
	CHECK(memcmp(sent + 5 + 4 + 2, retry, 32) == 0);
	CHECK(memcmp(sent + 5 + 4 + 2 + 32 + 1 + 2 + 1 + 2, "\0\53\0\2\3\4\0\63\0\2\0\35", 12) ==
		0);
	ask(&(struct asks){ 0 });
	CHECK_INT(e.state, SERVER_FINISHED);
	say_finished();
	CHECK(engine_is_open(&e));
	server(); /* a share of a group that we don't have, before one that we do */
	ask(&(struct asks){ BYTES(groups, "\0\30\0\27"), BYTES(shares, "\0\5\0\30\0\1x") });
	CHECK_INT(e.state, SERVER_RETRIED);
	CHECK_INT(e.group, GROUP_P256);
}

static void
server_retried(void)
{
	server();
	ask(&(struct asks){ BYTES(shares, "\0\0"), .has_alpn = true });
}

static void
case_65(void) /* the second hello */
{
	server_retried(); /* no share again */
	ask(&(struct asks){ BYTES(shares, "\0\0"), .has_alpn = true });
	REFUSED(IP);
	server_retried(); /* one more than was asked for */
	{
		unsigned char two[38 + 69] = { 0, 105, 0, 29, 0, 32, 9 };

		memcpy(two + 38, "\0\27\0\101", 4);
		memcpy(two + 42, point, 65);
		ask(&(struct asks){ .shares = two, .shares_len = sizeof two, .has_alpn = true });
	}
	REFUSED(IP);
	server_retried(); /* TLS 1.2 */
	ask(&(struct asks){ BYTES(versions, "\3\3"), BYTES(suites, "\xcc\xa9"), .has_alpn = true });
	REFUSED(IP);
	server_retried(); /* other suites, another extension, one less, another ID */
	ask(&(struct asks){ BYTES(suites, "\x13\x03"), .has_alpn = true });
	REFUSED(IP);
	server_retried();
	ask(&(struct asks){ .has_alpn = true, BYTES(more, "\x7a\x7a\0\0") });
	REFUSED(IP);
	server_retried();
	ask(&(struct asks){ 0 });
	REFUSED(IP);
	server_retried();
	ask(&(struct asks){ .has_alpn = true, .id_len = 32 });
	REFUSED(IP);
	server_retried(); /* early data again */
	ask(&(struct asks){ .has_alpn = true, BYTES(more, "\0\52\0\0") });
	REFUSED(IP);
	server_retried(); /* padding may differ */
	ask(&(struct asks){ .has_alpn = true, BYTES(more, "\0\25\0\1\0") });
	CHECK_INT(e.state, SERVER_FINISHED);
}

/* pre_shared_key with this ticket; binder: right, spoilt, or of no session. */
static void
write_psk(unsigned char *out, size_t *len, const unsigned char *handle, size_t binders)
{
	struct draft d = { .p = out, .cap = 512 };
	size_t at, list;

	draft_number(&d, 41, 2);
	at = draft_open(&d, 2);
	list = draft_open(&d, 2);
	draft_number(&d, 32, 2);
	draft_bytes(&d, handle, 32);
	draft_number(&d, 0, 4);
	draft_close(&d, list, 2);
	list = draft_open(&d, 2);
	for (size_t i = 0; i < binders; i++) {
		draft_number(&d, 32, 1);
		draft_bytes(&d, big, 32);
	}
	draft_close(&d, list, 2);
	draft_close(&d, at, 2);
	*len = d.len;
}

static const struct ticket session_13 = {
	.handle = { 1 }, .secret = { 2 }, .suite = 0x1303, .is_13 = true
};

/* A hello that resumes session_13, with the right binder unless it is spoilt. */
static void
ask_again(struct asks *a, bool spoil)
{
	unsigned char psk[512], binder[48];
	struct shake s = { .has_psk = true };
	struct transcript upto;
	struct draft d;
	size_t len;

	write_psk(psk, &len, session_13.handle, 1);
	a->last = psk;
	a->last_len = len;
	d = client_hello(a);
	draft_close(&d, MESSAGE_HEAD, 3);
	memcpy(s.psk, session_13.secret, 48);
	shake_early_secret(&s, false);
	transcript_start(&upto, false);
	if (e.state == SERVER_RETRIED)
		upto = e.shake->transcript;
	transcript_add(&upto, d.p, d.len - 35);
	shake_binder(&s, false, &upto, binder);
	binder[0] ^= spoil;
	memcpy(d.p + d.len - 32, binder, 32);
	say(&d);
}

static void
case_66(void) /* pre_shared_key: not last, no modes, counts that differ, a wrong binder, an unknown ticket */
{
	unsigned char psk[512];
	size_t len;

	server();
	ticket_save(&tie, &session_13);
	write_psk(psk, &len, session_13.handle, 1);
	memcpy(psk + len, "\x7a\x7a\0\0", 4);
	ask(&(struct asks){ .last = psk, .last_len = len + 4 });
	REFUSED(IP);
	server();
	ask_again(&(struct asks){ .no_modes = true }, false);
	REFUSED(MISSING);
	for (size_t n = 0; n < 3; n += 2) {
		server();
		write_psk(psk, &len, session_13.handle, n);
		ask(&(struct asks){ .last = psk, .last_len = len });
		REFUSED(n == 0 ? DE : IP); /* none at all is no list of binders */
	}
	server();
	ask_again(&(struct asks){ 0 }, true);
	REFUSED(DECRYPT);
	server();
	write_psk(psk, &len, leaf, 1);
	ask(&(struct asks){ .last = psk, .last_len = len });
	CHECK(e.state == SERVER_FINISHED && !engine_is_resumed(&e));
	server();
	ask_again(&(struct asks){ 0 }, false);
	CHECK(e.state == SERVER_FINISHED && engine_is_resumed(&e));
	say_finished();
	CHECK(engine_is_open(&e));
	server(); /* after a HelloRetryRequest: new binders */
	ask_again(&(struct asks){ BYTES(shares, "\0\0") }, false);
	CHECK(e.state == SERVER_RETRIED && !engine_is_resumed(&e));
	ask_again(&(struct asks){ 0 }, false);
	say_finished();
	CHECK(engine_is_open(&e) && engine_is_resumed(&e));
	server();
	ask_again(&(struct asks){ BYTES(shares, "\0\0") }, false);
	ask_again(&(struct asks){ 0 }, true);
	REFUSED(DECRYPT);
	server();
	ask_again(&(struct asks){ BYTES(shares, "\0\0") }, false);
	ask(&(struct asks){ 0 }); /* it was good, and is gone */
	REFUSED(IP);
}

static void
case_67(void) /* psk_ke alone: a full handshake */
{
	server();
	ticket_save(&tie, &session_13);
	ask_again(&(struct asks){ BYTES(modes, "\0") }, false);
	CHECK(e.state == SERVER_FINISHED && !engine_is_resumed(&e));
}

static void
case_68(void) /* a ticket of another tie, or for another hash: a full handshake */
{
	server();
	ticket_save(&tie, &session_13);
	tie.tie[31] ^= 1;
	ask_again(&(struct asks){ 0 }, false);
	CHECK(e.state == SERVER_FINISHED && !engine_is_resumed(&e));
	tie.tie[31] ^= 1;
	server();
	ask_again(&(struct asks){ BYTES(suites, "\x13\x02") }, false);
	CHECK(e.state == SERVER_FINISHED && !engine_is_resumed(&e));
}

static void
case_69(void) /* early data: never accepted, passed over up to a bound */
{
	server();
	ask(&(struct asks){ BYTES(more, "\0\52\0\0") });
	give_raw(23, 4000);
	give_raw(23, 4000);
	ACCEPTED();
	say_finished();
	CHECK(engine_is_open(&e));
	server();
	ask(&(struct asks){ BYTES(more, "\0\52\0\0") });
	for (int i = 0; i < 10; i++)
		give_raw(23, 8000);
	REFUSED(BAD_MAC);
	server(); /* without having said so */
	ask(&(struct asks){ 0 });
	give_raw(23, 4000);
	REFUSED(BAD_MAC);
	server(); /* before the second hello */
	ask(&(struct asks){ BYTES(shares, "\0\0"), BYTES(more, "\0\52\0\0") });
	give_raw(23, 4000);
	ACCEPTED();
	CHECK_INT(e.state, SERVER_RETRIED);
	ask(&(struct asks){ 0 }); /* and not behind it */
	CHECK_INT(e.state, SERVER_FINISHED);
	give_raw(23, 4000);
	REFUSED(BAD_MAC);
	server_open(); /* and not once the handshake is done */
	give_raw(23, 4000);
	REFUSED(BAD_MAC);
}

/* Early data may not stand within a second hello that is not there whole (12), where it would lie behind that. */
static void
case_69_within(void)
{
	static const unsigned char head[5] = { 22, 3, 3, 0x3f, 0xff };

	server();
	ask(&(struct asks){ BYTES(shares, "\0\0"), BYTES(more, "\0\52\0\0") });
	CHECK_INT(e.state, SERVER_RETRIED);
	feed(head, sizeof head);
	feed((const unsigned char *)"\1\0\x43\0", 4);
	feed(big, 0x3fff - 4);
	give_raw(23, 16384);
	REFUSED(UM);
}

static void
case_70(void) /* Certificate, EndOfEarlyData unasked */
{
	server_at_finished();
	say_certificate();
	REFUSED(UM);
	server_at_finished();
	give(RECORD_HANDSHAKE, "\5\0\0\0", 4);
	REFUSED(UM);
}

static void
case_71(void) /* a session ID over 32 */
{
	server();
	ask(&(struct asks){ .id_len = 33 });
	REFUSED(DE);
	server();
	ask(&(struct asks){ .id_len = 32 });
	ACCEPTED();
}

static void
case_72(void) /* ALPN */
{
	server();
	ask(&(struct asks){ .has_alpn = true, BYTES(alpn, "\2h2\10http/2.0") });
	REFUSED(NO_PROTOCOL);
	server();
	ask(&(struct asks){ .has_alpn = true, BYTES(alpn, "\2h2\10http/1.0") });
	ACCEPTED();
	server();
	ask(&(struct asks){ .has_alpn = true, BYTES(alpn, "\2h2\0\10http/1.1") });
	REFUSED(DE);
	server();
	ask(&(struct asks){ .has_alpn = true, BYTES(alpn, "") });
	REFUSED(DE);
	server();
	ask(&(struct asks){ .has_alpn = true, BYTES(alpn, "\2h2\10http/1.1") });
	ACCEPTED();
	server();
	ask(&(struct asks){ .has_alpn = true,
		BYTES(alpn, "\2h2"),
		BYTES(versions, "\3\3"),
		BYTES(suites, "\xc0\x2b") });
	REFUSED(NO_PROTOCOL);
}

static void
case_73(void) /* FALLBACK_SCSV */
{
	server();
	ask(&(struct asks){ BYTES(versions, "\3\3"), BYTES(suites, "\xcc\xa9\x56\x00") });
	REFUSED(FALLBACK);
	server();
	ask(&(struct asks){ BYTES(suites, "\x13\x03\x56\x00") });
	ACCEPTED();
	server_with(&only_12);
	ask(&(struct asks){ BYTES(versions, "\3\3"), BYTES(suites, "\xcc\xa9\x56\x00") });
	ACCEPTED();
}

static void
case_74(void) /* a hello over many segments and records, 2 KB and more */
{
	static unsigned char padding[10004] = { 0, 21, 10000 >> 8, 10000 & 255 }, copy[12000];
	struct draft d;
	size_t len;

	server();
	d = client_hello(&(struct asks){ .more = padding, .more_len = sizeof padding });
	draft_close(&d, MESSAGE_HEAD, 3);
	memcpy(copy, d.p, len = d.len);
	piece = 7;
	for (size_t at = 0; at < len; at += 700)
		give(RECORD_HANDSHAKE, copy + at, len - at < 700 ? len - at : 700);
	piece = SIZE_MAX;
	CHECK_INT(e.state, SERVER_FINISHED);
	server(); /* one that fits nowhere */
	give(RECORD_HANDSHAKE, "\1\0\x60\0", 4);
	for (int i = 0; i < 3 && engine_error(&e) == 0; i++)
		give(RECORD_HANDSHAKE, big, 10000);
	REFUSED(DE);
}

static void
case_75(void) /* what TLS 1.2 has, in a hello of 1.3 */
{
	server();
	ask(&(struct asks){ BYTES(more, "\0\27\0\0\xff\1\0\1\0\0\13\0\2\1\0\0\43\0\3abc") });
	CHECK_INT(e.state, SERVER_FINISHED);
}

int
main(void)
{
	make_leaf();
	(void)p256_public(point, leaf_key);
	case_1();
	case_2();
	case_3();
	case_4();
	case_5();
	case_6();
	case_7();
	case_8();
	case_9();
	case_10();
	case_11();
	case_12();
	case_13();
	case_14();
	case_15();
	case_16();
	case_17();
	case_18();
	case_19();
	case_20();
	case_21();
	case_22();
	case_23();
	case_24();
	case_25();
	case_26();
	case_27();
	case_28();
	case_29();
	case_30();
	case_31();
	case_32();
	case_33();
	case_34();
	case_35();
	case_36();
	case_37();
	case_38();
	case_39();
	case_40();
	case_41();
	case_42();
	case_43();
	case_44();
	case_46();
	case_47();
	case_48();
	case_49();
	case_50();
	case_51();
	case_52();
	case_53();
	case_54();
	case_55();
	case_56();
	case_57();
	case_58();
	case_59();
	case_60();
	case_61();
	case_62();
	case_63();
	case_64();
	case_65();
	case_66();
	case_67();
	case_68();
	case_69();
	case_69_within();
	case_70();
	case_71();
	case_72();
	case_73();
	case_74();
	case_75();
	tickets_free(tie.store);
	return check_done("cases");
}
