/*
 * check: what every unit test is written with: CHECK, counting, and input that ends at a guard page.
 *
 * A test is a program whose main calls its cases and returns check_done("name").
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned check_passed, check_failed;

#define CHECK(cond)                                                                        \
	do {                                                                               \
		if (cond) {                                                                \
			check_passed++;                                                    \
		} else {                                                                   \
			check_failed++;                                                    \
			fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #cond); \
		}                                                                          \
	} while (0)

/* Numbers, shown when they differ. */
#define CHECK_INT(got, want)                                                                    \
	do {                                                                                    \
		long long got_ = (long long)(got), want_ = (long long)(want);                   \
		if (got_ == want_) {                                                            \
			check_passed++;                                                         \
		} else {                                                                        \
			check_failed++;                                                         \
			fprintf(stderr, "%s:%d: %s: got %lld, want %lld\n", __FILE__, __LINE__, \
				#got, got_, want_);                                             \
		}                                                                               \
	} while (0)

/* Strings, shown when they differ. */
#define CHECK_STR(got, want)                                                                    \
	do {                                                                                    \
		const char *got_ = (got), *want_ = (want);                                      \
		if (strcmp(got_, want_) == 0) {                                                 \
			check_passed++;                                                         \
		} else {                                                                        \
			check_failed++;                                                         \
			fprintf(stderr, "%s:%d: %s:\n  got  \"%s\"\n  want \"%s\"\n", __FILE__, \
				__LINE__, #got, got_, want_);                                   \
		}                                                                               \
	} while (0)

/* A copy of data that ends at a PROT_NONE page: one byte read too far is a crash. Free with check_unguard. */
static inline void *
check_guard(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (len + page - 1) / page * page;
	unsigned char *map = mmap(
		NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE) != 0) {
		perror("check_guard");
		exit(2);
	}
	if (len > 0)
		memcpy(map + room - len, data, len);
	return map + room - len;
}

static inline void
check_unguard(void *guarded, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (len + page - 1) / page * page;

	munmap((unsigned char *)guarded + len - room, room + page);
}

static inline int
check_done(const char *name)
{
	printf("%s: %u passed, %u failed\n", name, check_passed, check_failed);
	return check_failed != 0;
}

#endif
