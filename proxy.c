/*
 * proxy: the loop, the pools, reloading, main.  conn/machine.h runs the connections.
 *
 * One thread, one select a turn.  Memory comes from three pools made at start: connections, buffers, chains.  A
 * connection that has nothing in its buffers gives them back; conn/fair.h says what becomes of one that finds a
 * pool empty.  Public-key operations are done one a turn, by the client that has waited longest for its last.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cert.h"
#include "command.h"
#include "conn/machine.h"
#include "start.h"
#include "policy.h"
#include "lib/base/config.h"
#include "lib/net/listen.h"
#include "lib/base/log.h"
#include "lib/net/net.h"
#include "lib/base/pool.h"
#include "lib/base/process.h"
#include "lib/net/resolve.h"
#include "lib/net/wait.h"
#include "lib/x509/chain.h"

enum {
	LISTEN_SECS = 10, /* how often a listening device's addresses are looked up */
	STOP_SECS = 4,    /* after SIGTERM, for exchanges under way; procd kills after 5 */
	RELOAD_MS = 5,    /* of a turn, for building new lists */
	CHAINS_MOST = 8,  /* origins in their handshake at once: 66 KB each */
	ACCEPT_MOST = 64  /* clients taken in one turn */
};

static struct proxy proxy; /* what connections see of it all */

/* The loop's own. */
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
	if (cert_reload(proxy.cert, &proxy.config, proxy.wall, err) != 0)
		log_line(LOG_LEVEL_ERROR, "%s; what was trusted before stays", err);
	if (resolver_reload(
		    proxy.resolver, proxy.config.resolver[0] ? proxy.config.resolver : NULL) != 0)
		log_line(LOG_LEVEL_ERROR, "the name servers can't be changed; the old ones stay");
	if (listen_check_names(&proxy.config, err) != 0)
		log_line(LOG_LEVEL_WARN, "%s; it is listened on when it comes", err);
	listen_refresh(&proxy.listeners, &proxy.config);
	machine_judge_again(&proxy);
	log_line(LOG_LEVEL_NOTICE, "configuration %s reloaded", proxy.config.file);
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
	log_line(LOG_LEVEL_NOTICE,
		"%zu of %zu connections, %zu of %zu buffers in use; %llu requests, %llu blocked, "
		"%llu tunnels, %llu failures, %llu turned away; handshakes full/resumed: %llu/%llu "
		"with clients, %llu/%llu with origins; leaves: %llu forged, %llu from the cache, "
		"%llu bytes written to flash",
		fair_count(&proxy.fair), (size_t)proxy.fair.most[FAIR_SLOT],
		proxy.buffers.count - proxy.buffers.free, proxy.buffers.count,
		(unsigned long long)proxy.requests, (unsigned long long)proxy.blocked,
		(unsigned long long)proxy.tunnels, (unsigned long long)proxy.failures,
		(unsigned long long)proxy.refused, (unsigned long long)proxy.with_clients.full,
		(unsigned long long)proxy.with_clients.resumed,
		(unsigned long long)proxy.with_origins.full,
		(unsigned long long)proxy.with_origins.resumed, (unsigned long long)leaves.forged,
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
		log_line(LOG_LEVEL_NOTICE, "stopping; %zu connections are ended within %d s",
			fair_count(&proxy.fair), STOP_SECS);
	}
}

/* --- the loop ------------------------------------------------------------------------------ */

/* Adds up what everything waits for. */
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
	/* Inspected connections are judged at their next request. */
	if (proxy.wall != self.hours_at && policy_hours_turned(proxy.policy, proxy.wall))
		machine_judge_again(&proxy);
	self.hours_at = proxy.wall;
	machine_turn(&proxy);
	accept_clients(w);
	cert_tick(proxy.cert, proxy.now);
	cert_watch_clock(proxy.cert, proxy.now, proxy.wall);
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
static size_t
pools_fixed(const struct config *c, size_t *chains)
{
	*chains = c->connections / 16;
	if (*chains < 2)
		*chains = 2;
	if (*chains > CHAINS_MOST)
		*chains = CHAINS_MOST;
	return (c->connections + MACHINE_RESERVE) * sizeof(struct conn) +
	       *chains * sizeof(struct chain);
}

/* Is there room for a few buffers?  Returns 0, or -1 with file:line and what would be needed. */
static int
pools_fit(const struct config *c, char err[CONFIG_ERROR])
{
	size_t chains, least = pools_fixed(c, &chains) + 4 * sizeof(struct pair_buffers);

	if ((size_t)c->memory_kib * 1024 / 2 >= least)
		return 0;
	return config_refuse(c, config_line(c, "memory_kib") != 0 ? "memory_kib" : "connections",
		err, "memory_kib %u is too little for %u connections: at least %zu are needed",
		c->memory_kib, c->connections, 2 * least / 1024 + 1);
}

static void
make_pools(const struct config *c, size_t *chains)
{
	size_t room = (size_t)c->memory_kib * 1024 / 2, fixed = pools_fixed(c, chains), buffers;

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
	if (pools_fit(c, err) != 0)
		die("%s", err);
	make_pools(c, &chains);
	if (listen_open(&proxy.listeners, c, err) != 0)
		die("%s", err);
	proxy.cert = cert_open(c, chains, c->connections, (int64_t)time(NULL), err);
	if (proxy.cert == NULL)
		die("%s", err);
	if (start_as_user(c, &proxy.policy, &proxy.resolver, err) != 0)
		die("%s", err);
	signals = process_catch_signals();
	if (signals < 0)
		die("no pipe for signals: %s", strerror(errno));
	read_clocks();
	log_line(LOG_LEVEL_NOTICE,
		"sluice %s: %zu listeners, %zu connections, %zu buffers of %zu KiB",
		command_version, proxy.listeners.count, (size_t)c->connections, proxy.buffers.count,
		sizeof(struct pair_buffers) / 1024);
	loop(signals);
	cert_close(proxy.cert);
	policy_free(proxy.policy);
	resolver_free(proxy.resolver);
	machine_free(&proxy);
	return 0;
}

int
main(int argc, char **argv)
{
	struct command command;
	int status = command_run(&command, argc, argv, pools_fit);

	return status >= 0 ? status : serve(command.file, command.to_syslog);
}
