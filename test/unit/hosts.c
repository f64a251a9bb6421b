/* hosts: lines of every shape, both families, changes, a file of megabytes, and what is not read for a name that
 * is not there. */
#include "check.h"
#include "lib/net/hosts.h"

#include <fcntl.h>
#include <sys/stat.h>

static char path[] = "/tmp/sluice-hosts-XXXXXX";
static struct hosts h;
static int64_t now;

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0)
		exit(2);
}

/* The addresses of a name with commas between. */
static const char *
find(const char *name)
{
	static char out[1024];
	struct net_addr found[16];
	char text[NET_ADDR_TEXT];
	size_t n = hosts_find(&h, name, now, found, 16), len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, sizeof out - len, "%s%s", i > 0 ? "," : "",
			net_addr_format(text, &found[i], false));
	return out;
}

static void
test_lines(void)
{
	write_file("# 192.0.2.9 comment\n"
		   "192.0.2.1 one.test  ONE-too.test\talias. # not.me\n"
		   "2001:db8::1\tone.test\r\n"
		   "192.0.2.2 one.test\n"
		   "0.0.0.0 ads.test\n"
		   "not-an-address bad.test\n"
		   "\n"
		   "10.0.0.1 localhost sub.localhost\n"
		   "192.0.2.3 last.test");
	hosts_init(&h, path);
	CHECK_STR(find("one.test"), "2001:db8::1,192.0.2.1,192.0.2.2");
	CHECK_STR(find("one-too.test"), "192.0.2.1");
	CHECK_STR(find("alias"), "192.0.2.1");
	CHECK_STR(find("ads.test"), "0.0.0.0");
	CHECK_STR(find("last.test"), "192.0.2.3");
	CHECK_STR(find("not.me"), "");
	CHECK_STR(find("comment"), "");
	CHECK_STR(find("bad.test"), "");
	CHECK_STR(find("192.0.2.1"), "");
	CHECK_STR(find("test"), "");
	CHECK_STR(find("localhost"), "::1,127.0.0.1");
	CHECK_STR(find("a.localhost"), "::1,127.0.0.1");
	CHECK_STR(find("notlocalhost"), "");
	hosts_free(&h);
}

/* A change is seen when the time is over, and not before; so is the file's end. */
static void
test_changes(void)
{
	write_file("192.0.2.1 a.test\n");
	hosts_init(&h, path);
	CHECK_STR(find("a.test"), "192.0.2.1");
	write_file("192.0.2.22 b.test\n");
	CHECK_STR(find("b.test"), "");
	now += HOSTS_CHECK_MS;
	CHECK_STR(find("b.test"), "192.0.2.22");
	CHECK_STR(find("a.test"), "");
	unlink(path);
	now += HOSTS_CHECK_MS;
	CHECK_STR(find("b.test"), "");
	CHECK_STR(find("localhost"), "::1,127.0.0.1");
	mkdir(path, 0700);
	now += HOSTS_CHECK_MS;
	CHECK_STR(find("b.test"), "");
	rmdir(path);
	hosts_free(&h);
}

static void
test_many_addresses(void)
{
	char text[4096];
	size_t len = 0;

	for (int i = 1; i <= 20; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
			"192.0.2.%d m.test\n2001:db8::%d m.test\n", i, i);
	write_file(text);
	hosts_init(&h, path);
	find("m.test");
	CHECK_INT(hosts_find(&h, "m.test", now, (struct net_addr[16]){ { 0 } }, 16), 16);
	hosts_free(&h);
}

/* A line past the bound: its beginning counts, its rest is no line of its own; the next one is whole. */
static void
test_long_line(void)
{
	char text[3 * HOSTS_LINE + 64];
	size_t len = (size_t)snprintf(text, sizeof text, "192.0.2.1 first.test");

	while (len < 3 * HOSTS_LINE)
		len += (size_t)snprintf(text + len, sizeof text - len, " 192.0.2.7 x%zu.test", len);
	snprintf(text + len, sizeof text - len, "\n192.0.2.2 next.test\n");
	write_file(text);
	hosts_init(&h, path);
	CHECK_STR(find("first.test"), "192.0.2.1");
	CHECK_STR(find("next.test"), "192.0.2.2");
	CHECK_STR(find("x2980.test"), "");
	hosts_free(&h);
}

/* A blocklist: what is not in it is hardly ever read for, and it takes a quarter of its size at most. */
static void
test_large(void)
{
	FILE *f = fopen(path, "w");
	char name[64];
	unsigned maybe = 0;

	for (int i = 0; f != NULL && i < 100000; i++)
		fprintf(f, "0.0.0.0 host%d.ads.example\n", i);
	if (f == NULL || fclose(f) != 0)
		exit(2);
	hosts_init(&h, path);
	CHECK_STR(find("host0.ads.example"), "0.0.0.0");
	CHECK_STR(find("host99999.ads.example"), "0.0.0.0");
	CHECK((h.mask + 1) / 8 <= (size_t)h.size / 4);
	/* As hosts.c hashes: how often would the file be read for a name that is not in it? */
	for (int i = 0; i < 10000; i++) {
		uint32_t word = 2166136261u;

		snprintf(name, sizeof name, "www%d.other.example", i);
		for (const char *p = name; *p != '\0'; p++)
			word = (word ^ (uint8_t)*p) * 16777619u;
		word = (word ^ word >> 15) & h.mask;
		maybe += h.bits[word / 8] >> word % 8 & 1;
		CHECK(i % 500 != 0 || *find(name) == '\0');
	}
	CHECK(maybe < 1000);
	hosts_free(&h);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 2;
	close(fd);
	test_lines();
	test_changes();
	test_many_addresses();
	test_long_line();
	test_large();
	unlink(path);
	return check_done("hosts");
}
