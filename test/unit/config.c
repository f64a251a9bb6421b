/* config: defaults, every option, errors with file:line, and that what is printed reads back the same. */
#include "check.h"
#include "lib/base/config.h"

#include <fcntl.h>
#include <stdint.h>

static char dir[] = "/tmp/sluice-config-XXXXXX";
static char path[64], err[CONFIG_ERROR];
static struct config c, again;

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0) {
		perror(path);
		exit(2);
	}
}

/* Reads text as a configuration: "" when it is good, else the message after the file's name. */
static const char *
read_text(const char *text)
{
	write_file(text);
	if (config_read(&c, path, err) == 0)
		return "";
	return strncmp(err, path, strlen(path)) == 0 ? err + strlen(path) : "no file name";
}

/* Prints c to a file and reads that into `again`. */
static void
print_and_read(void)
{
	int saved = dup(1), fd;

	fflush(stdout);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, 1);
	config_print(&c);
	fflush(stdout);
	dup2(saved, 1);
	close(fd);
	close(saved);
	err[0] = '\0';
	config_read(&again, path, err);
	CHECK_STR(err, "");
}

/* Lines differ between a file and its print-out; nothing else may. */
static void
forget_lines(struct config *x)
{
	size_t i;

	for (i = 0; i < x->listen_count; i++)
		x->listens[i].line = 0;
	for (i = 0; i < x->list_count; i++)
		x->lists[i].line = x->lists[i].file_line = 0;
	memset(x->lines, 0, sizeof x->lines);
}

static void
check_round_trip(void)
{
	print_and_read();
	forget_lines(&c);
	forget_lines(&again);
	CHECK(memcmp(&c, &again, sizeof c) == 0);
}

static void
test_defaults(void)
{
	char text[NET_ADDR_TEXT];

	CHECK_STR(read_text("config sluice 'main'\n"), "");
	CHECK_INT(c.listen_count, 1);
	CHECK_STR(net_addr_format(text, &c.listens[0].addr, true), "127.0.0.1:3128");
	CHECK(!c.listens[0].transparent);
	CHECK_INT(c.connect_port_count, 1);
	CHECK_INT(c.connect_ports[0], 443);
	CHECK_INT(c.http_ports[0], 80);
	CHECK(c.inspect && !c.private_upstream && !c.log_query);
	CHECK_STR(c.ca_bundle, "/etc/ssl/certs/ca-certificates.crt");
	CHECK_STR(c.ca_cert, "/etc/sluice/ca.crt");
	CHECK_STR(c.ca_key, "/etc/sluice/ca.key");
	CHECK_STR(c.cache, "/etc/sluice/leaves");
	CHECK_STR(c.user, "nobody");
	CHECK_STR(c.clock_stamp, "");
	CHECK_INT(c.cache_kib, 128);
	CHECK_INT(c.connections, 128);
	CHECK_INT(c.memory_kib, 8192);
	CHECK_INT(c.invalid_upstream, CONFIG_INVALID_BLOCK);
	CHECK_INT(c.uninspectable, CONFIG_UNINSPECTABLE_TUNNEL);
	CHECK_INT(c.log_level, LOG_LEVEL_INFO);
	check_round_trip();
}

static const char everything[] = "package sluice\n"
				 "config sluice main\n"
				 "\tlist listen '127.0.0.1:8080'\n"
				 "\tlist listen 'br-lan:3128'\n"
				 "\tlist listen 'br-guest'\n"
				 "\tlist listen '[::1]:1'\n"
				 "\tlist listen '10.0.0.1'\n"
				 "\tlist transparent '127.0.0.1'\n"
				 "\toption transparent '1'\n"
				 "\tlist client '192.168.0.0/16'\n"
				 "\tlist client 'fd00::/8'\n"
				 "\tlist connect_port '443'\n"
				 "\tlist connect_port '8443'\n"
				 "\toption http_port '8080'\n"
				 "\toption private_upstream 'on'\n"
				 "\toption ca_bundle '/tmp/it'\\''s'\n"
				 "\toption ca_cert c.crt\n"
				 "\toption ca_key c.key\n"
				 "\toption cache leaves\n"
				 "\toption cache_kib 0\n"
				 "\toption inspect no\n"
				 "\toption invalid_upstream untrusted\n"
				 "\toption uninspectable block\n"
				 "\toption connections 500\n"
				 "\toption memory_kib 65536\n"
				 "\toption clock_stamp /var/run/ntp\n"
				 "\toption distrust d.txt\n"
				 "\toption user sluice\n"
				 "\tlist resolver 127.0.0.1\n"
				 "\tlist resolver '[::1]:5353'\n"
				 "\toption log debug\n"
				 "\toption log_query 1\n"
				 "\toption enabled 1\n"
				 "\toption jail 0\n"
				 "\tlist zone 'it'\\''s'\n"
				 "config list ads\n"
				 "\toption action block\n"
				 "\toption file '/etc/sluice/ads.txt'\n"
				 "\tlist client '192.168.1.40'\n"
				 "\tlist hours 'mon-fri 21:00-07:00'\n"
				 "\tlist hours 'sat,sun'\n"
				 "config list off\n"
				 "\toption enabled 0\n"
				 "config list\n"
				 "\toption action tunnel\n"
				 "\toption file b\n"
				 "\toption hours '12:00-24:00'\n";

static void
test_everything(void)
{
	char text[NET_ADDR_TEXT];

	CHECK_STR(read_text(everything), "");
	CHECK_INT(c.listen_count, 10);
	CHECK_STR(c.listens[1].device, "br-lan");
	CHECK_INT(c.listens[1].addr.port, 3128);
	CHECK_INT(c.listens[1].line, 4);
	CHECK_STR(c.listens[2].device, "br-guest");
	CHECK_STR(net_addr_format(text, &c.listens[3].addr, true), "[::1]:1");
	CHECK_STR(net_addr_format(text, &c.listens[4].addr, true), "10.0.0.1:3128");
	CHECK(c.listens[5].transparent);
	CHECK_INT(c.listens[5].addr.port, 3129);
	/* `option transparent '1'`: where it is not listed yet; 127.0.0.1 is */
	CHECK(c.listens[6].transparent && c.listens[8].transparent);
	CHECK_STR(c.listens[6].device, "br-lan");
	CHECK_INT(c.listens[6].addr.port, 3129);
	CHECK_INT(c.listens[6].line, 9);
	CHECK_STR(net_addr_format(text, &c.listens[8].addr, true), "[::1]:3129");
	CHECK_INT(c.client_count, 2);
	CHECK_INT(c.connect_ports[1], 8443);
	CHECK_INT(c.http_ports[0], 8080);
	CHECK(c.private_upstream && !c.inspect && c.log_query);
	CHECK_STR(c.ca_bundle, "/tmp/it's");
	CHECK_INT(c.cache_kib, 0);
	CHECK_INT(c.invalid_upstream, CONFIG_INVALID_UNTRUSTED);
	CHECK_INT(c.uninspectable, CONFIG_UNINSPECTABLE_BLOCK);
	CHECK_STR(c.resolver, "127.0.0.1:53,[::1]:5353");
	CHECK_INT(c.log_level, LOG_LEVEL_DEBUG);
	CHECK_INT(config_line(&c, "ca_bundle"), 15 + 1);
	CHECK_INT(config_line(&c, "listen"), 7);
	CHECK_INT(config_line(&c, "no-such-option"), 0);
	CHECK_STR(c.extra, "\toption enabled '1'\n\toption jail '0'\n\tlist zone 'it'\\''s'\n");
	CHECK_INT(c.lists[0].file_line, 38);
	CHECK_INT(c.list_count, 2);
	CHECK_STR(c.lists[0].name, "ads");
	CHECK_INT(c.lists[0].line, 36);
	CHECK_INT(c.lists[0].action, CONFIG_BLOCK);
	CHECK_INT(c.lists[0].client_count, 1);
	CHECK_INT(c.lists[0].clients[0].bits, 32);
	CHECK_STR(c.lists[1].name, "@list[1]");
	CHECK_INT(c.lists[1].action, CONFIG_TUNNEL);
	check_round_trip();
}

#define HOURS(text, d, f, t)                                                             \
	do {                                                                             \
		CHECK_STR(read_text("config sluice\nconfig list a\n option file f\n"     \
				    " option action block\n option hours '" text "'\n"), \
			"");                                                             \
		CHECK_INT(c.lists[0].hours[0].days, d);                                  \
		CHECK_INT(c.lists[0].hours[0].from, f);                                  \
		CHECK_INT(c.lists[0].hours[0].to, t);                                    \
	} while (0)

static void
test_hours(void)
{
	HOURS("mon-fri 21:00-07:00", 0x3e, 1260, 420);
	HOURS("fri-mon  00:00-24:00", 0x63, 0, 1440);
	HOURS("sun", 0x01, 0, 1440);
	HOURS("mon,wed-thu 01:02-03:04", 0x1a, 62, 184);
	HOURS("08:00-08:00", 0x7f, 480, 480);
}

/* A line in a section of type sluice, or after one of type list. */
#define MAIN(line)  read_text("config sluice\n" line "\n")
#define LIST(lines) read_text("config sluice\nconfig list a\n" lines "\n")

static void
test_errors(void)
{
	CHECK_STR(read_text(""), ":1: no section 'config sluice'");
	CHECK_STR(read_text("option a b"), ":1: an option before the first 'config sluice'");
	CHECK_STR(MAIN("\toption x 'y"), ":2: a ' without its closing ' in this line");
	CHECK_STR(MAIN("\toption log 'info\n\toption inspect '1'\n"),
		":2: a ' without its closing ' in this line");
	CHECK_STR(MAIN("\toption log 'info\n\toption inspect '\n"),
		":2: a ' without its closing ' in this line");
	CHECK_STR(MAIN("option user"), ":2: user: the value is missing");
	CHECK_STR(MAIN("option user ''"), ":2: user: the value is missing");
	CHECK_STR(MAIN("option distrust"), ":2: distrust: the value is missing");
	CHECK_STR(MAIN("option distrust x\noption distrust ''"), "");
	CHECK_STR(c.distrust, "");
	CHECK_STR(read_text("\xef\xbb\xbf"
			    "config sluice\n"),
		"");
	CHECK_STR(MAIN("config foo"), ":2: unknown section type 'foo', expected sluice or list");
	CHECK_STR(MAIN("config sluice b"), ":2: a second section of type sluice");
	CHECK_STR(MAIN("config list a-b"),
		":2: 'a-b': uci allows letters, digits and _ in such a name");
	CHECK_STR(MAIN("option inspekt 1"), ":2: unknown option 'inspekt'; is 'inspect' meant?");
	CHECK_STR(MAIN("option lisetn 1"), ":2: unknown option 'lisetn'; is 'listen' meant?");
	CHECK_STR(MAIN("option clients 1"), ":2: unknown option 'clients'; is 'client' meant?");
	CHECK_STR(
		MAIN("option colour 1"), ":2: unknown option 'colour' in a section of type sluice");
	CHECK_STR(MAIN("list inspect 1"), ":2: 'inspect' takes one value: write option, not list");
	CHECK_STR(MAIN("list client ''"), ":2: client: the value is missing");
	CHECK_STR(MAIN("option inspect maybe"), ":2: inspect 'maybe': expected 0 or 1");
	CHECK_STR(MAIN("option connections 0"),
		":2: connections '0': expected a number from 1 to 500");
	CHECK_STR(MAIN("option connections 0x10"),
		":2: connections '0x10': expected a number from 1 to 500");
	CHECK_STR(MAIN("option memory_kib 99999999999"),
		":2: memory_kib '99999999999': expected a number from 1024 to 1048576");
	CHECK_STR(MAIN("option invalid_upstream no"),
		":2: invalid_upstream 'no': expected block, untrusted, tunnel, allow");
	CHECK_STR(MAIN("option log loud"), ":2: log 'loud': expected error, warn, info, debug");
	CHECK_STR(MAIN("list connect_port 65536"),
		":2: connect_port '65536': expected a port from 1 to 65535");
	CHECK_STR(MAIN("list client 10.0.0.0/33"),
		":2: client '10.0.0.0/33': expected an address, 192.168.0.0/16 or "
		"192.168.1.40-192.168.1.50");
	CHECK_STR(MAIN("list resolver dns.example"),
		":2: resolver 'dns.example': expected ADDRESS or ADDRESS:PORT");
	CHECK_STR(LIST("option file f"), ":2: list 'a' has no option action");
	CHECK_STR(LIST("option action block"), ":2: list 'a' has no option file");
	CHECK_STR(LIST("option action deny"),
		":3: action 'deny': expected block, inspect, tunnel, allow");
	CHECK_STR(LIST("option file f\noption action block\nconfig list a"),
		":5: list 'a' is already in line 2");
	CHECK_STR(
		LIST("option inspect 1"), ":3: unknown option 'inspect' in a section of type list");
}

static void
test_bad_addresses(void)
{
	static const char *const bad[] = { "", ":3128", "127.0.0.1:0", "127.0.0.1:65536",
		"127.1:80", "br-lan:", "br-lan:x", "a-name-that-is-too-long:1", "[::1]", "::1:x",
		"br/lan:1" };
	static const char *const bad_hours[] = { "mon-", "mun", "mon 8:00-9:00", "25:00-26:00",
		"24:00-01:00", "00:00-24:01", "mon,", "mon fri", "07:30", "mon 07:30-08:60" };
	char text[256];
	size_t i;

	for (i = 1; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "config sluice\nlist listen '%s'\n", bad[i]);
		CHECK(strstr(read_text(text), ":2: listen '") != NULL);
	}
	for (i = 0; i < sizeof bad_hours / sizeof *bad_hours; i++) {
		snprintf(text, sizeof text, "config sluice\nconfig list a\nlist hours '%s'\n",
			bad_hours[i]);
		CHECK(strstr(read_text(text), ":3: hours '") != NULL);
	}
}

static void
test_bounds(void)
{
	char text[65536] = "config sluice\n";
	size_t len = strlen(text);
	int i;

	for (i = 0; i < CONFIG_LISTENS; i++)
		len += (size_t)snprintf(
			text + len, sizeof text - len, "list listen '1.2.3.4:%d'\n", i + 1);
	CHECK_STR(read_text(text), "");
	snprintf(text + len, sizeof text - len, "list listen '1.2.3.4'\n");
	CHECK_STR(read_text(text), ":18: more than 16 addresses to listen on");
	CHECK_STR(MAIN("list listen 'a:3129'\nlist transparent 'a'"),
		":3: listen and transparent (line 2) need ports of their own");
	CHECK_STR(MAIN("option transparent 1\nlist listen '1.2.3.4:3129'"),
		":2: listen and transparent (line 3) need ports of their own");
	CHECK_STR(MAIN("list listen 'a:1'\nlist listen 'b:1'\nlist listen 'a:1'"),
		":4: the same as in line 2");
	CHECK_STR(MAIN("list listen '127.0.0.1'\nlist listen '127.0.0.1:3128'"),
		":3: the same as in line 2");
	CHECK_STR(MAIN("list listen '127.0.0.1:8080'\nlist listen '0.0.0.0:8080'"),
		":3: on port 8080 line 2 and this one would be in each other's way: one is for all "
		"addresses");
	CHECK_STR(MAIN("list listen '[::]:8080'\nlist listen 'br-lan:8080'"),
		":3: on port 8080 line 2 and this one would be in each other's way: one is for all "
		"addresses");
	CHECK_STR(
		MAIN("list listen '0.0.0.0:1'\nlist listen '[::]:1'\nlist listen '1.2.3.4:2'"), "");
	CHECK_STR(MAIN("option transparent 1"), "");
	CHECK_INT(c.listen_count, 2);
	CHECK_STR(MAIN("option transparent 1\noption transparent no"), "");
	CHECK_INT(c.listen_count, 1);
	CHECK_STR(MAIN("option transparent br-lan:4000"), "");
	CHECK(c.listen_count == 1 && c.listens[0].transparent && c.listens[0].addr.port == 4000);
	CHECK_STR(MAIN("list transparent 1"),
		":2: transparent '1': expected ADDRESS:PORT, [IPV6]:PORT or DEVICE:PORT");

	len = strlen("config sluice\n");
	for (i = 0; i < CONFIG_LISTS; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
			"config list a%d\noption file f\noption action block\n", i);
	CHECK_STR(read_text(text), "");
	check_round_trip();
	snprintf(text + len, sizeof text - len, "config list\n");
	CHECK_STR(read_text(text), ":194: more than 64 lists");

	len = strlen("config sluice\n");
	len += (size_t)snprintf(text + len, sizeof text - len, "option cache '");
	memset(text + len, 'x', CONFIG_PATH);
	text[len + CONFIG_PATH - 1] = '\0';
	strncat(text, "'\n", 3);
	CHECK_STR(read_text(text), "");
	CHECK_INT(strlen(c.cache), CONFIG_PATH - 1);
	text[len + CONFIG_PATH - 1] = 'x';
	text[len + CONFIG_PATH] = '\'';
	text[len + CONFIG_PATH + 1] = '\0';
	CHECK_STR(read_text(text), ":2: cache: longer than 255 bytes");
}

static void
test_files(void)
{
	char want[CONFIG_ERROR], name[CONFIG_PATH + 10];

	unlink(path);
	CHECK_INT(config_read(&c, path, err), -1);
	snprintf(want, sizeof want, "%s: No such file or directory", path);
	CHECK_STR(err, want);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	CHECK_INT(config_read(&c, name, err), -1);
	write_file("");
	CHECK_INT(truncate(path, CONFIG_FILE_MAX + 1), 0);
	CHECK_INT(config_read(&c, path, err), -1);
	CHECK(strstr(err, "File too large") != NULL);
	CHECK_INT(config_read(&c, dir, err), -1);
}

static bool
allows(const char *text)
{
	struct net_addr a;

	CHECK_INT(net_addr_parse(&a, text, strlen(text)), 0);
	return config_allows_client(&c, &a);
}

static void
test_clients(void)
{
	read_text("config sluice\n");
	CHECK(allows("127.0.0.1") && allows("192.168.1.1") && allows("fe80::1"));
	CHECK(!allows("8.8.8.8") && !allows("2001:db8::1"));
	read_text("config sluice\nlist client 8.8.8.0/24\nlist client ::1\n");
	CHECK(allows("8.8.8.8") && allows("::1"));
	CHECK(!allows("127.0.0.1") && !allows("8.8.9.8"));
}

/* A span of addresses is taken as the ranges that it is made of, as long as there is room. */
static void
test_spans(void)
{
	char text[NET_ADDR_TEXT];

	CHECK_STR(MAIN("list client 192.168.1.40-.50\nlist client ::1"), "");
	CHECK_INT(c.client_count, 4);
	CHECK_STR(net_addr_format(text, &c.clients[1].base, false), "192.168.1.48");
	CHECK_INT(c.clients[0].bits, 29);
	CHECK_INT(c.clients[1].bits, 31);
	CHECK_INT(c.clients[2].bits, 32);
	CHECK(allows("192.168.1.40") && allows("192.168.1.50"));
	CHECK(!allows("192.168.1.39") && !allows("192.168.1.51"));
	check_round_trip();
	CHECK_STR(MAIN("list client 0.0.0.1-255.255.255.254"), "");
	CHECK_INT(c.client_count, 62);
	CHECK(strstr(LIST("list client 0.0.0.1-255.255.255.254"), ":3: more than 16 clients") !=
		NULL);
}

/* "file:line: option: why", also when the sentence lies where it is written to. */
static void
test_refuse(void)
{
	char want[CONFIG_ERROR];

	CHECK_STR(MAIN("option user bob"), "");
	snprintf(err, sizeof err, "is nobody");
	CHECK_INT(config_refuse(&c, "user", err, "%s", err), -1);
	snprintf(want, sizeof want, "%s:2: user: is nobody", path);
	CHECK_STR(err, want);
	config_refuse(&c, "ca_key", err, "%d", 7);
	snprintf(want, sizeof want, "%s: ca_key: 7", path);
	CHECK_STR(err, want);
	config_refuse(&c, "user", err, "%0600d", 7);
	CHECK_INT(strlen(err), CONFIG_ERROR - 1);
}

static void
test_moment(void)
{
	static const char *const bad[] = { "", "mon", "mon ", "mun 22:00", "mon 24:00", "mon 9:00",
		"22:60", "mon  22:00", "Mon 22:00", "mon 22:00 ", "22:000" };
	int day, minute;

	CHECK_INT(config_parse_moment("mon 22:05", &day, &minute), 0);
	CHECK(day == 1 && minute == 22 * 60 + 5);
	CHECK_INT(config_parse_moment("sun 00:00", &day, &minute), 0);
	CHECK(day == 0 && minute == 0);
	CHECK_INT(config_parse_moment("23:59", &day, &minute), 0);
	CHECK(day == -1 && minute == 1439);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_INT(config_parse_moment(bad[i], &day, &minute), -1);
}

/* The init script's options have a bound. */
static void
test_extra(void)
{
	char text[4096] = "";
	size_t len = 0;

	for (int i = 0; i < 60; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "list zone 'zone%d'\n", i);
	CHECK(strstr(MAIN("list zone ''"), ":2: zone: the value is missing") != NULL);
	memmove(text + 14, text, len + 1);
	memcpy(text, "config sluice\n", 14);
	CHECK(strstr(read_text(text), "zone: more than 512 bytes of the init script's options") !=
		NULL);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 2;
	snprintf(path, sizeof path, "%s/sluice.conf", dir);
	test_defaults();
	test_everything();
	test_hours();
	test_errors();
	test_bad_addresses();
	test_bounds();
	test_files();
	test_clients();
	test_spans();
	test_refuse();
	test_extra();
	test_moment();
	unlink(path);
	rmdir(dir);
	return check_done("config");
}
