/*
 * engine: a TLS engine, client or server, whose peer says what the input wants: bytes as they are (decryption on),
 * messages sealed with the right key (decryption off), and right messages in any order.  Whatever comes, no engine is
 * open whose peer did not prove itself, and buffers are kept to.
 *
 * Input: a byte of options, then pieces: what, two bytes of length, data.
 */
#include "../unit/puppet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { AS_SERVER = 1, LEAST_13 = 2, MOST_12 = 4, HYBRID = 8, RESUME = 16, BYTEWISE = 32 };

static bool signed_right, finished_right;

static void
check(void)
{
	size_t room;
	unsigned char *p = engine_recv_buf(&e, &room);

	if (p != NULL && room == 0)
		abort();
	if (p != NULL && p != e.head + e.head_have &&
		(p < e_in || room > (size_t)(e_in + ENGINE_IN - p)))
		abort();
	if (e.out_end > ENGINE_RECORDS || e.part_end > ENGINE_IN || e.part_start > e.part_end)
		abort();
	if (engine_error(&e) != 0 &&
		(engine_waits(&e) != ENGINE_IDLE || p != NULL || e.shake != NULL))
		abort();
	if (engine_is_open(&e) && !finished_right)
		abort();
	if (engine_is_open(&e) && !e.is_server && !e.is_resumed && !signed_right)
		abort();
	p = engine_peek(&e, &room);
	if (p != NULL) {
		if (!engine_is_open(&e) || p < e_in || room > (size_t)(e_in + ENGINE_IN - p))
			abort();
		engine_take(&e, room);
	}
	sent_len = 0;
}

static bool
expects_finished(void)
{
	return e.shake != NULL && e.shake->suite != NULL &&
	       (e.state == CLIENT_FINISHED || e.state == SERVER_FINISHED ||
		       e.state == CLIENT12_FINISHED || e.state == SERVER12_FINISHED);
}

static void
say_right_finished(void)
{
	struct draft d;

	if (!expects_finished())
		return;
	finished_right = true;
	if (e.version == ENGINE_TLS13) {
		say_finished();
		return;
	}
	{
		unsigned char out[12];

		shake_finished_12(e.shake, !e.is_server, out);
		d = message(MESSAGE_FINISHED);
		draft_bytes(&d, out, sizeof out);
		say(&d);
	}
}

static void
say_right(unsigned what, const uint8_t *data, size_t len)
{
	unsigned char wish = len > 0 ? data[0] : 0;

	if (e.is_server) {
		ask(&(struct asks){ .no_versions = wish & 1,
			.suites = wish & 1 ? "\xcc\xa9\xc0\x2b" : "\x13\x03\x13\x02",
			.suites_len = 4,
			.shares = wish & 2 ? "\0\0" : NULL,
			.shares_len = 2,
			.id_len = wish & 4 ? 32 : 0,
			.more = len > 1 ? data + 1 : NULL,
			.more_len = len > 1 ? len - 1 : 0 });
		return;
	}
	switch (what) {
	case 0:
		if (e.shake != NULL)
			say_hello(&(struct says){ .is_12 = wish & 1,
				.random = wish & 2 ? retry : NULL,
				.group = wish & 2 ? GROUP_P256 : 0,
				.suite = wish & 4 ? 0x1302 : 0,
				.more = len > 1 ? data + 1 : NULL,
				.more_len = len > 1 ? len - 1 : 0 });
		break;
	case 1: say_encrypted(data, len); break;
	case 2: say_certificate(); break;
	default:
		if (e.shake != NULL && e.state == CLIENT_VERIFY) {
			signed_right = true;
			say_verify(0x0403, false);
		}
		break;
	}
}

static void
piece_of(unsigned what, const uint8_t *data, size_t len)
{
	static unsigned char buf[PUPPET_MESSAGE];

	if (len > sizeof buf)
		len = sizeof buf;
	memcpy(buf, data, len);
	switch (what % 12) {
	case 0: feed(buf, len); break;
	case 1: give(RECORD_HANDSHAKE, buf, len < 16000 ? len : 16000); break;
	case 2: give(RECORD_DATA, buf, len < 16000 ? len : 16000); break;
	case 3: give(RECORD_ALERT, buf, len < 2 ? len : 2); break;
	case 4: give_clear(RECORD_CCS, "\1", 1); break;
	case 5: say_right_finished(); break;
	case 6: engine_close(&e); break;
	case 7: {
		size_t room;
		unsigned char *p = engine_room(&e, &room);

		if (p != NULL) {
			memset(p, 'x', room);
			engine_put(&e, room);
			engine_flush(&e);
		}
		break;
	}
	default: say_right(what % 4, buf, len); break;
	}
	work();
	check();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static unsigned char session[ENGINE_SESSION];
	static size_t session_len;
	struct engine_options options = both;
	uint8_t how = len > 0 ? data[0] : 0;

	if (leaf_len == 0) {
		make_leaf();
		client_open();
		give(RECORD_HANDSHAKE, "\4\0\0\20\0\0\1\0\0\0\0\0\1\0\0\2xx\0\0", 20);
		memcpy(session, saved, session_len = saved_len);
	}
	if (how & LEAST_13)
		options.least = ENGINE_TLS13;
	else if (how & MOST_12)
		options.most = ENGINE_TLS12;
	options.post_quantum = (how & HYBRID) != 0;
	piece = how & BYTEWISE ? 1 : SIZE_MAX;
	signed_right = finished_right = false;
	if (how & AS_SERVER)
		server_with(&options);
	else
		client_with(
			&options, how & RESUME ? session : NULL, how & RESUME ? session_len : 0);
	for (size_t at = 1; at + 3 <= len;) {
		size_t n = (size_t)data[at + 1] << 8 | data[at + 2];

		if (n > len - at - 3)
			n = len - at - 3;
		piece_of(data[at], data + at + 3, n);
		at += 3 + n;
	}
	engine_reset(&e);
	return 0;
}
