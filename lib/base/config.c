/*
 * config: a table of the options, a setter for each kind of value, and the printer that is its inverse.
 * Opens the configuration file and nothing else.
 */
#include "lib/base/config.h"
#include "lib/base/uci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PORT_PROXY = 3128,       /* `listen` without a port */
	PORT_TRANSPARENT = 3129, /* `transparent` without a port */
	CONNECTIONS_MAX = 500,   /* two descriptors each must fit FD_SETSIZE with the rest */
	MEMORY_MIN = 1024,       /* KiB: a handful of connections */
	MEMORY_MAX = 1 << 20,    /* KiB: sizes in bytes must fit 32 bits with room */
	TIMEOUT_MAX = 604800,    /* seconds: a week; milliseconds of it fit */
	CACHE_MAX = 65536        /* KiB: a slip of the finger, not a leaf cache, beyond that */
};

/* The words of options, in the order of config.h's enums. */
static const char *const invalids[] = { "block", "untrusted", "tunnel", "allow", NULL };
static const char *const versions[] = { "1.2", "1.3", NULL };
static const char *const uninspectables[] = { "tunnel", "block", NULL };
static const char *const actions[] = { "block", "inspect", "tunnel", "allow", NULL };
static const char *const levels[] = { "error", "warn", "info", "debug", NULL };

struct reader {
	struct config *c;
	struct config_list *list; /* the section that is being read; NULL: the main one */
	bool main_seen, skip_list;
	unsigned transparent; /* the line of `option transparent '1'`; 0: there is none */
	struct uci u;
	char *err;
};

/* One option: how its value is set, where, and within which bounds. */
struct option {
	const char *name;
	int (*set)(struct reader *r, const struct option *o, void *at, const char *value);
	size_t offset;
	unsigned least, most; /* of a number; `most` is the room of a text */
	bool is_list;
	const char *const *words; /* of set_word */
};

static int __attribute__((format(printf, 3, 4)))
fail(struct reader *r, unsigned line, const char *format, ...)
{
	va_list ap;
	int n = snprintf(r->err, CONFIG_ERROR, "%s:%u: ", r->c->file, line);

	va_start(ap, format);
	if (n > 0 && n < CONFIG_ERROR)
		vsnprintf(r->err + n, (size_t)(CONFIG_ERROR - n), format, ap);
	va_end(ap);
	return -1;
}

/* "the value that was found; what was expected" for the statement at hand. */
static int
fail_value(struct reader *r, const char *expected)
{
	return fail(r, r->u.line, "%s '%.100s': expected %s", r->u.name, r->u.value, expected);
}

/* Plain decimal digits up to `most`, or -1. */
static long
parse_number(const char *text, size_t len, unsigned long most)
{
	unsigned long n = 0;
	size_t i;

	if (len == 0 || len > 9)
		return -1;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + (unsigned long)(text[i] - '0');
	}
	return n <= most ? (long)n : -1;
}

/* The place of value among NULL-ended words, or -1. */
static int
find_word(const char *const *words, const char *value)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	return -1;
}

/* --- setters, one a kind of value --- */

/* Not ours: kept as a line of such a file, so that what is printed is all that was read. */
static int
set_extra(struct reader *r, const struct option *o, void *at, const char *value)
{
	char *out = at;
	size_t len = strlen(out);
	int n = snprintf(out + len, CONFIG_EXTRA - len, "\t%s %s '",
		r->u.kind == UCI_LIST ? "list" : "option", o->name);

	len += n > 0 ? (size_t)n : 0;
	for (; *value != '\0' && len + 8 < CONFIG_EXTRA; value++) {
		if (*value == '\'') { /* as `uci export` writes it */
			memcpy(out + len, "'\\''", 4);
			len += 4;
		} else {
			out[len++] = *value;
		}
	}
	if (*value != '\0' || len + 8 >= CONFIG_EXTRA)
		return fail(r, r->u.line, "%s: more than %d bytes of the init script's options",
			o->name, CONFIG_EXTRA);
	memcpy(out + len, "'\n", 3);
	return 0;
}

static int
set_text(struct reader *r, const struct option *o, void *at, const char *value)
{
	if (strlen(value) >= o->most)
		return fail(r, r->u.line, "%s: longer than %u bytes", o->name, o->most - 1);
	memcpy(at, value, strlen(value) + 1);
	return 0;
}

static const char *const booleans[] = { "0", "1", "off", "on", "no", "yes", "false", "true",
	"disabled", "enabled", NULL };

static int
set_bool(struct reader *r, const struct option *o, void *at, const char *value)
{
	int i = find_word(booleans, value);

	(void)o;
	if (i < 0)
		return fail_value(r, "0 or 1");
	*(bool *)at = i % 2 != 0;
	return 0;
}

static int
set_number(struct reader *r, const struct option *o, void *at, const char *value)
{
	long n = parse_number(value, strlen(value), o->most);
	char expected[64];

	if (n < (long)o->least) {
		snprintf(expected, sizeof expected, "a number from %u to %u", o->least, o->most);
		return fail_value(r, expected);
	}
	*(unsigned *)at = (unsigned)n;
	return 0;
}

/* One of a few words: its place among them is its value, as in the enums of config.h. */
static int
set_word(struct reader *r, const struct option *o, void *at, const char *value)
{
	int i = find_word(o->words, value);
	char expected[80] = "";
	size_t len = 0;

	if (i < 0) {
		for (i = 0; o->words[i] != NULL && len < sizeof expected; i++)
			len += (size_t)snprintf(expected + len, sizeof expected - len, "%s%s",
				i > 0 ? ", " : "", o->words[i]);
		return fail_value(r, expected);
	}
	*(unsigned *)at = (unsigned)
		i; /* what gcc and clang make of an enum without negative members */
	return 0;
}

/*
 * "br-lan", "br-lan:3128", an address, or an address with a port.  Addresses are tried first; what is left
 * may be a device (Linux: at most 15 bytes, no '/', no blank, and ours have no ':').
 */
static int
parse_listen(struct config_listen *l, const char *value, uint16_t port)
{
	size_t len = strlen(value), name = strcspn(value, ":");
	long n = port;

	memset(l, 0, sizeof *l);
	if (net_addr_parse_port(&l->addr, value, len) == 0)
		return l->addr.port != 0 ? 0 : -1;
	if (net_addr_parse(&l->addr, value, len) == 0) {
		l->addr.port = port;
		return 0;
	}
	memset(&l->addr, 0, sizeof l->addr);
	if (value[name] == ':')
		n = parse_number(value + name + 1, len - name - 1, 65535);
	/* A name of digits and dots is a misspelt address, not a device. */
	if (n < 1 || name == 0 || name >= sizeof l->device || strcspn(value, "/ \t%[]") < name ||
		strspn(value, "0123456789.") >= name)
		return -1;
	memcpy(l->device, value, name);
	l->addr.port = (uint16_t)n;
	return 0;
}

static int
set_listen(struct reader *r, const struct option *o, void *at, const char *value)
{
	struct config *c = r->c;
	bool transparent = o->most == PORT_TRANSPARENT;
	struct config_listen *l = &c->listens[c->listen_count];
	int on = transparent && r->u.kind == UCI_OPTION ? find_word(booleans, value) : -1;

	(void)at;
	if (on >= 0) {
		r->transparent = on % 2 != 0 ? r->u.line : 0;
		return 0;
	}
	if (c->listen_count == CONFIG_LISTENS)
		return fail(r, r->u.line, "more than %d addresses to listen on", CONFIG_LISTENS);
	if (parse_listen(l, value, (uint16_t)o->most) != 0)
		return fail_value(r, "ADDRESS:PORT, [IPV6]:PORT or DEVICE:PORT");
	l->transparent = transparent;
	l->line = r->u.line;
	c->listen_count++;
	return 0;
}

static int
add_range(struct reader *r, struct net_range *ranges, size_t *count, size_t most, const char *value)
{
	size_t len = strlen(value), n = 1;
	struct net_range one;

	if (net_range_parse(&one, value, len) != 0) {
		n = net_span_parse(ranges + *count, most - *count, value, len);
		if (n == 0)
			return fail_value(
				r, "an address, 192.168.0.0/16 or 192.168.1.40-192.168.1.50");
	} else if (*count < most) {
		ranges[*count] = one;
	}
	if (n > most - *count)
		return fail(r, r->u.line,
			"more than %u clients, a range such as .40-.50 counted "
			"as the /29, /31 and /32 that it is made of",
			(unsigned)most);
	*count += n;
	return 0;
}

static int
set_clients(struct reader *r, const struct option *o, void *at, const char *value)
{
	(void)o, (void)at;
	return add_range(r, r->c->clients, &r->c->client_count, CONFIG_CLIENTS, value);
}

static int
set_list_clients(struct reader *r, const struct option *o, void *at, const char *value)
{
	(void)o, (void)at;
	return add_range(r, r->list->clients, &r->list->client_count, CONFIG_LIST_CLIENTS, value);
}

static int
add_port(struct reader *r, uint16_t *ports, size_t *count, const char *value)
{
	long n = parse_number(value, strlen(value), 65535);

	if (*count == CONFIG_PORTS)
		return fail(r, r->u.line, "more than %d ports", CONFIG_PORTS);
	if (n < 1)
		return fail_value(r, "a port from 1 to 65535");
	ports[(*count)++] = (uint16_t)n;
	return 0;
}

static int
set_connect_port(struct reader *r, const struct option *o, void *at, const char *value)
{
	(void)o, (void)at;
	return add_port(r, r->c->connect_ports, &r->c->connect_port_count, value);
}

static int
set_http_port(struct reader *r, const struct option *o, void *at, const char *value)
{
	(void)o, (void)at;
	return add_port(r, r->c->http_ports, &r->c->http_port_count, value);
}

static int
set_resolver(struct reader *r, const struct option *o, void *at, const char *value)
{
	char *list = at, text[NET_ADDR_TEXT];
	size_t used = strlen(list), len = strlen(value);
	struct net_addr a;

	if (net_addr_parse_port(&a, value, len) != 0) {
		if (net_addr_parse(&a, value, len) != 0)
			return fail_value(r, "ADDRESS or ADDRESS:PORT");
		a.port = 53;
	}
	net_addr_format(text, &a, true);
	if (used + 1 + strlen(text) >= o->most)
		return fail(r, r->u.line, "too many resolvers");
	snprintf(list + used, o->most - used, "%s%s", used > 0 ? "," : "", text);
	return 0;
}

/* --- hours: "mon-fri 21:00-07:00", "sat,sun", "12:00-13:00" --- */

static int
parse_day(const char *text)
{
	static const char names[] = "sunmontuewedthufrisat";
	int i;

	for (i = 0; i < 7; i++)
		if (strncmp(text, names + 3 * i, 3) == 0)
			return i;
	return -1;
}

/* "mon", "mon-fri", "fri-mon,wed".  Returns the bytes it takes, or 0. */
static size_t
parse_days(const char *text, uint8_t *days)
{
	size_t pos = 0;
	int from, to;

	*days = 0;
	do {
		from = to = parse_day(text + pos);
		if (from < 0)
			return 0;
		pos += 3;
		if (text[pos] == '-') {
			to = parse_day(text + pos + 1);
			if (to < 0)
				return 0;
			pos += 4;
		}
		for (; from != to; from = (from + 1) % 7)
			*days |= (uint8_t)(1 << from);
		*days |= (uint8_t)(1 << to);
	} while (text[pos++] == ',');
	return pos - 1;
}

/* "07:30": minutes after midnight up to `most`, or -1. */
static long
parse_minute(const char *text, long most)
{
	long hour = parse_number(text, 2, 24);
	long minute = hour >= 0 && text[2] == ':' ? parse_number(text + 3, 2, 59) : -1;

	return minute >= 0 && hour * 60 + minute <= most ? hour * 60 + minute : -1;
}

static int
parse_hours(struct config_hours *h, const char *text)
{
	size_t pos = 0;
	long from = 0, to = 1440;

	h->days = 0x7f;
	if (text[0] >= 'a' && text[0] <= 'z') {
		pos = parse_days(text, &h->days);
		if (pos == 0 || (text[pos] != '\0' && text[pos] != ' '))
			return -1;
		while (text[pos] == ' ')
			pos++;
	}
	if (text[pos] != '\0') {
		if (strlen(text + pos) != 11 || text[pos + 5] != '-')
			return -1;
		from = parse_minute(text + pos, 1439);
		to = parse_minute(text + pos + 6, 1440);
	}
	if (from < 0 || to < 0)
		return -1;
	h->from = (uint16_t)from;
	h->to = (uint16_t)to;
	return 0;
}

int
config_parse_moment(const char *text, int *day, int *minute)
{
	long at;

	*day = -1;
	if (text[0] >= 'a' && text[0] <= 'z') {
		*day = parse_day(text);
		if (*day < 0 || text[3] != ' ')
			return -1;
		text += 4;
	}
	at = strlen(text) == 5 ? parse_minute(text, 1439) : -1;
	*minute = (int)at;
	return at >= 0 ? 0 : -1;
}

static int
set_hours(struct reader *r, const struct option *o, void *at, const char *value)
{
	struct config_list *l = r->list;

	(void)o, (void)at;
	if (l->hours_count == CONFIG_LIST_HOURS)
		return fail(r, r->u.line, "more than %d hours", CONFIG_LIST_HOURS);
	if (parse_hours(&l->hours[l->hours_count], value) != 0)
		return fail_value(
			r, "hours such as 'mon-fri 21:00-07:00', 'sat,sun' or '12:00-13:00'");
	l->hours_count++;
	return 0;
}

static int
set_list_file(struct reader *r, const struct option *o, void *at, const char *value)
{
	(void)at;
	r->list->file_line = r->u.line;
	return set_text(r, o, r->list->file, value);
}

/* A list that is switched off stays in the file for LuCI's sake, and is dropped here. */
static int
set_list_enabled(struct reader *r, const struct option *o, void *at, const char *value)
{
	bool on = false;

	(void)at;
	if (set_bool(r, o, &on, value) != 0)
		return -1;
	r->skip_list = !on;
	return 0;
}

/* --- the options --- */

#define AT(member)      offsetof(struct config, member)
#define LIST_AT(member) offsetof(struct config_list, member)

static const struct option main_options[] = {
	{ "listen", set_listen, 0, 0, PORT_PROXY, true, NULL },
	{ "transparent", set_listen, 0, 0, PORT_TRANSPARENT, true, NULL },
	{ "client", set_clients, 0, 0, 0, true, NULL },
	{ "connect_port", set_connect_port, 0, 0, 0, true, NULL },
	{ "http_port", set_http_port, 0, 0, 0, true, NULL },
	{ "private_upstream", set_bool, AT(private_upstream), 0, 0, false, NULL },
	{ "ca_bundle", set_text, AT(ca_bundle), 0, CONFIG_PATH, false, NULL },
	{ "ca_cert", set_text, AT(ca_cert), 0, CONFIG_PATH, false, NULL },
	{ "ca_key", set_text, AT(ca_key), 0, CONFIG_PATH, false, NULL },
	{ "cache", set_text, AT(cache), 0, CONFIG_PATH, false, NULL },
	{ "cache_kib", set_number, AT(cache_kib), 0, CACHE_MAX, false, NULL },
	{ "inspect", set_bool, AT(inspect), 0, 0, false, NULL },
	{ "invalid_upstream", set_word, AT(invalid_upstream), 0, 0, false, invalids },
	{ "uninspectable", set_word, AT(uninspectable), 0, 0, false, uninspectables },
	{ "tls_min", set_word, AT(tls_min), 0, 0, false, versions },
	{ "post_quantum", set_bool, AT(post_quantum), 0, 0, false, NULL },
	{ "connections", set_number, AT(connections), 1, CONNECTIONS_MAX, false, NULL },
	{ "memory_kib", set_number, AT(memory_kib), MEMORY_MIN, MEMORY_MAX, false, NULL },
	{ "answer_timeout", set_number, AT(answer_timeout), 10, TIMEOUT_MAX, false, NULL },
	{ "tunnel_timeout", set_number, AT(tunnel_timeout), 10, TIMEOUT_MAX, false, NULL },
	{ "clock_stamp", set_text, AT(clock_stamp), 0, CONFIG_PATH, false, NULL },
	{ "distrust", set_text, AT(distrust), 0, CONFIG_PATH, false, NULL },
	{ "user", set_text, AT(user), 0, 64, false, NULL },
	{ "resolver", set_resolver, AT(resolver), 0, 256, true, NULL },
	{ "log", set_word, AT(log_level), 0, 0, false, levels },
	{ "log_query", set_bool, AT(log_query), 0, 0, false, NULL },
	/* the init script's own */
	{ "enabled", set_extra, AT(extra), 0, 0, false, NULL },
	{ "jail", set_extra, AT(extra), 0, 0, false, NULL },
	{ "zone", set_extra, AT(extra), 0, 0, true, NULL },
	{ "block_quic", set_extra, AT(extra), 0, 0, false, NULL },
	{ "interface", set_extra, AT(extra), 0, 0, true, NULL },
	{ NULL, NULL, 0, 0, 0, false, NULL },
};

static const struct option list_options[] = {
	{ "action", set_word, LIST_AT(action), 0, 0, false, actions },
	{ "file", set_list_file, 0, 0, CONFIG_PATH, false, NULL },
	{ "client", set_list_clients, 0, 0, 0, true, NULL },
	{ "hours", set_hours, 0, 0, 0, true, NULL },
	{ "enabled", set_list_enabled, 0, 0, 0, false, NULL },
	{ NULL, NULL, 0, 0, 0, false, NULL },
};

_Static_assert(sizeof main_options / sizeof *main_options <= CONFIG_OPTIONS + 1,
	"each option has a place for its line");

/* Are these one slip apart: a letter wrong, missing, too many, or two swapped? */
static bool
is_near(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	if (*a == '\0' || *b == '\0')
		return strlen(a) + strlen(b) == 1;
	return strcmp(a + 1, b + 1) == 0 || strcmp(a + 1, b) == 0 || strcmp(a, b + 1) == 0 ||
	       (a[0] == b[1] && a[1] == b[0] && strcmp(a + 2, b + 2) == 0);
}

static int
fail_unknown(struct reader *r, const struct option *o)
{
	for (; o->name != NULL; o++)
		if (is_near(o->name, r->u.name))
			return fail(r, r->u.line, "unknown option '%s'; is '%s' meant?", r->u.name,
				o->name);
	return fail(r, r->u.line, "unknown option '%s' in a section of type %s", r->u.name,
		r->list != NULL ? "list" : "sluice");
}

/* Whose default is nothing: '' says so.  Any other option without a value was left unfinished. */
static bool
may_be_empty(const struct option *o)
{
	return o->set == set_text && (o->offset == AT(clock_stamp) || o->offset == AT(distrust));
}

static int
read_option(struct reader *r)
{
	const struct option *o = r->list != NULL ? list_options : main_options, *first = o;
	char *base = r->list != NULL ? (char *)r->list : (char *)r->c;

	while (o->name != NULL && strcmp(o->name, r->u.name) != 0)
		o++;
	if (o->name == NULL)
		return fail_unknown(r, first);
	if (r->u.kind == UCI_LIST && !o->is_list)
		return fail(r, r->u.line, "'%s' takes one value: write option, not list", o->name);
	if (r->u.value[0] == '\0') {
		if (!r->u.has_value || r->u.kind == UCI_LIST || !may_be_empty(o))
			return fail(r, r->u.line, "%s: the value is missing", o->name);
		*(base + o->offset) = '\0';
		return 0;
	}
	if (r->list == NULL)
		r->c->lines[o - first] = r->u.line;
	return o->set(r, o, base + o->offset, r->u.value);
}

/* At the end of a section. */
static int
finish_section(struct reader *r)
{
	struct config_list *l = r->list;

	r->list = NULL;
	if (l == NULL)
		return 0;
	if (r->skip_list) {
		memset(l, 0, sizeof *l);
		return 0;
	}
	if (l->file[0] == '\0')
		return fail(r, l->line, "list '%s' has no option file", l->name);
	if ((int)l->action == -1)
		return fail(r, l->line, "list '%s' has no option action", l->name);
	r->c->list_count++;
	return 0;
}

static int
begin_list(struct reader *r)
{
	struct config *c = r->c;
	struct config_list *l = &c->lists[c->list_count];
	size_t i;

	if (c->list_count == CONFIG_LISTS)
		return fail(r, r->u.line, "more than %d lists", CONFIG_LISTS);
	if (strlen(r->u.value) >= sizeof l->name)
		return fail(r, r->u.line, "the name of the list is too long");
	for (i = 0; i < c->list_count; i++)
		if (strcmp(c->lists[i].name, r->u.value) == 0)
			return fail(r, r->u.line, "list '%s' is already in line %u", r->u.value,
				c->lists[i].line);
	memset(l, 0, sizeof *l);
	if (r->u.value[0] != '\0')
		memcpy(l->name, r->u.value, strlen(r->u.value) + 1);
	else
		snprintf(l->name, sizeof l->name, "@list[%u]", (unsigned)c->list_count);
	l->line = r->u.line;
	l->action = (enum config_action) - 1;
	r->skip_list = false;
	r->list = l;
	return 0;
}

static int
begin_section(struct reader *r)
{
	if (finish_section(r) != 0)
		return -1;
	if (r->u.value[0] != '\0' && !uci_is_name(r->u.value))
		return fail(r, r->u.line,
			"'%.64s': uci allows letters, digits and _ in such a name", r->u.value);
	if (strcmp(r->u.name, "list") == 0)
		return begin_list(r);
	if (strcmp(r->u.name, "sluice") != 0)
		return fail(r, r->u.line, "unknown section type '%s', expected sluice or list",
			r->u.name);
	if (r->main_seen)
		return fail(r, r->u.line, "a second section of type sluice");
	r->main_seen = true;
	return 0;
}

static int
read_statement(struct reader *r)
{
	/* To uci a value may have lines.  None of ours has. */
	if (r->u.open_line != 0)
		return fail(r, r->u.open_line, "%s", uci_open_text(&r->u));
	switch (r->u.kind) {
	case UCI_PACKAGE: return 0;
	case UCI_SECTION: return begin_section(r);
	case UCI_OPTION:
	case UCI_LIST: break;
	}
	if (!r->main_seen && r->list == NULL)
		return fail(r, r->u.line, "an option before the first 'config sluice'");
	return read_option(r);
}

static void
set_defaults(struct config *c)
{
	static const struct {
		size_t offset;
		const char *text;
	} texts[] = {
		{ AT(ca_bundle), "/etc/ssl/certs/ca-certificates.crt" },
		{ AT(ca_cert), "/etc/sluice/ca.crt" },
		{ AT(ca_key), "/etc/sluice/ca.key" },
		{ AT(cache), "/etc/sluice/leaves" },
		{ AT(user), "nobody" },
	};
	size_t i;

	for (i = 0; i < sizeof texts / sizeof *texts; i++)
		memcpy((char *)c + texts[i].offset, texts[i].text, strlen(texts[i].text) + 1);
	c->inspect = true;
	c->post_quantum = true;
	c->log_level = LOG_LEVEL_INFO;
	c->cache_kib = 128;
	c->connections = 128;
	c->memory_kib = 8192;
	c->answer_timeout = 3600; /* reports, long polls, uploads that are digested */
	c->tunnel_timeout = 7200; /* TCP's own keep-alive finds the dead before (net_accept) */
}

static bool
same_listen(const struct config_listen *a, const struct config_listen *b)
{
	return strcmp(a->device, b->device) == 0 && net_addr_same(&a->addr, &b->addr) &&
	       a->addr.port == b->addr.port;
}

/* The first that listens there; NULL: none does. */
static const struct config_listen *
find_listen(const struct config *c, const struct config_listen *l)
{
	size_t i = 0;

	while (i < c->listen_count && !same_listen(&c->listens[i], l))
		i++;
	return i < c->listen_count ? &c->listens[i] : NULL;
}

/* `option transparent '1'`: wherever the proxy listens it takes redirected connections too, on their port. */
static int
add_transparent(struct reader *r)
{
	struct config *c = r->c;

	for (size_t i = 0, n = c->listen_count; i < n; i++) {
		struct config_listen l = c->listens[i];
		const struct config_listen *first;

		l.transparent = true;
		l.addr.port = PORT_TRANSPARENT;
		l.line = r->transparent;
		first = find_listen(c, &l);
		if (c->listens[i].transparent || (first != NULL && first->transparent))
			continue;
		if (c->listen_count == CONFIG_LISTENS)
			return fail(r, r->transparent, "more than %d addresses to listen on",
				CONFIG_LISTENS);
		c->listens[c->listen_count++] = l;
	}
	return 0;
}

/* 0.0.0.0 and [::]. */
static bool
is_everywhere(const struct config_listen *l)
{
	static const uint8_t none[sizeof l->addr.ip];

	return l->device[0] == '\0' && memcmp(l->addr.ip, none, sizeof none) == 0;
}

/* Does the socket for one take the place of the other's? */
static bool
stands_in_way(const struct config_listen *a, const struct config_listen *b)
{
	return is_everywhere(a) && a->addr.port == b->addr.port &&
	       (b->device[0] != '\0' || a->addr.family == b->addr.family);
}

/* One socket can't take both kinds of connections, which begin differently; and what is listed twice is a slip. */
static int
check_listens(struct reader *r)
{
	for (size_t i = 0; i < r->c->listen_count; i++) {
		const struct config_listen *l = &r->c->listens[i], *first = find_listen(r->c, l);

		if (l->transparent != first->transparent)
			return fail(r, l->line,
				"listen and transparent (line %u) need ports of their own",
				first->line);
		if (l != first)
			return fail(r, l->line, "the same as in line %u", first->line);
		for (first = r->c->listens; first < l; first++)
			if (stands_in_way(first, l) || stands_in_way(l, first))
				return fail(r, l->line,
					"on port %u line %u and this one would be in each other's "
					"way: one is for all addresses",
					l->addr.port, first->line);
	}
	return 0;
}

/* Defaults of lists hold when none was given. */
static void
set_list_defaults(struct config *c)
{
	if (c->listen_count == 0)
		parse_listen(&c->listens[c->listen_count++], "127.0.0.1", PORT_PROXY);
	if (c->connect_port_count == 0)
		c->connect_ports[c->connect_port_count++] = 443;
	if (c->http_port_count == 0)
		c->http_ports[c->http_port_count++] = 80;
}

static int
parse_config(struct reader *r, const char *data, size_t len)
{
	int got;

	set_defaults(r->c);
	uci_init(&r->u, data, len);
	while ((got = uci_next(&r->u)) > 0)
		if (read_statement(r) != 0)
			return -1;
	if (got < 0)
		return fail(r, r->u.line, "%s", r->u.error);
	if (finish_section(r) != 0)
		return -1;
	if (!r->main_seen)
		return fail(r, r->u.line, "no section 'config sluice'");
	set_list_defaults(r->c);
	if (r->transparent != 0 && add_transparent(r) != 0)
		return -1;
	return check_listens(r);
}

/* Reads the whole file into a new buffer, the caller's.  Returns its length or -1 with errno. */
static ssize_t
read_file(const char *path, char **out)
{
	char *data = malloc(CONFIG_FILE_MAX + 1);
	ssize_t n = 0;
	size_t len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && data != NULL && len <= CONFIG_FILE_MAX &&
		(n = read(fd, data + len, CONFIG_FILE_MAX + 1 - len)) > 0)
		len += (size_t)n;
	if (fd >= 0)
		close(fd);
	if (len > CONFIG_FILE_MAX)
		errno = EFBIG;
	if (fd < 0 || data == NULL || n < 0 || len > CONFIG_FILE_MAX) {
		free(data);
		return -1;
	}
	*out = data;
	return (ssize_t)len;
}

int
config_read(struct config *c, const char *path, char err[CONFIG_ERROR])
{
	struct reader r = { .c = c, .err = err };
	char *data = NULL;
	ssize_t len;
	int result;

	memset(c, 0, sizeof *c);
	if (strlen(path) >= sizeof c->file) {
		snprintf(err, CONFIG_ERROR, "%.200s...: a file name this long can't be used", path);
		return -1;
	}
	memcpy(c->file, path, strlen(path) + 1);
	len = read_file(path, &data);
	if (len < 0) {
		snprintf(err, CONFIG_ERROR, "%s: %s", path, strerror(errno));
		return -1;
	}
	result = parse_config(&r, data, (size_t)len);
	free(data);
	return result;
}

unsigned
config_line(const struct config *c, const char *option)
{
	size_t i = 0;

	while (main_options[i].name != NULL && strcmp(main_options[i].name, option) != 0)
		i++;
	return i < CONFIG_OPTIONS ? c->lines[i] : 0;
}

int
config_refuse(
	const struct config *c, const char *option, char err[CONFIG_ERROR], const char *format, ...)
{
	char why[CONFIG_ERROR], where[16] = "";
	unsigned line = config_line(c, option);
	va_list ap;
	int n;

	va_start(ap, format);
	vsnprintf(why, sizeof why, format, ap);
	va_end(ap);
	if (line != 0)
		snprintf(where, sizeof where, "%u:", line);
	n = snprintf(err, CONFIG_ERROR, "%s:%s %s: ", c->file, where, option);
	for (char *from = why; n >= 0 && n + 1 < CONFIG_ERROR && *from != '\0';)
		err[n++] = *from++;
	err[n] = '\0';
	return -1;
}

bool
config_allows_client(const struct config *c, const struct net_addr *client)
{
	size_t i;

	if (c->client_count == 0)
		return net_is_local_client(client);
	for (i = 0; i < c->client_count; i++)
		if (net_range_has(&c->clients[i], client))
			return true;
	return false;
}

/* --- printing --- */

static void
print_value(const char *kind, const char *name, const char *value)
{
	printf("\t%s %s '", kind, name);
	for (; *value != '\0'; value++) {
		if (*value == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*value);
	}
	puts("'");
}

static void
print_ranges(const struct net_range *ranges, size_t count)
{
	char text[NET_ADDR_TEXT + 4];
	size_t i, len;

	for (i = 0; i < count; i++) {
		net_addr_format(text, &ranges[i].base, false);
		len = strlen(text);
		snprintf(text + len, sizeof text - len, "/%u", ranges[i].bits);
		print_value("list", "client", text);
	}
}

static void
print_listen(const struct config_listen *l)
{
	char text[NET_ADDR_TEXT];

	if (l->device[0] != '\0')
		snprintf(text, sizeof text, "%s:%u", l->device, l->addr.port);
	else
		net_addr_format(text, &l->addr, true);
	print_value("list", l->transparent ? "transparent" : "listen", text);
}

static void
print_ports(const char *name, const uint16_t *ports, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		printf("\tlist %s '%u'\n", name, ports[i]);
}

static void
print_resolvers(const char *list)
{
	char text[NET_ADDR_TEXT];
	size_t len;

	for (; *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		snprintf(text, sizeof text, "%.*s", (int)len, list);
		print_value("list", "resolver", text);
	}
}

static void
print_days(uint8_t days)
{
	static const char names[] = "sunmontuewedthufrisat";
	const char *comma = "";
	int i;

	for (i = 0; i < 7; i++) {
		if ((days >> i & 1) == 0)
			continue;
		printf("%s%.3s", comma, names + 3 * i);
		comma = ",";
	}
}

static void
print_list(const struct config_list *l)
{
	size_t i;

	if (l->name[0] == '@')
		puts("\nconfig list");
	else
		printf("\nconfig list '%s'\n", l->name);
	print_value("option", "action", actions[l->action]);
	print_value("option", "file", l->file);
	print_ranges(l->clients, l->client_count);
	for (i = 0; i < l->hours_count; i++) {
		fputs("\tlist hours '", stdout);
		print_days(l->hours[i].days);
		printf(" %02d:%02d-%02d:%02d'\n", l->hours[i].from / 60, l->hours[i].from % 60,
			l->hours[i].to / 60, l->hours[i].to % 60);
	}
}

void
config_print(const struct config *c)
{
	size_t i;

	puts("config sluice 'main'");
	for (i = 0; i < c->listen_count; i++)
		print_listen(&c->listens[i]);
	print_ranges(c->clients, c->client_count);
	if (c->client_count == 0)
		puts("\t# client: loopback, private and link-local addresses, and who is "
		     "redirected");
	print_ports("connect_port", c->connect_ports, c->connect_port_count);
	print_ports("http_port", c->http_ports, c->http_port_count);
	printf("\toption private_upstream '%d'\n", c->private_upstream);
	print_value("option", "ca_bundle", c->ca_bundle);
	print_value("option", "ca_cert", c->ca_cert);
	print_value("option", "ca_key", c->ca_key);
	print_value("option", "cache", c->cache);
	printf("\toption cache_kib '%u'\n", c->cache_kib);
	printf("\toption inspect '%d'\n", c->inspect);
	print_value("option", "invalid_upstream", invalids[c->invalid_upstream]);
	print_value("option", "uninspectable", uninspectables[c->uninspectable]);
	print_value("option", "tls_min", versions[c->tls_min]);
	printf("\toption post_quantum '%d'\n", c->post_quantum);
	printf("\toption connections '%u'\n\toption memory_kib '%u'\n", c->connections,
		c->memory_kib);
	printf("\toption answer_timeout '%u'\n\toption tunnel_timeout '%u'\n", c->answer_timeout,
		c->tunnel_timeout);
	print_value("option", "clock_stamp", c->clock_stamp);
	print_value("option", "distrust", c->distrust);
	print_value("option", "user", c->user);
	print_resolvers(c->resolver);
	if (c->resolver[0] == '\0')
		puts("\t# resolver: those of /etc/resolv.conf");
	print_value("option", "log", levels[c->log_level]);
	printf("\toption log_query '%d'\n", c->log_query);
	fputs(c->extra, stdout);
	for (i = 0; i < c->list_count; i++)
		print_list(&c->lists[i]);
}
