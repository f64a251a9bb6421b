/*
 * message: handshake messages out of records.  See message.h.
 *
 * The table says for each state which messages may come, and nothing else may.  Certificates and requests for them
 * are read as they come, since they may be longer than any buffer here; all others are read whole.
 */
#include "lib/tls/message.h"

#include <string.h>
#include "lib/tls/shake.h"
#include "lib/base/pool.h"

enum {
	MESSAGES_IDLE = 32 /* KeyUpdates without data between them */
};

enum message_stream { STREAM_NONE, STREAM_CERTIFICATE, STREAM_REQUEST, STREAM_PASSED };

static void message_read_key_update(struct engine *e, struct cursor body);

static const struct {
	uint8_t state, type; /* enum shake_state, enum message_type */
	uint8_t stream;      /* enum message_stream: or else it is read whole, by: */
	void (*read)(struct engine *e, struct cursor body);
} rules[] = {
	{ CLIENT_HELLO, MESSAGE_SERVER_HELLO, STREAM_NONE, client_read_hello },
	{ CLIENT_RETRIED, MESSAGE_SERVER_HELLO, STREAM_NONE, client_read_hello },
	{ CLIENT_ENCRYPTED, MESSAGE_ENCRYPTED, STREAM_NONE, client_read_encrypted },
	{ CLIENT_SHOWN, MESSAGE_REQUEST, STREAM_REQUEST, client_read_request },
	{ CLIENT_SHOWN, MESSAGE_CERTIFICATE, STREAM_CERTIFICATE, NULL },
	{ CLIENT_REQUESTED, MESSAGE_CERTIFICATE, STREAM_CERTIFICATE, NULL },
	{ CLIENT_VERIFY, MESSAGE_VERIFY, STREAM_NONE, client_read_verify },
	{ CLIENT_FINISHED, MESSAGE_FINISHED, STREAM_NONE, client_read_finished },
	{ CLIENT12_SHOWN, MESSAGE_CERTIFICATE, STREAM_CERTIFICATE, NULL },
	{ CLIENT12_EXCHANGE, MESSAGE_KEY_EXCHANGE, STREAM_NONE, client_read_key_exchange },
	{ CLIENT12_REQUEST, MESSAGE_REQUEST, STREAM_REQUEST, client_read_request },
	{ CLIENT12_REQUEST, MESSAGE_HELLO_DONE, STREAM_NONE, client_read_hello_done },
	{ CLIENT12_DONE, MESSAGE_HELLO_DONE, STREAM_NONE, client_read_hello_done },
	{ CLIENT12_TICKET, MESSAGE_TICKET, STREAM_NONE, client_read_ticket_12 },
	{ CLIENT12_FINISHED, MESSAGE_FINISHED, STREAM_NONE, client_read_finished_12 },
	{ SERVER_HELLO, MESSAGE_CLIENT_HELLO, STREAM_NONE, server_read_hello },
	{ SERVER_RETRIED, MESSAGE_CLIENT_HELLO, STREAM_NONE, server_read_hello },
	{ SERVER_FINISHED, MESSAGE_FINISHED, STREAM_NONE, server_read_finished },
	{ SERVER12_EXCHANGE, MESSAGE_CLIENT_KEY, STREAM_NONE, server_read_client_key },
	{ SERVER12_FINISHED, MESSAGE_FINISHED, STREAM_NONE, server_read_finished_12 },
	{ SHAKE_OPEN_13_CLIENT, MESSAGE_TICKET, STREAM_NONE, client_read_ticket },
	{ SHAKE_OPEN_13_CLIENT, MESSAGE_KEY_UPDATE, STREAM_NONE, message_read_key_update },
	{ SHAKE_OPEN_13_SERVER, MESSAGE_KEY_UPDATE, STREAM_NONE, message_read_key_update },
};

enum { RULES = sizeof rules / sizeof *rules };

size_t
message_limit(const struct engine *e)
{
	bool keeps = e->state == CLIENT_HELLO || e->state == CLIENT_RETRIED;

	return ENGINE_IN - (keeps ? CLIENT_KEPT : 0);
}

bool
message_is_whole(const struct engine *e)
{
	return e->stream == STREAM_NONE && e->part_start == e->part_end;
}

static void
message_consume(struct engine *e, size_t len)
{
	e->part_start = (uint16_t)(e->part_start + len);
	if (e->part_start == e->part_end)
		e->part_start = e->part_end = 0;
}

static size_t
message_find_rule(const struct engine *e, unsigned type)
{
	size_t i = 0;

	while (i < RULES && (rules[i].state != e->state || rules[i].type != type))
		i++;
	return i;
}

/* --- messages that are read as they come --- */

static void
stream_begin(struct engine *e, enum message_stream how, uint32_t len)
{
	struct shake *s = e->shake;

	if (s != NULL)
		transcript_add(&s->transcript, e->in + e->part_start, MESSAGE_HEAD);
	message_consume(e, MESSAGE_HEAD);
	e->stream = (uint8_t)how;
	e->stream_left = len;
	if (how == STREAM_CERTIFICATE)
		client_begin_certificate(e);
}

static void
stream_run(struct engine *e)
{
	size_t have = (size_t)(e->part_end - e->part_start);
	size_t n = have < e->stream_left ? have : e->stream_left;
	const unsigned char *p = e->in + e->part_start;
	enum message_stream how = (enum message_stream)e->stream;

	if (e->shake != NULL)
		transcript_add(&e->shake->transcript, p, n);
	if (how == STREAM_CERTIFICATE)
		client_add_certificate(e, p, n);
	e->stream_left -= (uint32_t)n;
	message_consume(e, n);
	if (e->stream_left > 0 || e->error != 0)
		return;
	e->stream = STREAM_NONE;
	if (how == STREAM_CERTIFICATE)
		client_end_certificate(e);
	else if (how == STREAM_REQUEST)
		client_end_request(e);
	else if (e->state == CLIENT12_TICKET)
		e->state = CLIENT12_CHANGE;
}

/* --- messages that are read whole --- */

/* A message that is too long to be put together in `in`: a ticket is passed over, since we could not keep it anyway. */
static bool
message_is_too_long(const struct engine *e, size_t whole)
{
	return whole > (e->read.cipher == RECORD_CLEAR ? message_limit(e) : (size_t)ENGINE_PART);
}

/* 1: one was read or begun, 0: more must come. */
static int
message_begin(struct engine *e)
{
	const unsigned char *p = e->in + e->part_start;
	size_t have = (size_t)(e->part_end - e->part_start), rule;
	uint32_t len;

	if (have == 0)
		return 0;
	rule = message_find_rule(e, p[0]);
	if (rule == RULES) {
		engine_fail(e, ENGINE_UNEXPECTED);
		return 1;
	}
	if (have < MESSAGE_HEAD)
		return 0;
	len = (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	/* The contents of a CertificateRequest are nothing to us; one that is all there is read for its form. */
	if (rules[rule].stream != STREAM_NONE &&
		(rules[rule].read == NULL || have - MESSAGE_HEAD < len)) {
		stream_begin(e, (enum message_stream)rules[rule].stream, len);
		return 1;
	}
	if (have - MESSAGE_HEAD < len) {
		if (!message_is_too_long(e, len + MESSAGE_HEAD))
			return 0;
		if (p[0] == MESSAGE_TICKET)
			stream_begin(e, STREAM_PASSED, len);
		else
			engine_fail(e, ENGINE_DECODE);
		return 1;
	}
	if (p[0] != MESSAGE_KEY_UPDATE && p[0] != MESSAGE_TICKET)
		e->idle = 0;
	if (e->shake != NULL) {
		e->shake->message = cursor_of(p + MESSAGE_HEAD, len);
		e->shake->was_hashed = false;
	}
	e->part_start = (uint16_t)(e->part_start + MESSAGE_HEAD +
				   len); /* stays where it is until it is done */
	rules[rule].read(e, cursor_of(p + MESSAGE_HEAD, len));
	if (e->waits == ENGINE_IDLE)
		message_done(e);
	return 1;
}

void
message_done(struct engine *e)
{
	struct shake *s = e->shake;

	if (s != NULL && s->message.p != NULL) {
		if (!s->was_hashed && e->error == 0)
			shake_hash_message(e);
		s->message = (struct cursor){ 0 };
	}
	message_consume(e, 0);
}

bool
shake_is_aligned(const struct engine *e)
{
	return e->part_start == e->part_end && e->record_left == 0;
}

void
message_run(struct engine *e)
{
	int more = 1;

	while (more && e->error == 0 && e->waits == ENGINE_IDLE && e->state != SERVER_FLIGHT) {
		if (e->stream == STREAM_NONE)
			more = message_begin(e);
		else if (e->stream_left == 0 || e->part_start < e->part_end)
			stream_run(e);
		else
			more = 0;
	}
}

/* RFC 8446 section 4.6.3 */
static void
message_read_key_update(struct engine *e, struct cursor body)
{
	uint32_t wanted = cursor_number(&body, 1);

	if (!cursor_is_done(&body))
		engine_fail(e, ENGINE_DECODE);
	else if (wanted > 1)
		engine_fail(e, ENGINE_PARAMETER);
	else if (!shake_is_aligned(e))
		engine_fail(e, ENGINE_UNEXPECTED);
	else if (++e->idle > MESSAGES_IDLE)
		engine_fail(e, ENGINE_FLOODED);
	if (e->error != 0)
		return;
	engine_next_secret(e, e->read_secret);
	engine_set_read(e, e->read_secret);
	e->owes_update |= wanted == 1;
}
