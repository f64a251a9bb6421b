/* config: any file; one that is taken prints as a file that is taken and prints the same. */
#include "lib/base/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TEXT = 1 << 18 };

static void
want(bool cond)
{
	if (!cond)
		abort();
}

static void
fill(int fd, const void *data, size_t len)
{
	want(ftruncate(fd, 0) == 0 && pwrite(fd, data, len, 0) == (ssize_t)len);
}

/* What config_print prints goes to descriptor 1. */
static size_t
print(const struct config *c, int fd, char *out)
{
	int saved = dup(1);
	ssize_t n;

	want(saved >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	fflush(stdout);
	dup2(fd, 1);
	config_print(c);
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	n = pread(fd, out, TEXT, 0);
	want(n > 0 && n < TEXT);
	return (size_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct config c, again;
	static char one[TEXT], two[TEXT], path[64], err[CONFIG_ERROR];
	static int in = -1, out = -1;
	size_t n;

	if (in < 0) {
		in = memfd_create("in", 0);
		out = memfd_create("out", 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", in);
	}
	fill(in, data, len);
	if (config_read(&c, path, err) != 0) {
		want(strncmp(err, path, strlen(path)) == 0 && strlen(err) < CONFIG_ERROR);
		return 0;
	}
	want(c.listen_count > 0 && c.connect_port_count > 0 && c.memory_kib >= 1024);
	for (size_t i = 0; i < c.list_count; i++)
		want(c.lists[i].file[0] != '\0' && c.lists[i].action <= CONFIG_ALLOW);
	n = print(&c, out, one);
	fill(in, one, n);
	want(config_read(&again, path, err) == 0);
	want(print(&again, out, two) == n && memcmp(one, two, n) == 0);
	return 0;
}
