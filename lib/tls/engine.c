/*
 * engine: records in, records out, and what the caller sees.  See engine.h.
 *
 * `in` holds, from its begin: handshake bytes that are not read yet, then the record that arrives.  Records in clear
 * are read as they come, encrypted ones once they are whole.  `out` holds records that are to be sent, then plaintext
 * that is no record yet, then room for an alert.
 */
#include "lib/tls/engine.h"

#include <string.h>
#include "lib/base/pool.h"
#include "lib/tls/message.h"
#include "lib/tls/shake.h"

enum {
	ENGINE_IDLE_MOST = 32, /* records in a row that bring nothing */
	ENGINE_RESERVE = 48,   /* bytes of `out` for the last alert, and a ChangeCipherSpec */
	ENGINE_SMALL = 64,     /* bytes of records behind which data may be put: a KeyUpdate */
	ALERT_WARNING = 1,
	ALERT_FATAL = 2,
	ALERT_CLOSE_NOTIFY = 0,
	ALERT_USER_CANCELED = 90
};

/* Each error as an alert (RFC 8446 section 6), and in words. */
static const struct {
	uint8_t alert;
	const char *text;
} errors[ENGINE_ERRORS] = {
	[ENGINE_OK] = { 0, "it ended the connection during the handshake" },
	[ENGINE_NOT_TLS] = { 10, "what it sent is no TLS" },
	[ENGINE_UNEXPECTED] = { 10, "it sent something that may not come there in TLS" },
	[ENGINE_FORGED] = { 20, "what it sent was altered on the way" },
	[ENGINE_TOO_LONG] = { 22, "it sent a TLS record that is too long" },
	[ENGINE_DECODE] = { 50, "it sent a TLS message that can't be read" },
	[ENGINE_PARAMETER] = { 47, "it sent a TLS message that says what it must not" },
	[ENGINE_NO_VERSION] = { 70, "it speaks no TLS version that this proxy speaks" },
	[ENGINE_NO_COMMON] = { 40, "it shares no cipher suite or key type with this proxy" },
	[ENGINE_NO_PROTOCOL] = { 120, "it does not speak HTTP/1.1" },
	[ENGINE_MISSING] = { 109, "it left out a part of TLS that must be there" },
	[ENGINE_UNASKED] = { 110, "it answered what it was not asked in TLS" },
	[ENGINE_DOWNGRADED] = { 47, "someone on the way made it choose an older TLS version" },
	[ENGINE_FALLBACK] = { 86, "it came back with an older TLS version than it has" },
	[ENGINE_BAD_SIGNATURE] = { 51, "its handshake is not signed by its certificate's key" },
	[ENGINE_BAD_FINISHED] = { 51, "its handshake was altered on the way" },
	[ENGINE_NO_CERTIFICATE] = { 50, "it showed no certificate" },
	[ENGINE_BAD_CERTIFICATE] = { 42, "its certificate can't be read" },
	[ENGINE_KEY_KIND] = { 43, "its key is of a type that this proxy can't use" },
	[ENGINE_FLOODED] = { 10, "it sent too much that means nothing" },
	[ENGINE_EXHAUSTED] = { 80, "it sent more than one TLS key can carry" },
	[ENGINE_INTERNAL] = { 80, "this proxy's TLS came to an end" },
};

/* --- sending --- */

static void
out_end(struct engine *e, size_t len)
{
	e->out_end = (uint16_t)(e->out_end + len);
	/* A record's plaintext was written here as well. */
	if (e->out_end > e->out_high)
		e->out_high = e->out_end;
}

static unsigned char *
out_plain(const struct engine *e)
{
	return e->out + e->out_end + record_before(&e->write);
}

/* Room for one more record's plaintext behind what is in `out`, with what is in it already. */
static size_t
out_capacity(const struct engine *e)
{
	size_t taken = e->out_end + record_before(&e->write) + record_after(&e->write) +
		       ENGINE_RESERVE;

	if (taken >= ENGINE_RECORDS)
		return 0;
	return ENGINE_RECORDS - taken < ENGINE_DATA ? ENGINE_RECORDS - taken : ENGINE_DATA;
}

static void
out_restart(struct engine *e)
{
	if (e->out_start == e->out_end && e->fill == 0)
		e->out_start = e->out_end = 0;
}

void
engine_seal(struct engine *e)
{
	if (e->fill == 0)
		return;
	out_end(e, record_seal(&e->write, (enum record_type)e->fill_type, e->out + e->out_end,
			   e->fill));
	e->fill = 0;
}

/* A record of its own; ENGINE_RESERVE is for these. */
static void
send_record(struct engine *e, enum record_type type, const unsigned char *data, size_t len)
{
	memcpy(out_plain(e), data, len);
	out_end(e, record_seal(&e->write, type, e->out + e->out_end, len));
}

static void
send_alert(struct engine *e, unsigned level, unsigned alert)
{
	const unsigned char data[2] = { (unsigned char)level, (unsigned char)alert };

	send_record(e, RECORD_ALERT, data, sizeof data);
}

/* In clear whatever the keys are: TLS 1.3 sends it for the eyes of middleboxes alone. */
void
engine_send_change(struct engine *e)
{
	static const unsigned char record[6] = { RECORD_CCS, 3, 3, 0, 1, 1 };

	engine_seal(e);
	memcpy(e->out + e->out_end, record, sizeof record);
	out_end(e, sizeof record);
}

void
engine_fail(struct engine *e, int error)
{
	if (e->error != 0)
		return;
	e->error = (uint16_t)error;
	e->waits = ENGINE_IDLE;
	e->fill = 0;
	if (e->out == NULL || error > ENGINE_ALERT) {
		e->out_start = e->out_end = 0;
		return;
	}
	out_restart(e);
	if (!e->is_closing)
		send_alert(e, ALERT_FATAL, errors[error].alert);
}

size_t
shake_room(const struct engine *e)
{
	return out_capacity(e) > e->fill ? out_capacity(e) - e->fill : 0;
}

/* The transcript runs from the moment at which its hash is known. */
static void
shake_hash(struct engine *e, const void *data, size_t len)
{
	if (e->shake != NULL && e->shake->suite != NULL)
		transcript_add(&e->shake->transcript, data, len);
}

struct draft
shake_begin(struct engine *e, enum message_type type)
{
	struct draft d = { .p = out_plain(e) + e->fill, .cap = shake_room(e) };

	draft_number(&d, type, 1);
	draft_open(&d, 3);
	return d;
}

void
shake_finish(struct engine *e, struct draft *d)
{
	if (d->full) {
		engine_fail(e, ENGINE_INTERNAL);
		return;
	}
	draft_close(d, MESSAGE_HEAD, 3);
	shake_hash(e, d->p, d->len);
	e->fill_type = RECORD_HANDSHAKE;
	e->fill = (uint16_t)(e->fill + d->len);
}

void
shake_put(struct engine *e, const void *data, size_t len)
{
	memcpy(out_plain(e) + e->fill, data, len);
	shake_hash(e, data, len);
	e->fill_type = RECORD_HANDSHAKE;
	e->fill = (uint16_t)(e->fill + len);
}

/* RFC 8446 section 4.6.3: the message goes under the old key. */
static void
send_key_update(struct engine *e)
{
	static const unsigned char message[5] = { MESSAGE_KEY_UPDATE, 0, 0, 1, 0 };

	send_record(e, RECORD_HANDSHAKE, message, sizeof message);
	engine_next_secret(e, e->write_secret);
	engine_set_write(e, e->write_secret);
	e->owes_update = false;
}

unsigned char *
engine_send_buf(struct engine *e, size_t *len)
{
	*len = (size_t)(e->out_end - e->out_start);
	return *len > 0 ? e->out + e->out_start : NULL;
}

/* Wipes the secrets of a handshake as soon as it is over: its own memory, and what a client keeps at the end
 * of `in`, where in_high does not reach. */
static void
engine_forget(struct engine *e)
{
	if (e->shake == NULL)
		return;
	if (!e->is_server)
		pool_wipe(e->in + ENGINE_IN - CLIENT_KEPT, CLIENT_KEPT);
	pool_wipe(e->shake, sizeof *e->shake);
	e->shake = NULL;
}

static void
engine_settle(struct engine *e)
{
	if (e->error == 0 && e->shake != NULL && e->state == SERVER_FLIGHT &&
		e->waits == ENGINE_IDLE)
		server_pump(e);
	if (e->error != 0)
		engine_forget(e);
}

void
engine_send_ack(struct engine *e, size_t len)
{
	e->out_start = (uint16_t)(e->out_start + len);
	out_restart(e);
	engine_settle(e);
}

/* --- receiving --- */

static bool
is_13(const struct engine *e)
{
	return e->version == ENGINE_TLS13;
}

static void
count_idle(struct engine *e)
{
	if (++e->idle > ENGINE_IDLE_MOST)
		engine_fail(e, ENGINE_FLOODED);
}

static void
read_alert(struct engine *e, const unsigned char *data, size_t len)
{
	if (len != 2) {
		engine_fail(e, len == 0 ? ENGINE_UNEXPECTED : ENGINE_DECODE);
		return;
	}
	if (data[1] == ALERT_CLOSE_NOTIFY)
		e->is_ended = true;
	/* Warnings are TLS 1.2's; a server may send one before its version is known (RFC 6066 section 3). */
	else if (data[1] == ALERT_USER_CANCELED || (!is_13(e) && data[0] == ALERT_WARNING))
		count_idle(e);
	else
		engine_fail(e, ENGINE_ALERT + data[1]);
}

/* TLS 1.3 has no ChangeCipherSpec, but lets it pass from the first hello to the peer's Finished (RFC 8446 section
 * 5); in a client's first state the version is not known. */
static bool
may_ignore_change(const struct engine *e)
{
	switch (e->state) {
	case CLIENT_HELLO:
	case CLIENT_RETRIED:
	case SERVER_RETRIED: return true;
	default: return is_13(e) && !e->is_open && e->state != SERVER_HELLO;
	}
}

static void
read_change(struct engine *e, unsigned char value)
{
	if (value != 1 || !message_is_whole(e))
		engine_fail(e, ENGINE_UNEXPECTED);
	else if (may_ignore_change(e))
		count_idle(e);
	else if (e->state == CLIENT12_CHANGE || e->state == SERVER12_CHANGE) {
		shake_set_keys_12(e, true);
		e->state = e->state == CLIENT12_CHANGE ? CLIENT12_FINISHED : SERVER12_FINISHED;
	} else {
		engine_fail(e, ENGINE_UNEXPECTED);
	}
}

static void
read_data(struct engine *e, unsigned char *data, size_t len)
{
	if (!e->is_open || !message_is_whole(e)) {
		engine_fail(e, ENGINE_UNEXPECTED);
	} else if (len == 0) {
		count_idle(e);
	} else {
		e->idle = 0;
		if (e->is_closing)
			return;
		e->data_start = (uint16_t)(data - e->in);
		e->data_end = (uint16_t)(e->data_start + len);
	}
}

static void
read_handshake(struct engine *e, const unsigned char *data, size_t len)
{
	if (len == 0) {
		engine_fail(e, ENGINE_UNEXPECTED);
		return;
	}
	memmove(e->in + e->part_end, data, len);
	e->part_end = (uint16_t)(e->part_end + len);
	message_run(e);
}

static void
read_opened(struct engine *e, enum record_type type, unsigned char *data, size_t len)
{
	switch (type) {
	case RECORD_HANDSHAKE: read_handshake(e, data, len); break;
	case RECORD_DATA: read_data(e, data, len); break;
	case RECORD_ALERT:
		if (message_is_whole(e))
			read_alert(e, data, len);
		else
			engine_fail(e, ENGINE_UNEXPECTED);
		break;
	default: engine_fail(e, ENGINE_UNEXPECTED); break;
	}
}

/* Early data that we did not accept: what the handshake's key does not open (RFC 8446 section 4.2.10), or what comes
 * before there is a key. */
static bool
pass_early_data(struct engine *e, size_t len)
{
	struct shake *s = e->shake;

	if (s == NULL || !e->is_server || s->early_left == 0 || e->head[0] != RECORD_DATA ||
		(e->state != SERVER_RETRIED && e->state != SERVER_FINISHED) ||
		e->read.sequence != 0)
		return false;
	if (len > s->early_left)
		return false;
	s->early_left -= (uint32_t)len;
	return true;
}

/* A client that failed before it had keys says so in clear. */
static bool
is_clear_alert(const struct engine *e)
{
	return e->state == SERVER_FINISHED && e->read.sequence == 0 && e->head[0] == RECORD_ALERT;
}

static bool
is_clear(const struct engine *e)
{
	return e->read.cipher == RECORD_CLEAR ||
	       (is_13(e) && (e->head[0] == RECORD_CCS || is_clear_alert(e)));
}

/* A whole record that is not read as it comes. */
static void
read_record(struct engine *e)
{
	unsigned char *data = e->in + e->part_end, *plain;
	size_t len = e->record_have;
	enum record_type type;
	int got;

	e->head_have = 0;
	e->record_have = 0;
	if (is_clear(e)) {
		if (e->head[0] == RECORD_CCS)
			read_change(e, data[0]);
		else if (e->head[0] == RECORD_ALERT)
			read_alert(e, data, len);
		else if (!pass_early_data(e, len))
			engine_fail(e, ENGINE_UNEXPECTED);
		return;
	}
	got = record_open(&e->read, e->head, data, len, &plain, &type);
	if (got == RECORD_TOO_LONG)
		engine_fail(e, ENGINE_TOO_LONG);
	else if (got == RECORD_BLANK)
		engine_fail(e, ENGINE_UNEXPECTED);
	else if (got >= 0)
		read_opened(e, type, plain, (size_t)got);
	else if (!pass_early_data(e, len))
		engine_fail(e, ENGINE_FORGED);
}

/* May this record stand in clear, and be so long?  ENGINE_OK: it may. */
static int
judge_clear(const struct engine *e, size_t len)
{
	if (len > RECORD_PLAIN && e->head[0] != RECORD_DATA)
		return ENGINE_TOO_LONG;
	switch (e->head[0]) {
	case RECORD_HANDSHAKE: return len > 0 ? ENGINE_OK : ENGINE_UNEXPECTED;
	case RECORD_CCS: return len == 1 ? ENGINE_OK : ENGINE_UNEXPECTED;
	case RECORD_ALERT:
		if (!message_is_whole(e) || len == 0)
			return ENGINE_UNEXPECTED;
		return len == 2 ? ENGINE_OK : ENGINE_DECODE;
	case RECORD_DATA:
		if (len > RECORD_WIRE)
			return ENGINE_TOO_LONG;
		/* Behind half a hello it would not fit into `in` either. */
		return e->state == SERVER_RETRIED && e->shake->early_left > 0 && len > 0 &&
				       message_is_whole(e)
			       ? ENGINE_OK
			       : ENGINE_UNEXPECTED;
	default: return e->any_record ? ENGINE_UNEXPECTED : ENGINE_NOT_TLS;
	}
}

static int
judge_sealed(const struct engine *e, size_t len)
{
	if (len > RECORD_WIRE)
		return ENGINE_TOO_LONG;
	if (is_13(e))
		return e->head[0] == RECORD_DATA ? ENGINE_OK : ENGINE_UNEXPECTED;
	return e->head[0] >= RECORD_ALERT && e->head[0] <= RECORD_DATA ? ENGINE_OK
								       : ENGINE_UNEXPECTED;
}

static void
read_head(struct engine *e)
{
	size_t len = (size_t)e->head[3] << 8 | e->head[4];
	int error = is_clear(e) ? judge_clear(e, len) : judge_sealed(e, len);

	if (error != ENGINE_OK) {
		engine_fail(e, error);
		return;
	}
	e->any_record = true;
	e->record_left = (uint16_t)len;
	e->record_have = 0;
	if (len == 0)
		read_record(e);
}

/* Handshake records in clear are read as they come. */
static bool
is_streamed(const struct engine *e)
{
	return e->head[0] == RECORD_HANDSHAKE && e->read.cipher == RECORD_CLEAR;
}

/* Handshake bytes that wait for more go to the begin. */
static void
compact(struct engine *e)
{
	size_t have = (size_t)(e->part_end - e->part_start);

	if (e->part_start == 0)
		return;
	memmove(e->in, e->in + e->part_start, have);
	e->part_start = 0;
	e->part_end = (uint16_t)have;
}

static bool
wants_records(const struct engine *e)
{
	return e->state != SHAKE_NONE && e->state != CLIENT_START && e->state != SERVER_FLIGHT &&
	       e->in != NULL && e->error == 0 && !e->is_ended && e->waits == ENGINE_IDLE &&
	       e->data_start == e->data_end;
}

unsigned char *
engine_recv_buf(struct engine *e, size_t *len)
{
	size_t at;

	*len = 0;
	if (!wants_records(e))
		return NULL;
	if (e->head_have < RECORD_HEAD) {
		*len = (size_t)(RECORD_HEAD - e->head_have);
		return e->head + e->head_have;
	}
	compact(e);
	*len = e->record_left;
	if (is_streamed(e) && *len > message_limit(e) - e->part_end)
		*len = message_limit(e) - e->part_end;
	/* What may come is bounded so that it fits; here too, since a slip there would let a peer write past the end. */
	at = (size_t)e->part_end + e->record_have;
	if (at >= ENGINE_IN) {
		*len = 0;
		return NULL;
	}
	if (*len > ENGINE_IN - at)
		*len = ENGINE_IN - at;
	return e->in + at;
}

void
engine_recv_ack(struct engine *e, size_t len)
{
	size_t high;

	if (e->head_have < RECORD_HEAD) {
		e->head_have = (uint8_t)(e->head_have + len);
		if (e->head_have == RECORD_HEAD)
			read_head(e);
		engine_settle(e);
		return;
	}
	high = e->part_end + e->record_have + len;
	if (high > e->in_high)
		e->in_high = (uint16_t)high;
	e->record_left = (uint16_t)(e->record_left - len);
	if (is_streamed(e)) {
		e->part_end = (uint16_t)(e->part_end + len);
		if (e->record_left == 0)
			e->head_have = 0;
		message_run(e);
	} else {
		e->record_have = (uint16_t)(e->record_have + len);
		if (e->record_left == 0)
			read_record(e);
	}
	engine_settle(e);
}

/* --- work --- */

enum engine_work
engine_waits(const struct engine *e)
{
	return (enum engine_work)e->waits;
}

void
engine_work(struct engine *e)
{
	if (e->waits == ENGINE_IDLE)
		return;
	e->waits = ENGINE_IDLE;
	e->shake->work(e);
	if (e->waits == ENGINE_IDLE) {
		message_done(e);
		message_run(e);
	}
	engine_settle(e);
}

/* --- data --- */

unsigned char *
engine_peek(struct engine *e, size_t *len)
{
	*len = (size_t)(e->data_end - e->data_start);
	return *len > 0 ? e->in + e->data_start : NULL;
}

void
engine_take(struct engine *e, size_t len)
{
	e->data_start = (uint16_t)(e->data_start + len);
	if (e->data_start == e->data_end)
		e->data_start = e->data_end = 0;
}

static bool
may_write(const struct engine *e)
{
	return e->is_open && !e->is_closing && e->error == 0 && e->out != NULL;
}

unsigned char *
engine_room(struct engine *e, size_t *len)
{
	*len = 0;
	if (!may_write(e))
		return NULL;
	out_restart(e);
	if (e->fill == 0 && e->out_end == 0 && is_13(e) &&
		(e->owes_update ||
			(e->write.cipher != RECORD_CHACHA20 && e->write.sequence >= RECORD_LIMIT)))
		send_key_update(e);
	if (e->out_end > ENGINE_SMALL && e->fill == 0)
		return NULL;
	*len = out_capacity(e) - e->fill;
	return *len > 0 ? out_plain(e) + e->fill : NULL;
}

void
engine_put(struct engine *e, size_t len)
{
	e->fill_type = RECORD_DATA;
	e->fill = (uint16_t)(e->fill + len);
	if (e->out_end + e->fill + RECORD_BEFORE > e->out_high)
		e->out_high = (uint16_t)(e->out_end + e->fill + RECORD_BEFORE);
	if (e->fill == out_capacity(e))
		engine_seal(e);
}

void
engine_flush(struct engine *e)
{
	if (may_write(e))
		engine_seal(e);
}

void
engine_close(struct engine *e)
{
	if (e->is_closing || e->error != 0 || e->state == SHAKE_NONE || e->out == NULL)
		return;
	if (e->is_open)
		engine_seal(e);
	else
		e->fill = 0;
	out_restart(e);
	send_alert(e, ALERT_WARNING, ALERT_CLOSE_NOTIFY);
	e->is_closing = true;
	e->waits = ENGINE_IDLE;
	e->data_start = e->data_end = 0;
}

/* --- state --- */

bool
engine_is_open(const struct engine *e)
{
	return e->is_open;
}

bool
engine_is_ended(const struct engine *e)
{
	return e->is_ended;
}

bool
engine_is_closed(const struct engine *e)
{
	return (e->error != 0 || (e->is_ended && e->is_closing)) && e->out_start == e->out_end;
}

bool
engine_is_resumed(const struct engine *e)
{
	return e->is_resumed;
}

unsigned
engine_version(const struct engine *e)
{
	return e->version;
}

const char *
engine_version_text(const struct engine *e)
{
	return e->version == ENGINE_TLS13   ? "TLS 1.3"
	       : e->version == ENGINE_TLS12 ? "TLS 1.2"
					    : "no version";
}

const char *
engine_suite_text(const struct engine *e)
{
	const struct suite *suite = suite_find(e->suite);

	return suite != NULL ? suite->name : "no suite";
}

const char *
engine_group_text(const struct engine *e)
{
	switch (e->group) {
	case GROUP_HYBRID: return "X25519MLKEM768";
	case GROUP_X25519: return "X25519";
	case GROUP_P256: return "P-256";
	case GROUP_P384: return "P-384";
	default: return "none";
	}
}

int
engine_error(const struct engine *e)
{
	return e->error;
}

/* Alerts by their number, RFC 5246 section 7.2 and RFC 8446 section 6. */
enum {
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_INSUFFICIENT_SECURITY = 71,
	ALERT_UNRECOGNIZED_NAME = 112,
	ALERT_CERTIFICATE_REQUIRED = 116,
	ALERT_NO_APPLICATION_PROTOCOL = 120,
};

const char *
engine_error_text(int error)
{
	switch (error) {
	case ENGINE_ALERT + ALERT_PROTOCOL_VERSION: return errors[ENGINE_NO_VERSION].text;
	case ENGINE_ALERT + ALERT_HANDSHAKE_FAILURE:
	case ENGINE_ALERT + ALERT_INSUFFICIENT_SECURITY: return errors[ENGINE_NO_COMMON].text;
	case ENGINE_ALERT + ALERT_UNRECOGNIZED_NAME: return "it does not know this host name";
	case ENGINE_ALERT + ALERT_NO_APPLICATION_PROTOCOL: return errors[ENGINE_NO_PROTOCOL].text;
	case ENGINE_ALERT + ALERT_CERTIFICATE_REQUIRED:
		return "it wants a certificate from the client";
	default: break;
	}
	if (error >= ENGINE_ALERT)
		return "it refused the connection with a TLS alert";
	return error >= 0 && error < ENGINE_ERRORS ? errors[error].text
						   : errors[ENGINE_INTERNAL].text;
}

bool
engine_error_is_uninspectable(int error)
{
	switch (error) {
	case ENGINE_ALERT + ALERT_PROTOCOL_VERSION:
	case ENGINE_ALERT + ALERT_HANDSHAKE_FAILURE:
	case ENGINE_ALERT + ALERT_INSUFFICIENT_SECURITY:
	case ENGINE_ALERT + ALERT_CERTIFICATE_REQUIRED:
	case ENGINE_ALERT + ALERT_NO_APPLICATION_PROTOCOL:
	case ENGINE_NO_VERSION:
	case ENGINE_KEY_KIND: return true;
	default: return false;
	}
}

bool
engine_may_park(const struct engine *e)
{
	return e->is_open && e->error == 0 && !e->is_closing && !e->is_ended && e->head_have == 0 &&
	       message_is_whole(e) && e->data_start == e->data_end && e->out_start == e->out_end &&
	       e->fill == 0;
}

void
engine_unpark(struct engine *e, unsigned char *in, unsigned char *out)
{
	e->in = in;
	e->out = out;
	e->in_high = e->out_high = 0;
	e->out_start = e->out_end = 0;
}

void
engine_strip(struct engine *e)
{
	engine_forget(e);
	e->in = e->out = NULL;
	e->waits = ENGINE_IDLE;
	e->out_start = e->out_end = e->fill = 0;
}

void
engine_reset(struct engine *e)
{
	uint16_t in_high = e->in_high, out_high = e->out_high;

	engine_forget(e);
	pool_wipe(e, sizeof *e);
	e->in_high = in_high;
	e->out_high = out_high;
}

/* --- beginnings --- */

static struct shake *
engine_start(struct engine *e, const unsigned char seed[ENGINE_SEED], unsigned char *in,
	unsigned char *out)
{
	size_t at = (16 - (uintptr_t)(out + ENGINE_RECORDS) % 16) % 16;
	struct shake *s = (struct shake *)(void *)(out + ENGINE_RECORDS + at);

	_Static_assert(
		sizeof(struct shake) + 15 <= ENGINE_SHAKE, "a handshake fits behind the records");
	engine_reset(e);
	memset(s, 0, sizeof *s);
	memcpy(s->seed, seed, ENGINE_SEED);
	e->in = in;
	e->out = out;
	e->in_high = e->out_high = 0;
	e->shake = s;
	return s;
}

void
engine_start_client(struct engine *e, const struct engine_client *how,
	const unsigned char seed[ENGINE_SEED], unsigned char *in, unsigned char *out)
{
	struct shake *s = engine_start(e, seed, in, out);

	e->state = CLIENT_START;
	e->save = how->save;
	e->save_arg = how->save_arg;
	s->sni = how->sni;
	s->chain = how->chain;
	s->options = how->options;
	s->age = how->session_age;
	if (how->session != NULL && how->session_len <= ENGINE_SESSION) {
		s->session_len = (uint16_t)how->session_len;
		memcpy(in + ENGINE_IN - ENGINE_SESSION, how->session, how->session_len);
	}
	client_start(e);
}

void
engine_start_server(struct engine *e, const struct engine_server *how,
	const unsigned char seed[ENGINE_SEED], unsigned char *in, unsigned char *out)
{
	struct shake *s = engine_start(e, seed, in, out);

	e->is_server = true;
	e->state = SERVER_HELLO;
	s->leaf = how->leaf;
	s->leaf_len = how->leaf_len;
	s->key = how->key;
	s->tie = how->tie;
	s->options = how->options;
}

void
engine_collect(struct engine *e, struct chain *chain)
{
	e->shake->chain = chain;
}
