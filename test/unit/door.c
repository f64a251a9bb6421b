/*
 * door: the table of test/policy/door.txt; that a name which only a client asserts never loosens, over lists at random;
 * what becomes of tunnels and kept connections under new rules; addresses; the words.
 */
#include "check.h"
#include "conn/door.h"

#include <unistd.h>
#include "lib/base/log.h"

static char dir[] = "/tmp/sluice-door-XXXXXX";
static struct config config;
static struct listeners listeners;
static struct learned learned;
static struct policy *policy;
static bool clock_is_trusted;
static FILE *conf, *list;

static FILE *
open_file(const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	if (f == NULL) {
		perror(path);
		exit(2);
	}
	return f;
}

static void
end_list(void)
{
	if (list != NULL)
		fclose(list);
	list = NULL;
}

static void
begin_group(void)
{
	end_list();
	if (conf != NULL)
		fclose(conf);
	policy_free(policy);
	policy = NULL;
	clock_is_trusted = true;
	memset(&learned, 0, sizeof learned);
	conf = open_file("conf");
	fputs("config sluice 'main'\n", conf);
}

static void
begin_list(const char *name, const char *action)
{
	end_list();
	fprintf(conf, "config list '%s'\n\toption action '%s'\n\toption file '%s/%s'\n", name,
		action, dir, name);
	list = open_file(name);
}

/* What was written so far, loaded. */
static struct door_house
house(void)
{
	char path[128], err[CONFIG_ERROR];

	if (policy == NULL) {
		end_list();
		fflush(conf);
		snprintf(path, sizeof path, "%s/conf", dir);
		if (config_read(&config, path, err) != 0 ||
			(policy = policy_load(&config, err, sizeof err)) == NULL) {
			fprintf(stderr, "%s\n", err);
			exit(2);
		}
	}
	return (struct door_house){ .policy = policy,
		.config = &config,
		.listeners = &listeners,
		.learned = &learned,
		.now = 1000,
		.client = { .now = 1795000000 },
		.clock_is_trusted = clock_is_trusted };
}

/* --- the table ------------------------------------------------------------------- */

static const char *
answer_text(const struct door *d, enum door_answer a)
{
	static const char *const answers[DOOR_ANSWERS] = {
		[DOOR_BLOCKED] = "block",
		[DOOR_ADDRESS_BLOCKED] = "block",
		[DOOR_NOWHERE] = "refuse:nowhere",
		[DOOR_PORT] = "refuse:port",
		[DOOR_CLOCK] = "refuse:clock",
		[DOOR_NAME_DIFFERS] = "refuse:name",
		[DOOR_UNSPEAKABLE] = "refuse:unspeakable",
		[DOOR_NOT_TLS] = "refuse:no-tls",
	};
	static const char *const tunnels[] = { "tunnel:?", "tunnel", "tunnel:client-tls",
		"tunnel:client-speaks", "tunnel:client-waits", "tunnel:origin",
		"tunnel:certificate" };

	if (a != DOOR_OPEN)
		return answers[a];
	switch (d->route) {
	case ROUTE_TUNNEL: return tunnels[d->reason];
	case ROUTE_INSPECT: return "inspect";
	case ROUTE_CLEAR: return "clear";
	default: return d->plain ? "clear" : "none";
	}
}

static void
describe(const struct door *d, enum door_answer a, char out[64])
{
	snprintf(out, 64, "%s%s", answer_text(d, a), d->may_forge ? "+forge" : "");
}

/* "host:port", as a CONNECT has it. */
static struct target
target_of(const char *text)
{
	struct target t = { .port = (uint16_t)strtoul(strrchr(text, ':') + 1, NULL, 10) };
	struct net_addr a;

	snprintf(t.host, sizeof t.host, "%.*s", (int)(strrchr(text, ':') - text), text);
	t.is_ip = net_addr_parse(&a, t.host, strlen(t.host)) == 0;
	return t;
}

static enum door_answer
go(struct door *d, const char *way, const char *where, const char *speaks)
{
	struct door_house h = house();
	struct net_addr original = { .family = 0 };
	struct target t;
	enum door_answer a;
	const char *sni = strchr(speaks, '=') != NULL ? strchr(speaks, '=') + 1 : "";

	if (strcmp(way, "connect") == 0) {
		t = target_of(where);
		a = door_connect(d, &h, &t);
	} else {
		if (strcmp(where, "-") != 0)
			CHECK_INT(net_addr_parse_port(&original, where, strlen(where)), 0);
		a = door_redirected(d, &h, &original);
	}
	if (a != DOOR_OPEN || strcmp(speaks, "early") == 0)
		return a;
	CHECK(!d->may_forge); /* never before the hello */
	if (d->route == ROUTE_TUNNEL)
		return a;
	if (strcmp(speaks, "ssh") == 0)
		return door_not_tls(d, &h, REASON_CLIENT_SPEAKS);
	if (strcmp(speaks, "silent") == 0)
		return door_not_tls(d, &h, REASON_CLIENT_WAITS);
	return door_hello(d, &h, sni, strncmp(speaks, "odd", 3) != 0);
}

static enum door_answer
request(struct door *d, const char *url)
{
	struct door_house h = house();
	struct target t = { .port = 0 };
	const char *path = strchr(url, '/'), *colon = memchr(url, ':', (size_t)(path - url));
	size_t len = (size_t)((colon != NULL ? colon : path) - url);

	snprintf(t.host, sizeof t.host, "%.*s", (int)len, url);
	if (colon != NULL)
		t.port = (uint16_t)strtoul(colon + 1, NULL, 10);
	return door_request(d, &h, &t, path, strlen(path));
}

static void
table_line(struct door *d, char *line, unsigned number)
{
	static const char *const requests[DOOR_ANSWERS] = {
		[DOOR_OPEN] = "open", [DOOR_BLOCKED] = "block", [DOOR_MISDIRECTED] = "misdirected"
	};
	char a[64], b[64], c[64], want[64], got[64];

	if (sscanf(line, "go %63s %63s %63s -> %63s", a, b, c, want) == 4) {
		describe(d, go(d, a, b, c), got);
	} else if (sscanf(line, "then origin %63s -> %63s", a, want) == 2) {
		struct door_house h = house();

		(void)door_tunnel_instead(
			d, &h, strcmp(a, "certificate") == 0 ? REASON_CERTIFICATE : REASON_ORIGIN);
		describe(d, DOOR_OPEN, got);
	} else if (sscanf(line, "request %63s -> %63s", a, want) == 2) {
		snprintf(got, sizeof got, "%s", requests[request(d, a)]);
	} else {
		fprintf(stderr, "door.txt:%u: not understood\n", number);
		CHECK(false);
		return;
	}
	if (strcmp(got, want) != 0)
		fprintf(stderr, "door.txt:%u: %s\n", number, line);
	CHECK_STR(got, want);
}

static void
test_table(void)
{
	FILE *f = fopen("test/policy/door.txt", "r");
	char line[512], a[64], b[64];
	struct door d;
	unsigned number = 0;

	if (f == NULL) {
		perror("test/policy/door.txt");
		exit(2);
	}
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		number++;
		if (line[0] == '\t')
			fprintf(list, "%s\n", line + 1);
		else if (strncmp(line, "==", 2) == 0)
			begin_group();
		else if (sscanf(line, "set %63s %63s", a, b) == 2)
			fprintf(conf, "\t%s %s '%s'\n", strstr(a, "_port") ? "list" : "option", a,
				b);
		else if (strcmp(line, "clock 0") == 0)
			clock_is_trusted = false;
		else if (sscanf(line, "list %63s %63s", a, b) == 2)
			begin_list(a, b);
		else if (line[0] != '#' && line[0] != '\0')
			table_line(&d, line, number);
	}
	fclose(f);
}

/* --- what is only claimed never loosens ------------------------------------------- */

/* How strict an answer is. */
static int
strictness(const struct door *d, enum door_answer a)
{
	if (a != DOOR_OPEN)
		return 2;
	return d->route == ROUTE_TUNNEL ? 0 : 1;
}

static void
test_claims(void)
{
	static const char *const actions[] = { "block", "allow", "tunnel", "inspect" };
	static const char *const speaks[] = { "tls=claimed.example", "odd=claimed.example" };

	/* each action for the name, and for the address, or none (4) */
	for (int name = 0; name <= 4; name++)
		for (int address = 0; address <= 4; address++)
			for (int inspect = 0; inspect <= 1; inspect++) {
				struct door with, without;
				int strict, plain;

				begin_group();
				fprintf(conf, "\toption inspect '%d'\n", inspect);
				if (name < 4) {
					begin_list("name", actions[name]);
					fputs("claimed.example\n", list);
				}
				if (address < 4) {
					begin_list("address", actions[address]);
					fputs("192.0.2.1\n", list);
				}
				for (int odd = 0; odd <= 1; odd++) {
					strict = strictness(&with,
						go(&with, "connect", "192.0.2.1:443", speaks[odd]));
					plain = strictness(
						&without, go(&without, "connect", "192.0.2.1:443",
								  odd ? "odd" : "tls"));
					CHECK(strict >= plain);
				}
			}
}

/* --- new rules ------------------------------------------------------------------------ */

/* A tunnel that was begun under the rules before; `rule` is what comes. */
static bool
holds_under(const char *speaks, const char *action, const char *rule)
{
	struct net_addr address = { .family = 4, .ip = { 93, 184, 1, 5 }, .port = 443 };
	struct door_house h;
	struct door d;

	begin_group();
	if (strcmp(speaks, "early") == 0) {
		begin_list("quiet", "tunnel");
		fputs("a.example\n", list);
	}
	CHECK_INT(go(&d, "connect", "a.example:443", speaks), DOOR_OPEN);
	CHECK_INT(d.route, ROUTE_TUNNEL);
	begin_group();
	begin_list("new", action);
	fprintf(list, "%s\n", rule);
	h = house();
	return door_holds(&d, &h, &address);
}

static void
test_new_rules(void)
{
	CHECK(holds_under("early", "tunnel", "a.example"));
	CHECK(!holds_under("early", "block", "a.example"));
	CHECK(!holds_under("early", "allow", "other.example")); /* no longer exempted */
	CHECK(!holds_under("early", "block", "93.184.1.0/24"));
	CHECK(holds_under("odd", "block", "other.example"));
	CHECK(!holds_under("odd", "block", "a.example"));
	CHECK(!holds_under("odd", "block", "a.example/secret"));
	CHECK(!holds_under("odd", "inspect", "a.example"));
	CHECK(holds_under("silent", "tunnel", "a.example"));
}

/* What the new configuration no longer serves ends, too. */
static void
test_new_configuration(void)
{
	struct net_addr lan = { .family = 4, .ip = { 192, 168, 77, 5 }, .port = 443 };
	struct net_addr far = { .family = 4, .ip = { 93, 184, 1, 5 }, .port = 443 };
	struct door d = {
		.way = WAY_CONNECT, .route = ROUTE_TUNNEL, .reason = REASON_CLIENT_WAITS
	};
	struct door_house h;
	struct door e;

	begin_group();
	h = house();
	snprintf(d.host, sizeof d.host, "a.example");
	snprintf(d.name, sizeof d.name, "a.example");
	d.port = 443;
	e = d;
	CHECK(door_holds(&e, &h, &far));
	CHECK(!door_holds(&e, &h, &lan));
	CHECK_INT(e.refused, DOOR_PRIVATE);
	e = d;
	e.port = 444;
	CHECK(!door_holds(&e, &h, &far));
	CHECK_INT(e.refused, DOOR_PORT);
	e = d;
	e.route = ROUTE_CLEAR; /* a websocket in clear */
	CHECK(!door_holds(&e, &h, &far));
	e = d;
	e.route = ROUTE_CLEAR;
	e.port = 80;
	CHECK(door_holds(&e, &h, &far));
}

/* --- addresses ---------------------------------------------------------------------- */

static void
test_addresses(void)
{
	struct net_addr blocked = { .family = 4, .ip = { 93, 184, 1, 5 }, .port = 443 };
	struct net_addr lan = { .family = 4, .ip = { 192, 168, 77, 5 }, .port = 443 };
	struct door_house h;
	struct door d;

	begin_group();
	begin_list("ads", "block");
	fputs("93.184.1.0/24\n", list);
	begin_list("ok", "allow");
	fputs("ok.example\n", list);
	h = house();
	CHECK_INT(go(&d, "connect", "a.example:443", "tls=a.example"), DOOR_OPEN);
	CHECK_INT(door_address(&d, &h, &blocked), DOOR_ADDRESS_BLOCKED);
	CHECK(strstr(d.rule, "93.184.1.0/24") != NULL);
	CHECK_INT(go(&d, "connect", "a.example:443", "tls=a.example"), DOOR_OPEN);
	CHECK_INT(door_address(&d, &h, &lan), DOOR_PRIVATE);
	CHECK(d.private_why != NULL);
	CHECK_INT(go(&d, "connect", "ok.example:443", "tls=ok.example"), DOOR_OPEN);
	CHECK_INT(door_address(&d, &h, &blocked), DOOR_OPEN); /* a rule allows the name */
	CHECK_INT(door_peer(&d, &h, &blocked), DOOR_OPEN);
	CHECK_INT(go(&d, "connect", "a.example:443", "tls=a.example"), DOOR_OPEN);
	CHECK_INT(door_peer(&d, &h, &blocked), DOOR_ADDRESS_BLOCKED);
}

/* --- in clear ------------------------------------------------------------------------ */

static void
test_plain(void)
{
	struct target a = { .host = "a.example" }, b = { .host = "b.example", .port = 8080 };
	struct target proxy = { .host = "a.example", .port = 80 };
	struct door_house h;
	struct door d = { .way = WAY_CLEAR };

	begin_group();
	begin_list("ads", "block");
	fputs("a.example/secret*\n", list);
	h = house();
	CHECK_INT(door_plain(&d, &h, &a, 80, "/", 1), DOOR_OPEN);
	CHECK(d.route == ROUTE_CLEAR && d.port == 80 && !d.may_forge);
	CHECK_INT(door_plain(&d, &h, &a, 80, "/secret", 7), DOOR_BLOCKED);
	CHECK_INT(d.route, ROUTE_PAGE);
	CHECK_INT(door_plain(&d, &h, &b, 80, "/", 1), DOOR_HTTP_PORT);
	CHECK_INT(door_plain(&d, &h, &a, 80, "/", 1), DOOR_OPEN); /* one refusal is not for ever */
	CHECK_INT(d.refused, DOOR_OPEN);
	/* Behind a CONNECT the host stays. */
	CHECK_INT(door_connect(&d, &h, &proxy), DOOR_OPEN);
	CHECK(d.plain);
	CHECK_INT(door_plain(&d, &h, &a, 80, "/", 1), DOOR_OPEN);
	CHECK_INT(door_plain(&d, &h, &a, 80, "/secret", 7), DOOR_BLOCKED);
	CHECK_INT(door_plain(&d, &h, &b, 80, "/", 1), DOOR_MISDIRECTED);
	CHECK_STR(d.host, "a.example");
	CHECK_INT(door_plain(&d, &h, &(struct target){ .port = 0 }, 80, "/", 1), DOOR_OPEN);
}

/* A sentence for each refusal, with one place for what it is about at most. */
static void
test_words(void)
{
	for (enum door_answer a = DOOR_OPEN + 1; a < DOOR_ANSWERS; a++) {
		const struct door_words *w = door_words(a);
		const char *place;

		CHECK(w->text != NULL && w->status >= 400 && w->alert > 0 &&
			*w->error_type != '\0');
		place = w->text != NULL ? strchr(w->text, '%') : NULL;
		CHECK(place == NULL || (place[1] == 's' && strchr(place + 1, '%') == NULL));
	}
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 2;
	log_open(false, LOG_LEVEL_ERROR);
	test_table();
	test_claims();
	test_new_rules();
	test_new_configuration();
	test_addresses();
	test_plain();
	test_words();
	begin_group();
	fclose(conf);
	for (const char *const *f = (const char *const[]){ "conf", "ads", "ok", "quiet", "look",
		     "new", "name", "address", NULL };
		*f != NULL; f++) {
		char path[128];

		snprintf(path, sizeof path, "%s/%s", dir, *f);
		(void)unlink(path);
	}
	CHECK_INT(rmdir(dir), 0);
	return check_done("door");
}
