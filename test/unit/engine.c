/* engine: two engines that talk through memory: versions, suites, groups, resumption, every split point, parking,
 * endings, TLS 1.2's traps. */
#include "check.h"
#include "puppet.h"

struct end {
	struct engine e;
	unsigned char in[ENGINE_IN], out[ENGINE_OUT];
	struct chain chain;
	unsigned works[ENGINE_VERIFY + 1];
};

static struct end c, s;
static struct ticket_tie sessions;
static unsigned char big_leaf[24000];

/* Bytes on their way. */
struct wire {
	unsigned char data[1 << 17];
	size_t start, end;
};

static struct wire up, down;

static bool
end_work(struct end *x)
{
	bool did = false;

	while (engine_waits(&x->e) != ENGINE_IDLE) {
		x->works[engine_waits(&x->e)]++;
		engine_work(&x->e);
		did = true;
	}
	return did;
}

static bool
wire_load(struct wire *w, struct end *from, size_t most)
{
	const unsigned char *p;
	size_t len;
	bool moved = false;

	if (w->start == w->end)
		w->start = w->end = 0;
	while ((p = engine_send_buf(&from->e, &len)) != NULL) {
		if (len > most)
			len = most;
		memcpy(w->data + w->end, p, len);
		w->end += len;
		engine_send_ack(&from->e, len);
		moved = true;
	}
	return moved;
}

static bool
wire_feed(struct wire *w, struct end *to, size_t most)
{
	size_t len, have = w->end - w->start;
	unsigned char *p = engine_recv_buf(&to->e, &len);

	if (p == NULL || have == 0)
		return false;
	if (len > have)
		len = have;
	if (len > most)
		len = most;
	memcpy(p, w->data + w->start, len);
	w->start += len;
	engine_recv_ack(&to->e, len);
	return true;
}

static void
run(size_t most)
{
	bool moved = true;

	while (moved) {
		moved = end_work(&c);
		moved |= end_work(&s);
		moved |= wire_load(&up, &c, most);
		moved |= wire_load(&down, &s, most);
		moved |= wire_feed(&up, &s, most);
		moved |= wire_feed(&down, &c, most);
	}
}

static void
start(const struct engine_options *client_may, const struct engine_options *server_may, bool resume)
{
	static unsigned char session[ENGINE_SESSION];
	size_t len = resume ? saved_len : 0;

	memcpy(session, saved, len);
	up.start = up.end = down.start = down.end = 0;
	memset(c.works, 0, sizeof c.works);
	memset(s.works, 0, sizeof s.works);
	chain_init(&c.chain);
	if (sessions.store == NULL)
		sessions.store = tickets_new(4);
	engine_start_client(&c.e,
		&(struct engine_client){ .sni = "origin.test",
			.session = len > 0 ? session : NULL,
			.session_len = len,
			.session_age = 1000,
			.chain = &c.chain,
			.options = *client_may,
			.save = keep },
		next_seed(), c.in, c.out);
	engine_start_server(&s.e,
		&(struct engine_server){ .leaf = leaf,
			.leaf_len = leaf_len,
			.key = leaf_key,
			.tie = &sessions,
			.options = *server_may },
		next_seed(), s.in, s.out);
}

/* Puts all of it and takes it on the other side; true if it arrived as it was. */
static bool
tell(struct end *from, struct end *to, size_t len, size_t most)
{
	static unsigned char text[40000], got[40000];
	size_t done = 0, put = 0, n;

	for (size_t i = 0; i < len; i++)
		text[i] = (unsigned char)(i * 7 + len);
	while (done < len) {
		unsigned char *room = engine_room(&from->e, &n);
		const unsigned char *data;

		if (room != NULL && put < len) {
			n = n < len - put ? n : len - put;
			memcpy(room, text + put, n);
			engine_put(&from->e, n);
			put += n;
		}
		engine_flush(&from->e);
		run(most);
		data = engine_peek(&to->e, &n);
		if (data == NULL || n > len - done)
			return false;
		memcpy(got + done, data, n);
		engine_take(&to->e, n);
		done += n;
	}
	return memcmp(text, got, len) == 0;
}

static const struct engine_options pq = { ENGINE_TLS12, ENGINE_TLS13, true };

static bool
is_open(void)
{
	return engine_is_open(&c.e) && engine_is_open(&s.e) && engine_error(&c.e) == 0 &&
	       engine_error(&s.e) == 0;
}

static void
test_versions(void)
{
	const struct engine_options *const kinds[] = { &both, &only_13, &only_12, &pq };

	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 4; j++) {
			bool apart = (i == 1 && j == 2) || (i == 2 && j == 1);

			start(kinds[i], kinds[j], false);
			run(SIZE_MAX);
			if (apart) {
				CHECK(!is_open());
				CHECK_INT(engine_error(&s.e), ENGINE_NO_VERSION);
				CHECK(engine_error_is_uninspectable(engine_error(&c.e)));
				continue;
			}
			CHECK(is_open());
			CHECK(tell(&c, &s, 100, SIZE_MAX) && tell(&s, &c, 30000, SIZE_MAX));
			CHECK_INT(engine_version(&c.e),
				i == 2 || j == 2 ? ENGINE_TLS12 : ENGINE_TLS13);
			CHECK_STR(engine_group_text(&s.e),
				i == 3 && j == 3 ? "X25519MLKEM768" : "X25519");
			CHECK(!engine_is_resumed(&c.e) && !engine_is_resumed(&s.e));
			CHECK(c.e.shake == NULL && s.e.shake == NULL);
			CHECK_INT(c.chain.count, 1);
		}
}

/* One operation a step, and no more of them than the handshake needs. */
static void
test_work(void)
{
	start(&both, &both, false);
	run(SIZE_MAX);
	CHECK(c.works[ENGINE_MAKE_KEY] == 1 && c.works[ENGINE_AGREE] == 1 &&
		c.works[ENGINE_VERIFY] == 1);
	CHECK(s.works[ENGINE_MAKE_KEY] == 1 && s.works[ENGINE_AGREE] == 1 &&
		s.works[ENGINE_SIGN] == 1);
	start(&pq, &pq, false);
	run(SIZE_MAX);
	CHECK(c.works[ENGINE_MAKE_KEY] == 2 && c.works[ENGINE_AGREE] == 2);
	CHECK(s.works[ENGINE_MAKE_KEY] == 1 && s.works[ENGINE_AGREE] == 2);
	start(&both, &both, true);
	run(SIZE_MAX);
	CHECK(is_open() && c.works[ENGINE_VERIFY] == 0 && s.works[ENGINE_SIGN] == 0);
	start(&both, &only_12, false);
	run(SIZE_MAX);
	CHECK(is_open() && s.works[ENGINE_SIGN] == 1 && c.works[ENGINE_VERIFY] == 1);
	start(&both, &only_12, true);
	run(SIZE_MAX);
	CHECK(is_open() && engine_is_resumed(&c.e));
	CHECK(c.works[ENGINE_MAKE_KEY] == 1 && c.works[ENGINE_AGREE] == 0);
	CHECK(s.works[ENGINE_MAKE_KEY] == 0 && s.works[ENGINE_SIGN] == 0);
}

/* Until engine_work was called, nothing is read and nothing happens. */
static void
test_waiting(void)
{
	size_t len;

	start(&both, &both, false);
	CHECK_INT(engine_waits(&c.e), ENGINE_MAKE_KEY);
	CHECK(engine_recv_buf(&c.e, &len) == NULL && engine_send_buf(&c.e, &len) == NULL);
	engine_work(&c.e);
	CHECK_INT(engine_waits(&c.e), ENGINE_IDLE);
	wire_load(&up, &c, SIZE_MAX);
	while (wire_feed(&up, &s, SIZE_MAX))
		continue;
	CHECK_INT(engine_waits(&s.e), ENGINE_MAKE_KEY);
	CHECK(engine_recv_buf(&s.e, &len) == NULL && engine_send_buf(&s.e, &len) == NULL);
	engine_work(&s.e);
	CHECK_INT(engine_waits(&s.e), ENGINE_AGREE);
	engine_work(&s.e);
	CHECK_INT(engine_waits(&s.e), ENGINE_SIGN);
	CHECK(engine_send_buf(&s.e, &len) != NULL); /* the ServerHello need not wait */
	engine_work(&s.e);
	CHECK_INT(engine_waits(&s.e), ENGINE_IDLE);
}

/* A handshake and data, cut everywhere: pieces of n bytes in both directions. */
static void
test_pieces(void)
{
	for (size_t n = 1; n < 40; n += n < 8 ? 1 : 5) {
		start(&pq, &pq, false);
		run(n);
		CHECK(is_open() && tell(&c, &s, 300, n) && tell(&s, &c, 5000, n));
		start(&both, &only_12, false);
		run(n);
		CHECK(is_open() && tell(&c, &s, 300, n) && tell(&s, &c, 5000, n));
	}
}

/* Every split point: what came is the same in two parts. */
static void
test_splits(const struct engine_options *may)
{
	size_t hello_len, flight_len;

	start(may, may, false);
	end_work(&c);
	wire_load(&up, &c, SIZE_MAX);
	hello_len = up.end;
	for (size_t at = 1; at < hello_len; at += may->post_quantum ? 61 : 1) {
		start(may, may, false);
		end_work(&c);
		wire_load(&up, &c, SIZE_MAX);
		up.end = at;
		while (wire_feed(&up, &s, SIZE_MAX))
			continue;
		up.end = hello_len;
		run(SIZE_MAX);
		CHECK(is_open());
	}
	start(may, may, false);
	end_work(&c);
	wire_load(&up, &c, SIZE_MAX);
	while (wire_feed(&up, &s, SIZE_MAX) || end_work(&s) || wire_load(&down, &s, SIZE_MAX))
		continue;
	flight_len = down.end;
	for (size_t at = 1; at < flight_len; at += may->post_quantum ? 61 : 3) {
		start(may, may, false);
		end_work(&c);
		wire_load(&up, &c, SIZE_MAX);
		while (wire_feed(&up, &s, SIZE_MAX) || end_work(&s) ||
			wire_load(&down, &s, SIZE_MAX))
			continue;
		flight_len = down.end;
		down.end = at;
		while (wire_feed(&down, &c, SIZE_MAX) || end_work(&c))
			continue;
		down.end = flight_len;
		run(SIZE_MAX);
		CHECK(is_open());
	}
}

static void
test_resumption(const struct engine_options *may, const char *group)
{
	saves = 0;
	saved_len = 0;
	start(may, may, false);
	run(SIZE_MAX);
	CHECK(is_open() && !engine_is_resumed(&c.e));
	CHECK_INT(saves, may == &only_12 ? 1 : 2);
	for (int i = 0; i < 3; i++) {
		saves = 0;
		start(may, may, true);
		run(SIZE_MAX);
		CHECK(is_open() && engine_is_resumed(&c.e) && engine_is_resumed(&s.e));
		CHECK_STR(engine_group_text(&c.e), group);
		CHECK_INT(saves, may == &only_12 ? 0 : 1);
		CHECK(tell(&c, &s, 100, SIZE_MAX) && tell(&s, &c, 5000, SIZE_MAX));
		CHECK_INT(c.chain.count, 0);
	}
	sessions.tie[0] ^= 1; /* what it was made under is another */
	start(may, may, true);
	run(SIZE_MAX);
	CHECK(is_open() && !engine_is_resumed(&c.e) && !engine_is_resumed(&s.e));
	sessions.tie[0] ^= 1;
}

/* A session of one version is nothing to a hello that does not offer it, nor to a server that lacks it. */
static void
test_other_version(void)
{
	start(&both, &both, false);
	run(SIZE_MAX);
	start(&only_12, &both, true);
	run(SIZE_MAX);
	CHECK(is_open() && !engine_is_resumed(&c.e) && engine_version(&c.e) == ENGINE_TLS12);
	start(&only_13, &both, true); /* that one is of 1.2 now */
	run(SIZE_MAX);
	CHECK(is_open() && !engine_is_resumed(&c.e) && engine_version(&c.e) == ENGINE_TLS13);
	start(&both, &only_12, true); /* a ticket of 1.3 to a server of 1.2 */
	run(SIZE_MAX);
	CHECK(is_open() && !engine_is_resumed(&c.e) && engine_version(&c.e) == ENGINE_TLS12);
	start(&both, &both, true); /* a session of 1.2 to a server that has 1.3 by now */
	run(SIZE_MAX);
	CHECK(is_open() && !engine_is_resumed(&c.e) && engine_version(&c.e) == ENGINE_TLS13);
}

/* What is no session, cut or altered: a full handshake. */
static void
test_bad_session(void)
{
	start(&both, &both, false);
	run(SIZE_MAX);
	for (size_t len = 0; len < saved_len; len += 5) {
		size_t whole = saved_len;

		saved_len = len;
		start(&both, &both, true);
		saved_len = whole;
		run(SIZE_MAX);
		CHECK(is_open() && !engine_is_resumed(&c.e));
	}
}

/* Leaves longer than `out` go in pieces. */
static void
test_big_leaf(void)
{
	struct end *server = &s;
	unsigned char point[65], name[64], *alt = big_leaf + 12000, hash[32], raw[64], sig[72];
	br_ec_public_key public = { BR_EC_secp256r1, point, 65 };
	struct encode_cert cert = { .serial = (const unsigned char *)"\x2a", .serial_len = 1 };
	unsigned char value[260];
	size_t len, alt_len = 0;

	(void)p256_public(point, leaf_key);
	cert.issuer = cert.subject = name;
	cert.issuer_len = cert.subject_len = encode_name(name, "origin.test", 11);
	cert.not_before = 1700000000;
	cert.not_after = 1900000000;
	cert.key = &public;
	cert.hash = br_sha256_ID;
	memset(value, 'a', sizeof value);
	for (int i = 0; i < 40; i++)
		alt_len += encode_value(alt + alt_len, ENCODE_DNS_NAME, value, 240);
	cert.names = alt;
	cert.names_len = alt_len;
	len = encode_cert_body(big_leaf, &cert);
	schedule_hash(false, hash, big_leaf, len);
	(void)p256_sign(raw, hash, 32, leaf_key);
	len = encode_cert_close(big_leaf, len, br_sha256_ID, sig, ecdsa_to_der(sig, raw));
	CHECK(len > 2 * ENGINE_RECORDS);
	for (int i = 0; i < 2; i++) {
		start(&both, i ? &only_12 : &both, false);
		server->e.shake->leaf = big_leaf;
		server->e.shake->leaf_len = len;
		run(i ? 1 : SIZE_MAX);
		CHECK(is_open() && c.chain.count == 1 && c.chain.length[0] == len);
	}
}

static void
test_parking(void)
{
	static unsigned char other_in[ENGINE_IN], other_out[ENGINE_OUT];
	const struct engine_options *const kinds[] = { &both, &only_12 };

	for (int i = 0; i < 2; i++) {
		start(&both, kinds[i], false);
		CHECK(!engine_may_park(&c.e) && !engine_may_park(&s.e));
		run(SIZE_MAX);
		CHECK(engine_may_park(&c.e) && engine_may_park(&s.e));
		memset(c.in, 0xee, sizeof c.in);
		memset(c.out, 0xee, sizeof c.out);
		engine_unpark(&c.e, other_in, other_out);
		CHECK(tell(&c, &s, 100, SIZE_MAX) && tell(&s, &c, 100, SIZE_MAX));
		CHECK(engine_may_park(&c.e));
		engine_unpark(&c.e, c.in, c.out);
		CHECK(tell(&s, &c, 5000, SIZE_MAX));
		{
			size_t len;
			unsigned char *p = engine_room(&s.e, &len);

			*p = 'x';
			engine_put(&s.e, 1);
			CHECK(!engine_may_park(&s.e));
			engine_flush(&s.e);
			CHECK(!engine_may_park(&s.e));
			wire_load(&down, &s, SIZE_MAX);
			CHECK(engine_may_park(&s.e));
			wire_feed(&down, &c, 3); /* a part of a record's head */
			CHECK(!engine_may_park(&c.e));
			run(SIZE_MAX);
			CHECK(engine_peek(&c.e, &len) != NULL && !engine_may_park(&c.e));
			engine_take(&c.e, 1);
			CHECK(engine_may_park(&c.e));
		}
	}
}

/* Sizes that the budget names, and that nothing of a handshake is left in the buffers. */
static void
test_memory(void)
{
	unsigned char any = 0;

	memset(c.in, 0, sizeof c.in);
	memset(c.out, 0, sizeof c.out);
	memset(s.out, 0, sizeof s.out);
	CHECK(sizeof(struct engine) <= 400);
	CHECK(sizeof(struct engine) + sizeof(struct shake) <= 1400);
	start(&pq, &pq, false);
	run(SIZE_MAX);
	for (size_t i = ENGINE_RECORDS; i < ENGINE_OUT; i++)
		any |= c.out[i] | s.out[i];
	CHECK_INT(any, 0);
	for (size_t i = ENGINE_IN - CLIENT_KEPT; i < ENGINE_IN; i++)
		any |= c.in[i];
	CHECK_INT(any, 0);
	engine_reset(&c.e);
	for (size_t i = 0; i < sizeof c.e; i++)
		any |= ((unsigned char *)&c.e)[i] &
		       (unsigned char)(c.e.in_high == 0 && c.e.out_high == 0 ? 255 : 0);
	CHECK_INT(any, 0);
}

static bool
is_zero(const unsigned char *p, size_t len)
{
	unsigned char any = 0;

	for (size_t i = 0; i < len; i++)
		any |= p[i];
	return any == 0;
}

/* A handshake that fails, is stripped or reset leaves nothing of the session that it offered. */
static void
test_forgotten(void)
{
	memset(c.out, 0, sizeof c.out);
	for (int i = 0; i < 3; i++) {
		start(&pq, &pq, false);
		run(SIZE_MAX);
		start(&pq, &pq, true);
		end_work(&c);
		CHECK(!is_zero(c.in + ENGINE_IN - ENGINE_SESSION, 64));
		if (i == 0) {
			memcpy(down.data, "\26\3\3\0\4\0\0\0\0", 9);
			down.start = 0;
			down.end = 9;
			while (wire_feed(&down, &c, SIZE_MAX))
				continue;
			CHECK_INT(engine_error(&c.e), ENGINE_UNEXPECTED);
		} else if (i == 1) {
			engine_strip(&c.e);
		} else {
			engine_reset(&c.e);
		}
		CHECK(is_zero(c.in + ENGINE_IN - CLIENT_KEPT, CLIENT_KEPT));
		CHECK(is_zero(c.out + ENGINE_RECORDS, ENGINE_SHAKE));
	}
}

/* Buffers that go in the middle of a handshake are not touched any more, whatever is called. */
static void
test_strip(void)
{
	size_t len;
	unsigned char odd = 0;

	start(&pq, &pq, false);
	end_work(&c);
	wire_load(&up, &c, SIZE_MAX);
	while (wire_feed(&up, &s, SIZE_MAX))
		continue;
	CHECK(c.e.shake != NULL && s.e.shake != NULL && engine_waits(&s.e) != ENGINE_IDLE);
	engine_strip(&c.e);
	engine_strip(&s.e);
	memset(c.in, 0xee, sizeof c.in);
	memset(c.out, 0xee, sizeof c.out);
	memset(s.in, 0xee, sizeof s.in);
	memset(s.out, 0xee, sizeof s.out);
	CHECK(engine_recv_buf(&c.e, &len) == NULL && engine_send_buf(&c.e, &len) == NULL);
	CHECK(engine_recv_buf(&s.e, &len) == NULL && engine_waits(&s.e) == ENGINE_IDLE);
	engine_work(&s.e);
	engine_flush(&s.e);
	engine_close(&s.e);
	engine_reset(&s.e);
	engine_reset(&c.e);
	for (size_t i = 0; i < ENGINE_OUT; i++)
		odd |= (c.out[i] ^ 0xee) | (s.out[i] ^ 0xee);
	for (size_t i = 0; i < ENGINE_IN; i++)
		odd |= (c.in[i] ^ 0xee) | (s.in[i] ^ 0xee);
	CHECK_INT(odd, 0);
}

/* A ticket that comes to a parked leg: buffers are lent, it is taken, and they may go again. */
static void
test_ticket_parked(void)
{
	static unsigned char other_in[ENGINE_IN], other_out[ENGINE_OUT];

	client_open();
	CHECK(engine_may_park(&e));
	engine_strip(&e);
	CHECK(engine_may_park(&e));
	engine_unpark(&e, other_in, other_out);
	saves = 0;
	give(RECORD_HANDSHAKE, "\4\0\0\20\0\0\1\0\0\0\0\0\1\0\0\2xx\0\0", 20);
	CHECK_INT(saves, 1);
	CHECK(engine_may_park(&e) && engine_error(&e) == 0);
	give(RECORD_HANDSHAKE, "\4\0\0\20\0\0", 6); /* half of one */
	CHECK(!engine_may_park(&e));
	give(RECORD_HANDSHAKE, "\1\0\0\0\0\0\1\0\0\2yy\0\0", 14);
	CHECK_INT(saves, 2);
	CHECK(engine_may_park(&e));
}

static void
test_endings(void)
{
	const struct engine_options *const kinds[] = { &both, &only_12 };
	size_t len;

	for (int i = 0; i < 2; i++) {
		start(&both, kinds[i], false);
		run(SIZE_MAX);
		engine_close(&c.e);
		run(SIZE_MAX);
		CHECK(engine_is_ended(&s.e) && !engine_is_closed(&s.e) && !engine_is_closed(&c.e));
		CHECK(engine_room(&c.e, &len) == NULL && engine_room(&s.e, &len) != NULL);
		engine_close(&s.e);
		run(SIZE_MAX);
		CHECK(engine_is_closed(&s.e) && engine_is_closed(&c.e));
		CHECK(engine_error(&s.e) == 0 && engine_error(&c.e) == 0);
	}
	start(&both, &both, false); /* while the handshake runs */
	end_work(&c);
	engine_close(&c.e);
	run(SIZE_MAX);
	CHECK(engine_is_ended(&s.e) && !engine_is_open(&s.e));
	start(&both, &both, false); /* while something waits */
	engine_close(&c.e);
	CHECK_INT(engine_waits(&c.e), ENGINE_IDLE);
	start(&both, &both, false);
	engine_reset(&c.e);
	engine_close(&c.e); /* idle: nothing */
	CHECK(engine_send_buf(&c.e, &len) == NULL && engine_recv_buf(&c.e, &len) == NULL);
}

/* A failure tells the peer, who reads it as what it is. */
static void
test_alert(void)
{
	start(&both, &both, false);
	run(SIZE_MAX);
	CHECK(tell(&c, &s, 10, SIZE_MAX));
	{
		size_t len;
		unsigned char *p = engine_room(&c.e, &len);

		*p = 'x';
		engine_put(&c.e, 1);
		engine_flush(&c.e);
		wire_load(&up, &c, SIZE_MAX);
		up.data[up.end - 1] ^= 1;
	}
	run(SIZE_MAX);
	CHECK_INT(engine_error(&s.e), ENGINE_FORGED);
	CHECK_INT(engine_error(&c.e), ENGINE_ALERT + 20);
	CHECK(engine_is_closed(&s.e) && engine_is_closed(&c.e));
	CHECK_STR(
		engine_error_text(ENGINE_ALERT + 20), "it refused the connection with a TLS alert");
}

/* --- TLS 1.2: what a server must not do to our client, and a client to our server --- */

static void
client_12_at(unsigned state)
{
	client();
	say_hello(&(struct says){ .is_12 = true });
	if (state == CLIENT12_SHOWN)
		return;
	{
		struct draft d = message(MESSAGE_CERTIFICATE);

		draft_number(&d, (uint32_t)leaf_len + 3, 3);
		draft_number(&d, (uint32_t)leaf_len, 3);
		draft_bytes(&d, leaf, leaf_len);
		say(&d);
	}
}

static void
say_exchange(unsigned group, size_t len, unsigned scheme, bool spoil)
{
	struct draft d = message(MESSAGE_KEY_EXCHANGE);
	static const unsigned char point[97] = { 9 };
	unsigned char all[300], hash[32], raw[64], der[72];
	size_t n;

	draft_number(&d, 3, 1);
	draft_number(&d, group, 2);
	draft_number(&d, (uint32_t)len, 1);
	draft_bytes(&d, point, len);
	memcpy(all, e.shake->client_random, 32);
	memcpy(all + 32, e.shake->server_random, 32);
	memcpy(all + 64, d.p + MESSAGE_HEAD, n = d.len - MESSAGE_HEAD);
	schedule_hash(false, hash, all, 64 + n);
	hash[3] ^= spoil;
	(void)p256_sign(raw, hash, 32, leaf_key);
	draft_number(&d, scheme, 2);
	n = ecdsa_to_der(der, raw);
	draft_number(&d, (uint32_t)n, 2);
	draft_bytes(&d, der, n);
	say(&d);
}

static void
test_client_12(void)
{
	static const struct {
		unsigned group, scheme;
		size_t len;
		bool spoil;
		int alert;
	} cases[] = { { 29, 0x0403, 32, false, -1 }, { 29, 0x0403, 32, true, 51 },
		{ 29, 0x0203, 32, false, 47 }, { 29, 0x0401, 32, false, 47 },
		{ 25, 0x0403, 32, false, 47 }, { 29, 0x0403, 31, false, 47 },
		{ 23, 0x0403, 65, false, 47 }, { 30, 0x0403, 56, false, 47 },
		{ 4588, 0x0403, 32, false, 47 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		client_12_at(CLIENT12_EXCHANGE);
		CHECK_INT(e.state, CLIENT12_EXCHANGE);
		say_exchange(cases[i].group, cases[i].len, cases[i].scheme, cases[i].spoil);
		if (cases[i].alert < 0)
			CHECK_INT(e.state, CLIENT12_REQUEST);
		else
			CHECK_INT(alert_sent(), cases[i].alert);
	}
	client_12_at(
		CLIENT12_SHOWN); /* Finished, ChangeCipherSpec, ServerHelloDone before their time */
	give(RECORD_CCS, "\1", 1);
	CHECK_INT(alert_sent(), 10);
	client_12_at(CLIENT12_EXCHANGE);
	give(RECORD_HANDSHAKE, "\16\0\0\0", 4);
	CHECK_INT(alert_sent(), 10);
	client_12_at(CLIENT12_EXCHANGE);
	say_exchange(29, 32, 0x0403, false);
	give(RECORD_CCS, "\1", 1);
	CHECK_INT(alert_sent(), 10);
	client_12_at(CLIENT12_EXCHANGE);
	say_exchange(29, 32, 0x0403, false);
	give(RECORD_HANDSHAKE, "\15\0\0\10\1\1\0\2\4\3\0\0", 12); /* CertificateRequest */
	CHECK_INT(e.state, CLIENT12_DONE);
	give(RECORD_HANDSHAKE, "\16\0\0\0", 4);
	CHECK_INT(e.state, CLIENT12_CHANGE);
	client_12_at(
		CLIENT12_EXCHANGE); /* more behind ServerHelloDone than may come before our Finished */
	say_exchange(29, 32, 0x0403, false);
	give(RECORD_HANDSHAKE, "\16\0\0\0\4\0", 6);
	CHECK_INT(alert_sent(), 10);
	client_12_at(CLIENT12_EXCHANGE);
	say_exchange(29, 32, 0x0403, false);
	give(RECORD_HANDSHAKE, "\16\0\0\0", 4);
	give(RECORD_HANDSHAKE, "\24\0\0\14xxxxxxxxxxxx", 16); /* Finished in clear */
	CHECK_INT(alert_sent(), 10);
}

/* A session that is resumed with another suite, or loses the extended master secret; a session that was never
 * offered. */
static void
test_resumed_12(void)
{
	struct draft d;

	client();
	d = server_hello(&(struct says){ .is_12 = true, .no_extensions = true });
	memmove(d.p + 4 + 35 + 32, d.p + 4 + 35, 3);
	memcpy(d.p + 4 + 35, e.shake->session_id, 32);
	d.p[4 + 34] = 32;
	d.len += 32;
	say(&d);
	CHECK_INT(alert_sent(), 47);
	start(&both, &only_12, false);
	run(SIZE_MAX);
	CHECK(is_open());
	for (int i = 0; i < 3; i++) {
		client_with(&both, saved, saved_len);
		d = server_hello(&(struct says){ .is_12 = true,
			.suite = i == 1 ? 0xc02c : c.e.suite,
			.more = i == 2 ? NULL : "\0\27\0\0",
			.more_len = i == 2 ? 0 : 4 });
		memmove(d.p + 4 + 35 + 32, d.p + 4 + 35, d.len - 4 - 35);
		memcpy(d.p + 4 + 35, e.shake->session_id, 32);
		d.p[4 + 34] = 32;
		d.len += 32;
		say(&d);
		if (i == 0)
			CHECK(e.is_resumed && e.state == CLIENT12_CHANGE);
		else
			CHECK_INT(alert_sent(), i == 1 ? 47 : 40);
	}
}

static void
server_12(const char *more, size_t len)
{
	server();
	ask(&(struct asks){ BYTES(versions, "\3\3"), BYTES(suites, "\xcc\xa9\0\xff"), .more = more,
		.more_len = len });
}

static void
test_server_12(void)
{
	static const unsigned char zero[33] = { 32 };
	struct draft d;

	server_12(NULL, 0);
	CHECK_INT(e.state, SERVER12_EXCHANGE);
	d = message(MESSAGE_CLIENT_KEY);
	draft_bytes(&d, zero, 33);
	say(&d);
	CHECK_INT(alert_sent(), 47); /* X25519 of zeros */
	server_12(NULL, 0);
	d = message(MESSAGE_CLIENT_KEY);
	draft_bytes(&d, zero, 32);
	say(&d);
	CHECK_INT(alert_sent(), 50);
	server_12(NULL, 0);
	give(RECORD_CCS, "\1", 1);
	CHECK_INT(alert_sent(), 10);
	server_12(NULL, 0);
	give(RECORD_HANDSHAKE, "\24\0\0\14xxxxxxxxxxxx", 16);
	CHECK_INT(alert_sent(), 10);
	server_12("\xff\1\0\2\1x", 6); /* a renegotiation that never was */
	CHECK_INT(alert_sent(), 40);
	server_12("\0\13\0\2\1\1", 6); /* compressed points alone */
	CHECK_INT(alert_sent(), 40);
	server_12("\0\27\0\1x", 5);
	CHECK_INT(alert_sent(), 50);
	server_12("\0\13\0\3\2\1\0\xff\1\0\1\0\0\27\0\0", 16);
	CHECK_INT(e.state, SERVER12_EXCHANGE);
}

/* Remembered and resumed across the extended master secret: RFC 7627 section 5.3. */
static void
test_extended_12(void)
{
	static const struct ticket with = {
		.handle = { 3 }, .secret = { 4 }, .suite = 0xcca9, .is_extended = true
	};
	static const struct ticket without = { .handle = { 6 }, .secret = { 4 }, .suite = 0xcca9 };
	struct asks a = { BYTES(versions, "\3\3"), BYTES(suites, "\xcc\xa9"), .id_len = 32,
		.id = with.handle };

	server();
	ticket_save(&tie, &with);
	ticket_save(&tie, &without);
	ask(&a);
	CHECK_INT(alert_sent(), 40);
	a.more = "\0\27\0\0";
	a.more_len = 4;
	server();
	ask(&a);
	CHECK(e.is_resumed && e.state == SERVER12_CHANGE);
	a.id = without.handle;
	server();
	ask(&a);
	CHECK(!e.is_resumed && e.state == SERVER12_EXCHANGE);
	a.more_len = 0;
	server();
	ask(&a);
	CHECK(e.is_resumed);
	a.suites = "\xc0\x2b"; /* a suite that this hello does not offer */
	server();
	ask(&a);
	CHECK(!e.is_resumed && e.state == SERVER12_EXCHANGE);
	a.has_alpn = true; /* resumed with h2 alone: once a crash */
	a.alpn = "\2h2";
	a.alpn_len = 3;
	server();
	ask(&a);
	CHECK_INT(alert_sent(), 120);
}

/* ML-KEM: a key that fails the modulus check, shares of wrong lengths: cases 76 and 45. */
static void
test_hybrid(void)
{
	static unsigned char shares[2 + 4 + 1216], ciphertext[1120] = { 1 };
	static const char group[] = "\x11\xec\0\35";
	struct draft d = { .p = shares, .cap = sizeof shares };

	draft_number(&d, 1220, 2);
	draft_number(&d, 4588, 2);
	draft_number(&d, 1216, 2);
	for (int i = 0; i < 3; i++) {
		memset(shares + 6, 0, 1216);
		shares[6 + 1184] = 9;
		if (i == 1)
			memset(shares + 6, 0xff, 3); /* a number of 4095 */
		server_with(&pq);
		if (i == 2) { /* a byte less */
			shares[1] = (1219 & 255);
			shares[5] = (1215 & 255);
		}
		ask(&(struct asks){ BYTES(groups, group), .shares = shares,
			.shares_len = sizeof shares - (i == 2) });
		if (i == 0)
			CHECK_INT(e.state, SERVER_FINISHED);
		else
			CHECK_INT(alert_sent(), 47);
	}
	for (size_t len = 1119; len <= 1121; len++) {
		ciphertext[1088] = 9;
		client_with(&pq, NULL, 0);
		say_hello(&(struct says){ .group = 4588,
			.share = len <= sizeof ciphertext ? ciphertext : shares,
			.share_len = len });
		if (len == 1120)
			CHECK_INT(e.state, CLIENT_ENCRYPTED);
		else
			CHECK_INT(alert_sent(), 47);
	}
	memset(ciphertext + 1088, 0, 32);
	client_with(&pq, NULL, 0);
	say_hello(&(struct says){ .group = 4588, .share = ciphertext, .share_len = 1120 });
	CHECK_INT(alert_sent(), 47);
}

/* A ticket, a HelloRetryRequest, and a second hello: its binder is over all of that; and a ticket that picks 1.2 after
 * a retry never gets a secret of zeros. */
static void
test_retry(void)
{
	start(&both, &both, false);
	run(SIZE_MAX);
	client_with(&both, saved, saved_len);
	say_hello(&(struct says){ .random = retry, .suite = 0x1303, .group = GROUP_P256 });
	CHECK(e.state == CLIENT_RETRIED && e.shake->offers_psk);
	say_hello(&(struct says){ .is_12 = true });
	CHECK_INT(alert_sent(), 47);
	client_with(&both, saved, saved_len); /* a hash that the ticket is not of */
	say_hello(&(struct says){ .random = retry, .suite = 0x1302, .group = GROUP_P256 });
	CHECK(e.state == CLIENT_RETRIED && !e.shake->offers_psk);
}

int
main(void)
{
	make_leaf();
	test_versions();
	test_work();
	test_waiting();
	test_pieces();
	test_splits(&both);
	test_splits(&only_12);
	test_splits(&pq);
	test_resumption(&both, "X25519");
	test_resumption(&pq, "X25519MLKEM768");
	test_resumption(&only_12, "none");
	test_other_version();
	test_bad_session();
	test_big_leaf();
	test_parking();
	test_memory();
	test_strip();
	test_forgotten();
	test_ticket_parked();
	test_endings();
	test_alert();
	test_client_12();
	test_resumed_12();
	test_server_12();
	test_extended_12();
	test_hybrid();
	test_retry();
	tickets_free(sessions.store);
	tickets_free(tie.store);
	return check_done("engine");
}
