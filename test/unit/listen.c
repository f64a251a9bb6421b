/* listen: opening, refreshing, accepting in turn, scopes, and what happens when descriptors are short. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "lib/net/listen.h"

static struct config config;
static struct listeners listeners;
static char err[LISTEN_ERROR];

/* A port on which nobody listens just now. */
static uint16_t
free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&a, len) != 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		exit(2);
	close(fd);
	return ntohs(a.sin_port);
}

static void
list_device(const char *device, uint16_t port)
{
	struct config_listen *l = &config.listens[config.listen_count++];

	*l = (struct config_listen){ .line = (unsigned)config.listen_count };
	snprintf(l->device, sizeof l->device, "%s", device);
	l->addr.port = port;
}

static void
list(const char *text, uint16_t port)
{
	list_device("", port);
	CHECK_INT(net_addr_parse(&config.listens[config.listen_count - 1].addr, text, strlen(text)),
		0);
	config.listens[config.listen_count - 1].addr.port = port;
}

static void
start(void)
{
	config = (struct config){ .file = "/etc/config/sluice" };
}

static int
connect_to(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One turn of a loop: a client's descriptor, -1; *ready says whether select found anybody. */
static int
turn(struct arrival *a, bool *ready)
{
	struct wait w;
	int64_t now = wait_clock();

	wait_init(&w);
	CHECK(listen_want(&listeners, &w));
	wait_until(&w, now + 50);
	wait_run(&w, now);
	*ready = false;
	for (size_t i = 0; i < listeners.count; i++)
		*ready |= wait_can_read(&w, listeners.all[i].fd);
	return listen_accept(&listeners, &w, a);
}

static bool
is_turned_away(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* --- opening and refreshing ------------------------------------------------------------ */

static void
test_open(void)
{
	uint16_t port = free_port();
	struct arrival a;
	bool ready;
	int client, fd;

	start();
	list("127.0.0.1", port);
	CHECK_INT(listen_open(&listeners, &config, err), 0);
	CHECK_INT(listeners.count, 1);
	CHECK(listen_has_port(&listeners, port) && !listen_has_port(&listeners, 1));
	CHECK_INT(turn(&a, &ready), -1);
	CHECK(!ready && !a.short_of);
	client = connect_to(port);
	fd = turn(&a, &ready);
	CHECK(fd >= 0 && !a.short_of && a.peer.family == 4 && a.peer.ip[0] == 127);
	close(fd);
	close(client);
	listen_close(&listeners);
	CHECK(connect_to(port) < 0 && !listen_has_port(&listeners, port));
	CHECK_INT(listeners.spare, -1);
	listen_close(&listeners);
}

/* Who comes to a socket for redirected connections is told apart, and so after a refresh that changes its kind. */
static void
test_redirected(void)
{
	uint16_t port = free_port();
	struct arrival a;
	bool ready;

	start();
	list("127.0.0.1", port);
	config.listens[0].transparent = true;
	CHECK_INT(listen_open(&listeners, &config, err), 0);
	for (int round = 0; round < 4; round++) {
		int client, fd;

		config.listens[0].transparent = round % 2 == 0;
		listen_refresh(&listeners, &config);
		client = connect_to(port);
		fd = turn(&a, &ready);
		CHECK(fd >= 0 && a.redirected == (round % 2 == 0));
		close(fd);
		close(client);
	}
	listen_close(&listeners);
}

/* What can't be had is told with its line, and leaves nothing open. */
static void
test_open_fails(void)
{
	uint16_t port = free_port(), taken = free_port();
	struct listeners other;
	char text[LISTEN_ERROR];
	int before = dup(0), after;

	start();
	list("127.0.0.1", taken);
	CHECK_INT(listen_open(&other, &config, err), 0);
	start();
	list("127.0.0.1", port);
	list("127.0.0.1", taken);
	close(before);
	before = dup(0);
	CHECK_INT(listen_open(&listeners, &config, err), -1);
	close(before);
	snprintf(text, sizeof text, "/etc/config/sluice:2: can't listen on 127.0.0.1:%u: %s", taken,
		strerror(EADDRINUSE));
	CHECK_STR(err, text);
	CHECK(connect_to(port) < 0);
	after = dup(0);
	CHECK_INT(after, before);
	close(after);
	listen_close(&other);
}

/* Lines in the log, written by `refreshes` calls of listen_refresh. */
static unsigned
lines_of_refresh(unsigned refreshes)
{
	char text[4096];
	int keep = dup(STDERR_FILENO), fds[2];
	unsigned lines = 0;
	ssize_t n;

	if (pipe(fds) != 0)
		exit(2);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	dup2(fds[1], STDERR_FILENO);
	while (refreshes-- > 0)
		listen_refresh(&listeners, &config);
	dup2(keep, STDERR_FILENO);
	n = read(fds[0], text, sizeof text);
	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	close(keep);
	close(fds[0]);
	close(fds[1]);
	return lines;
}

/* What the daemon would refuse: by the check and by the opening, in the same words. */
static void
refused(const char *words)
{
	char first[LISTEN_ERROR];

	CHECK_INT(listen_open(&listeners, &config, err), -1);
	CHECK_STR(err, words);
	snprintf(first, sizeof first, "%s", err);
	err[0] = '\0';
	CHECK_INT(listen_check(&config, err), -1);
	CHECK_STR(err, first);
	CHECK(listeners.count == 0 && listeners.spare == -1);
}

static void
test_check(void)
{
	uint16_t port = free_port();
	char text[LISTEN_ERROR];
	struct listeners other;
	int client;

	start();
	list("127.0.0.1", port);
	CHECK_INT(listen_check(&config, err), 0);
	CHECK(connect_to(port) < 0); /* it left nothing */
	list_device("no-such0", port);
	refused("/etc/config/sluice:2: there is no network device 'no-such0' here");
	start();
	list("192.0.2.77", 3128); /* RFC 5737: nobody's */
	refused("/etc/config/sluice:1: 192.0.2.77 is no address of this machine; one that comes "
		"later is "
		"listened on by its device, as in 'br-lan:3128'");
	start();
	list("127.0.0.1", port);
	CHECK_INT(listen_open(&other, &config, err), 0);
	snprintf(text, sizeof text, "/etc/config/sluice:1: can't listen on 127.0.0.1:%u: %s", port,
		strerror(EADDRINUSE));
	refused(text);
	client = connect_to(port); /* and who is there was not disturbed */
	CHECK(client >= 0);
	close(client);
	listen_close(&other);
	/* An address that is not ours is told at a refresh, once, and not bound. */
	start();
	CHECK_INT(listen_open(&listeners, &config, err), 0);
	list("192.0.2.77", port);
	CHECK_INT(lines_of_refresh(3), 1);
	CHECK(!listen_has_port(&listeners, port));
	listen_close(&listeners);
}

/* A device and one of its addresses, both listed: one socket. */
static void
test_twice(void)
{
	uint16_t port = free_port();

	start();
	list("127.0.0.1", port);
	list_device("lo", port);
	list("127.0.0.1", port);
	CHECK_INT(listen_open(&listeners, &config, err), 0);
	CHECK(listeners.count == 1 || listeners.count == 2); /* with ::1 */
	listen_close(&listeners);
}

static void
test_refresh(void)
{
	uint16_t a = free_port(), b = free_port(), taken = free_port();
	struct listeners other;
	int fd;

	start();
	list("127.0.0.1", taken);
	CHECK_INT(listen_open(&other, &config, err), 0);
	start();
	list("127.0.0.1", a);
	CHECK_INT(listen_open(&listeners, &config, err), 0);
	fd = listeners.all[0].fd;
	CHECK_INT(lines_of_refresh(3), 0);
	CHECK_INT(listeners.all[0].fd, fd);
	start();
	list("127.0.0.1", b);
	CHECK_INT(lines_of_refresh(3), 2);
	CHECK(!listen_has_port(&listeners, a) && listen_has_port(&listeners, b));
	CHECK(connect_to(a) < 0);
	/* One that can't be had is told once, and had when it can be. */
	list("127.0.0.1", taken);
	CHECK_INT(lines_of_refresh(5), 1);
	CHECK(!listen_has_port(&listeners, taken) && listen_has_port(&listeners, b));
	{
		struct arrival none;
		bool ready;

		CHECK_INT(turn(&none, &ready), -1);
	}
	listen_close(&other);
	CHECK_INT(lines_of_refresh(3), 1);
	CHECK(listen_has_port(&listeners, taken));
	start();
	CHECK_INT(lines_of_refresh(2), 2);
	CHECK_INT(listeners.count, 0);
	listen_close(&listeners);
}

/* Of two busy listeners none starves. */
static void
test_turns(void)
{
	uint16_t ports[2] = { free_port(), 0 };
	int clients[8], fd;
	unsigned served[2] = { 0, 0 };
	struct net_addr here;
	struct arrival a;
	bool ready;

	start();
	list("127.0.0.1", ports[0]);
	do
		ports[1] = free_port();
	while (ports[1] == ports[0]);
	list("127.0.0.1", ports[1]);
	CHECK_INT(listen_open(&listeners, &config, err), 0);
	for (int i = 0; i < 8; i++)
		clients[i] = connect_to(ports[i % 2]);
	for (int i = 0; i < 4; i++) {
		fd = turn(&a, &ready);
		CHECK(fd >= 0 && net_local_addr(fd, &here) == 0);
		served[here.port == ports[1]]++;
		close(fd);
	}
	CHECK(served[0] == 2 && served[1] == 2);
	for (int i = 0; i < 8; i++)
		close(clients[i]);
	listen_close(&listeners);
}

/* --- short of descriptors ------------------------------------------------------------------ */

static struct rlimit limit;

/* From now on no descriptor is left. */
static void
take_descriptors(void)
{
	struct rlimit none;
	int lowest = dup(0);

	close(lowest);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = (rlim_t)lowest;
	setrlimit(RLIMIT_NOFILE, &none);
	CHECK(dup(0) < 0 && errno == EMFILE);
}

static void
give_descriptors(void)
{
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
test_shortage(void)
{
	uint16_t port = free_port();
	int clients[3], turned = 0, turns = 0, fd;
	struct arrival a;
	bool ready = true;

	start();
	list_device("lo", port);
	CHECK_INT(listen_open(&listeners, &config, err), 0);
	for (int i = 0; i < 3; i++)
		clients[i] = connect_to(port);
	take_descriptors();
	/* Each turn turns one away; then there is nothing to do, and select sleeps. */
	for (; ready && turns < 10; turns++) {
		CHECK_INT(turn(&a, &ready), -1);
		CHECK_INT(a.short_of, ready);
		turned += a.short_of;
	}
	CHECK_INT(turned, 3);
	CHECK_INT(turns, 4);
	CHECK(listeners.spare >= 0 && !listeners.deaf);
	for (int i = 0; i < 3; i++) {
		CHECK(is_turned_away(clients[i]));
		close(clients[i]);
	}
	take_descriptors(); /* those of the clients too */
	/* A refresh in that state closes nothing, though it can't read the device's addresses without one. */
	CHECK(listen_has_port(&listeners, port));
	listen_refresh(&listeners, &config);
	CHECK(listen_has_port(&listeners, port));
	give_descriptors();
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ limit.rlim_max, limit.rlim_max });
	clients[0] = connect_to(port);
	fd = turn(&a, &ready);
	CHECK(fd >= 0 && !a.short_of);
	close(fd);
	close(clients[0]);
	listen_close(&listeners);
}

/* The spare is gone as well (the whole system is out of files): nobody is asked for, and nothing spins. */
static void
test_deaf(void)
{
	uint16_t port = free_port();
	struct arrival a;
	bool ready;
	int client, spare, fd;

	start();
	list("127.0.0.1", port);
	CHECK_INT(listen_open(&listeners, &config, err), 0);
	client = connect_to(port);
	spare = listeners.spare;
	listeners.spare = -1;
	take_descriptors();
	CHECK_INT(turn(&a, &ready), -1);
	CHECK(ready && a.short_of && listeners.deaf);
	CHECK_INT(turn(&a, &ready), -1);
	CHECK(!ready);
	give_descriptors();
	close(spare);
	listen_refresh(&listeners, &config);
	CHECK(!listeners.deaf && listeners.spare >= 0);
	fd = turn(&a, &ready);
	CHECK(fd >= 0);
	close(fd);
	close(client);
	listen_close(&listeners);
}

/* --- scopes -------------------------------------------------------------------------------- */

static bool
run_ip(const char *const *args)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execvp("ip", (char *const *)(uintptr_t)args);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status == 0;
}

#define IP(...) run_ip((const char *const[]){ "ip", __VA_ARGS__, NULL })

/* In a network of its own: two links, the same link-local address on both. */
static bool
make_links(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		return false;
	return IP("link", "add", "sl0", "type", "veth", "peer", "name", "sl1") &&
	       IP("link", "set", "sl0", "up", "addrgenmode", "none") &&
	       IP("link", "set", "sl1", "up", "addrgenmode", "none") &&
	       IP("addr", "add", "fe80::77/64", "dev", "sl0", "nodad") &&
	       IP("addr", "add", "fe80::77/64", "dev", "sl1", "nodad");
}

static void
test_scope(void)
{
	if (!make_links()) {
		printf("listen: test_scope skipped: needs root, a network namespace and ip(8)\n");
		return;
	}
	start();
	list_device("sl0", 3128);
	list_device("sl1", 3128);
	CHECK_INT(listen_open(&listeners, &config, err), 0);
	CHECK_INT(listeners.count, 2);
	CHECK(listeners.all[0].addr.scope == if_nametoindex("sl0"));
	CHECK(listeners.all[1].addr.scope == if_nametoindex("sl1"));
	/* The one that goes takes its own listener along, not its twin. */
	CHECK(IP("addr", "del", "fe80::77/64", "dev", "sl0"));
	CHECK_INT(lines_of_refresh(2), 1);
	CHECK_INT(listeners.count, 1);
	CHECK(listeners.all[0].addr.scope == if_nametoindex("sl1"));
	CHECK(IP("addr", "add", "fe80::77/64", "dev", "sl0", "nodad"));
	CHECK_INT(lines_of_refresh(2), 1);
	CHECK_INT(listeners.count, 2);
	listen_close(&listeners);
}

int
main(void)
{
	log_open(false, LOG_LEVEL_WARN);
	test_open();
	test_redirected();
	test_open_fails();
	test_check();
	test_twice();
	test_refresh();
	test_turns();
	test_shortage();
	test_deaf();
	test_scope();
	return check_done("listen");
}
