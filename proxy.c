/*
 * proxy: the loop, who gets a slot, reloading, main.  What a connection does is told in conn.c, request.c
 * and inspect.c.
 *
 * One thread, one select a turn.  Memory comes from three pools made at start: connections, buffers, chains.  A
 * connection that has nothing in its buffers gives them back; one that finds a pool empty stops reading until
 * it is its turn.  Public-key operations are done one a turn, by the client that has waited longest for its
 * last.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cert.h"
#include "conn/machine.h"
#include "policy.h"
#include "lib/base/config.h"
#include "lib/net/listen.h"
#include "lib/base/log.h"
#include "lib/net/net.h"
#include "lib/base/pool.h"
#include "lib/base/process.h"
#include "lib/net/resolve.h"
#include "lib/net/wait.h"

#ifndef SLUICE_VERSION
#define SLUICE_VERSION "0"
#endif

enum {
	LISTEN_SECS = 10, /* how often a listening device's addresses are looked up */
	STOP_SECS = 4,    /* after SIGTERM, for exchanges under way; procd kills after 5 */
	RELOAD_MS = 5,    /* of a turn, for building new lists */
	CHAINS_MOST = 8,  /* origins in their handshake at once: 66 KB each */
	ACCEPT_MOST = 64  /* clients taken in one turn */
};

static struct proxy proxy; /* what connections see of it all */

/* What only the loop knows. */
static struct {
	int64_t listen_at; /* when devices are looked at again */
	int64_t hours_at;  /* unix seconds: when hours were looked at last */
	int64_t stop_at;   /* 0: running */
	bool to_syslog;
	bool again;                 /* a reload goes on: no sleep */
	struct policy_build *build; /* a reload under way, */
	struct config next;         /* and its configuration */
} self;

static void
accept_clients(const struct wait *w)
{
	struct arrival a = { .short_of = false };
	int fd;

	for (int i = 0; i < ACCEPT_MOST && !proxy.stopping &&
			(fd = listen_accept(&proxy.listeners, w, &a)) >= 0;
		i++)
		machine_open(&proxy, fd, &a);
	if (a.short_of)
		log_line(LOG_LEVEL_WARN, "a client was turned away: no descriptors left");
}

/* --- reload, stop, counters ------------------------------------------------------------------ */

static void
reload_begin(void)
{
	char err[CONFIG_ERROR];

	if (self.build != NULL)
		policy_build_cancel(self.build);
	self.build = NULL;
	if (config_read(&self.next, proxy.config.file, err) != 0) {
		log_line(LOG_LEVEL_ERROR, "%s; the old configuration stays", err);
		return;
	}
	self.build = policy_build_start(&self.next, policy_bytes(proxy.policy), err, sizeof err);
	if (self.build == NULL)
		log_line(LOG_LEVEL_ERROR, "%s; the old configuration stays", err);
}

/* The new lists are there: everything changes over at once. */
static void
reload_finish(struct policy *policy)
{
	char err[CERT_ERROR];

	if (self.next.connections != proxy.config.connections ||
		self.next.memory_kib != proxy.config.memory_kib)
		log_line(LOG_LEVEL_WARN, "connections and memory_kib change with a restart only");
	self.next.connections = proxy.config.connections;
	self.next.memory_kib = proxy.config.memory_kib;
	policy_free(proxy.policy);
	proxy.policy = policy;
	proxy.config = self.next;
	log_open(self.to_syslog, proxy.config.log_level);
	if (cert_reload(proxy.cert, &proxy.config, err) != 0)
		log_line(LOG_LEVEL_ERROR, "%s; what was trusted before stays", err);
	if (resolver_reload(
		    proxy.resolver, proxy.config.resolver[0] ? proxy.config.resolver : NULL) != 0)
		log_line(LOG_LEVEL_ERROR, "the name servers can't be changed; the old ones stay");
	listen_refresh(&proxy.listeners, &proxy.config);
	machine_judge_again(&proxy);
	log_line(LOG_LEVEL_WARN, "configuration %s reloaded", proxy.config.file);
}

static void
reload_step(void)
{
	struct policy *policy;
	char err[CONFIG_ERROR];
	int n;

	if (self.build == NULL) {
		if (policy_wants_reload(proxy.policy))
			reload_begin();
		return;
	}
	n = policy_build_step(self.build, RELOAD_MS, &policy, err, sizeof err);
	if (n == 0) {
		self.again = true;
		return;
	}
	self.build = NULL;
	if (n > 0)
		reload_finish(policy);
	else
		log_line(LOG_LEVEL_ERROR, "%s; the old configuration stays", err);
}

static void
log_counters(void)
{
	struct cert_counters leaves;

	cert_count(proxy.cert, &leaves);
	log_line(LOG_LEVEL_WARN,
		"%zu of %zu connections, %zu of %zu buffers in use; %llu requests, %llu blocked, "
		"%llu tunnels, %llu failures, %llu turned away; leaves: %llu forged, %llu from the "
		"cache, %llu bytes written to flash",
		fair_count(&proxy.fair), (size_t)proxy.fair.most[FAIR_SLOT],
		proxy.buffers.count - proxy.buffers.free, proxy.buffers.count,
		(unsigned long long)proxy.requests, (unsigned long long)proxy.blocked,
		(unsigned long long)proxy.tunnels, (unsigned long long)proxy.failures,
		(unsigned long long)proxy.refused, (unsigned long long)leaves.forged,
		(unsigned long long)leaves.from_cache, (unsigned long long)leaves.flash_bytes);
}

static void
take_signals(void)
{
	struct process_signals s = process_signals();

	if (s.count)
		log_counters();
	if (s.reload)
		reload_begin();
	if (s.stop && self.stop_at == 0) {
		self.stop_at = proxy.now + STOP_SECS * 1000;
		proxy.stopping = true;
		listen_close(&proxy.listeners);
		log_line(LOG_LEVEL_WARN, "stopping; %zu connections are ended within %d s",
			fair_count(&proxy.fair), STOP_SECS);
	}
}

/* --- the loop ------------------------------------------------------------------------------ */

/* What all wait for. */
static void
loop_want(struct wait *w, int signals)
{
	wait_init(w);
	wait_read(w, signals);
	if (proxy.stopping)
		wait_until(w, self.stop_at);
	else
		(void)listen_want(&proxy.listeners, w);
	wait_until(w, self.listen_at);
	resolver_want(proxy.resolver, w, proxy.now);
	cert_want(proxy.cert, w);
	machine_want(&proxy, w);
	if (self.again)
		wait_until(w, proxy.now);
}

/* The clocks, once a turn; the stamp that says whether to believe one, once a second. */
static void
read_clocks(void)
{
	int64_t wall = (int64_t)time(NULL);

	proxy.now = wait_clock();
	if (wall != proxy.wall)
		proxy.clock_is_trusted = cert_clock_is_trusted(proxy.cert, wall);
	proxy.wall = wall;
}

static void
loop_turn(const struct wait *w, int signals)
{
	proxy.ready = w;
	self.again = false;
	if (wait_can_read(w, signals))
		take_signals();
	resolver_run(proxy.resolver, w, proxy.now);
	reload_step();
	/* What is inspected is judged at its next request. */
	if (proxy.wall != self.hours_at && policy_hours_turned(proxy.policy, proxy.wall))
		machine_judge_again(&proxy);
	self.hours_at = proxy.wall;
	machine_turn(&proxy);
	accept_clients(w);
	cert_tick(proxy.cert, proxy.now);
	if (proxy.now >= self.listen_at) {
		if (!proxy.stopping)
			listen_refresh(&proxy.listeners, &proxy.config);
		self.listen_at = proxy.now + LISTEN_SECS * 1000;
	}
}

static void
loop(int signals)
{
	while (!proxy.stopping || (proxy.fair.first != NULL && proxy.now < self.stop_at)) {
		struct wait w;

		loop_want(&w, signals);
		(void)wait_run(&w,
			proxy.now); /* interrupted: the sets are empty, and the pipe will tell */
		read_clocks();
		loop_turn(&w, signals);
	}
	machine_drop_all(&proxy);
}

/* --- start --------------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	char text[CONFIG_ERROR + 64];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_line(LOG_LEVEL_ERROR, "%s", text);
	exit(1);
}

/* Half of memory_kib is for connections; a quarter is for lists, and another while new ones are loaded. */
static void
make_pools(const struct config *c, size_t *chains)
{
	size_t room = (size_t)c->memory_kib * 1024 / 2, fixed, buffers;

	*chains = c->connections / 16;
	if (*chains < 2)
		*chains = 2;
	if (*chains > CHAINS_MOST)
		*chains = CHAINS_MOST;
	fixed = (c->connections + MACHINE_RESERVE) * sizeof(struct conn) +
		*chains * sizeof(struct chain);
	if (room < fixed + 4 * sizeof(struct pair_buffers))
		die("%s: memory_kib %u is too little for %u connections: at least %zu are needed",
			c->file, c->memory_kib, c->connections,
			2 * (fixed + 4 * sizeof(struct pair_buffers)) / 1024 + 1);
	buffers = (room - fixed) / sizeof(struct pair_buffers);
	if (buffers > c->connections)
		buffers = c->connections;
	if (machine_init(&proxy, c->connections, buffers, *chains) != 0)
		die("out of memory");
}

static int
serve(const char *file, bool to_syslog)
{
	struct config *c = &proxy.config;
	char err[CONFIG_ERROR];
	size_t chains;
	int signals;

	process_harden();
	if (config_read(c, file, err) != 0)
		die("%s", err);
	self.to_syslog = to_syslog;
	log_open(to_syslog, c->log_level);
	make_pools(c, &chains);
	if (listen_open(&proxy.listeners, c, err) != 0)
		die("%s", err);
	proxy.cert = cert_open(c, chains, c->connections, err);
	if (proxy.cert == NULL)
		die("%s", err);
	/* Lists are read before privileges are dropped: what can't be read again at SIGHUP keeps its old value. */
	proxy.policy = policy_load(c, err, sizeof err);
	if (proxy.policy == NULL)
		die("%s", err);
	if (process_drop(c->user, err) != 0)
		die("%s: %s", c->file, err);
	proxy.resolver = resolver_new(
		c->resolver[0] ? c->resolver : NULL, c->connections, err, sizeof err);
	if (proxy.resolver == NULL)
		die("%s", err);
	signals = process_catch_signals();
	if (signals < 0)
		die("no pipe for signals: %s", strerror(errno));
	read_clocks();
	log_line(LOG_LEVEL_WARN,
		"sluice %s: %zu listeners, %zu connections, %zu buffers of %zu KiB", SLUICE_VERSION,
		proxy.listeners.count, (size_t)c->connections, proxy.buffers.count,
		sizeof(struct pair_buffers) / 1024);
	loop(signals);
	cert_close(proxy.cert);
	policy_free(proxy.policy);
	resolver_free(proxy.resolver);
	machine_free(&proxy);
	return 0;
}

static int
check(const char *file)
{
	char err[CONFIG_ERROR];

	if (config_read(&proxy.config, file, err) != 0)
		die("%s", err);
	proxy.policy = policy_load(&proxy.config, err, sizeof err);
	if (proxy.policy == NULL)
		die("%s", err);
	policy_warn(proxy.policy);
	config_print(&proxy.config);
	policy_free(proxy.policy);
	return 0;
}

static int
why(const char *file, const char *url, const char *address)
{
	struct policy_client client = { .now = (int64_t)time(NULL) };
	char err[CONFIG_ERROR];
	int status;

	if (net_addr_parse(&client.addr, address, strlen(address)) != 0)
		die("'%s' is no address", address);
	if (config_read(&proxy.config, file, err) != 0)
		die("%s", err);
	proxy.policy = policy_load(&proxy.config, err, sizeof err);
	if (proxy.policy == NULL)
		die("%s", err);
	status = policy_why(proxy.policy, &proxy.config, &client, url);
	policy_free(proxy.policy);
	return status;
}

static int
print_ca(const char *file)
{
	char err[CONFIG_ERROR];

	if (config_read(&proxy.config, file, err) != 0)
		die("%s", err);
	return cert_print_ca(&proxy.config);
}

static int
usage(FILE *to)
{
	fputs("sluice " SLUICE_VERSION ", an HTTPS-inspecting forward proxy\n"
	      "  sluice -c FILE                  run in the foreground (-l: log to syslog)\n"
	      "  sluice -t -c FILE               check the configuration and print it\n"
	      "  sluice why -c FILE HOST[/PATH] [CLIENT-IP]\n"
	      "  sluice verify TRUSTED.pem CHAIN.pem NAME|- TIME\n"
	      "  sluice ca -c FILE               print the CA certificate\n"
	      "  sluice --version\n",
		to);
	return to == stdout ? 0 : 2;
}

struct arguments {
	const char *file; /* of -c; NULL: none */
	bool only_check, to_syslog;
	const char *rest[2]; /* what is no option */
	int rest_count;
};

/* Options as getopt(3) reads them, which uClibc-ng can't link without its locale.  False: bad usage. */
static bool
read_arguments(struct arguments *a, char **argv)
{
	for (; *argv != NULL; argv++) {
		const char *option = *argv;

		if (*option != '-') {
			if (a->rest_count == 2)
				return false;
			a->rest[a->rest_count++] = option;
			continue;
		}
		while (*++option != '\0') {
			if (*option == 't')
				a->only_check = true;
			else if (*option == 'l')
				a->to_syslog = true;
			else if (*option != 'c')
				return false;
			if (*option != 'c')
				continue;
			a->file = option[1] != '\0' ? option + 1 : *++argv;
			if (a->file == NULL)
				return false;
			break;
		}
	}
	return a->file != NULL;
}

int
main(int argc, char **argv)
{
	const char *command = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
	struct arguments a = { 0 };

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("sluice " SLUICE_VERSION) < 0;
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(stdout);
	if (strcmp(command, "verify") == 0)
		return argc == 6 ? cert_verify(argv[2], argv[3], argv[4], argv[5]) : usage(stderr);
	if (!read_arguments(&a, argv + (*command != '\0' ? 2 : 1)))
		return usage(stderr);
	if (strcmp(command, "ca") == 0 && a.rest_count == 0)
		return print_ca(a.file);
	if (strcmp(command, "why") == 0 && a.rest_count > 0)
		return why(a.file, a.rest[0], a.rest_count == 2 ? a.rest[1] : "127.0.0.1");
	if (*command != '\0' || a.rest_count != 0)
		return usage(stderr);
	return a.only_check ? check(a.file) : serve(a.file, a.to_syslog);
}
