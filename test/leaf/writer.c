/*
 * writer: a flash store that is written as hard as it can be, on a machine that loses its power (test/powercut.sh).
 *
 *     writer FILE SEED fsync|sync [BATCHES]
 *
 * Starts as the proxy would: takes what FILE holds and prints "HAVE n n n", or "WRONG n" for a record that is not
 * as it was written.  Then for ever, or for BATCHES: uses and makes records, prints "MUST n n n", those that are
 * on flash and not forgotten, and writes a batch.  Whatever the moment of the cut, the records of the last MUST
 * line that got out have to be in the next HAVE line.  Record n's content follows from n.
 *
 * "sync": calls sync(2) after a batch, which ends with fsync anyway.  Where the emulated flash is a block device,
 * the kernel's block2mtd keeps what UBIFS has written in its page cache, and only sync(2) reaches through that; no
 * router has such a cache below its flash.
 */
#include "lib/x509/store.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { CAPACITY = 32768, UNIVERSE = 250, WINDOW = 60, DATA = 1500 };

static const unsigned char secret[STORE_SECRET] = "the same on every start";
static bool synced[UNIVERSE];
static uint32_t dice;

static uint32_t
roll(uint32_t n)
{
	dice = dice * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)dice * n >> 32);
}

static size_t
fill(unsigned n, unsigned char key[STORE_KEY], unsigned char data[DATA])
{
	size_t len = 300 + n * 131 % 1200, i;

	memset(key, 0, STORE_KEY);
	key[0] = (unsigned char)n;
	for (i = 0; i < len; i++)
		data[i] = (unsigned char)(n * 31 + i * i + (i >> 8));
	return len;
}

/* 1: there and right; 0: not there; -1: there and wrong. Counts as a use. */
static int
look(struct store *s, unsigned n)
{
	unsigned char key[STORE_KEY], want[DATA];
	size_t want_len = fill(n, key, want), len;
	const unsigned char *data = store_get(s, key, &len);

	if (data == NULL)
		return 0;
	return len == want_len && memcmp(data, want, len) == 0 ? 1 : -1;
}

/* Looks at every record; of those that are not as they were written, says so. */
static void
look_at_all(struct store *s, bool is_there[UNIVERSE])
{
	unsigned n;

	for (n = 0; n < UNIVERSE; n++) {
		int got = look(s, n);

		is_there[n] = got > 0;
		if (got < 0)
			printf("WRONG %u\n", n);
	}
}

/* The line must be out of the serial port before the flash is touched again. */
static void
say(const char *what, const bool which[UNIVERSE])
{
	unsigned n;

	printf("%s", what);
	for (n = 0; n < UNIVERSE; n++)
		if (which[n])
			printf(" %u", n);
	printf(" .\n");
	fflush(stdout);
	tcdrain(1);
}

static bool
all(const void *arg, const unsigned char *data, size_t len)
{
	(void)arg;
	(void)data;
	return len > 0;
}

/* Records come into use and out of it again, so that room is made and taken all the time. */
static void
use_some(struct store *s, unsigned batch)
{
	unsigned char key[STORE_KEY], data[DATA];
	unsigned i, n;

	for (i = 0; i < 12; i++) {
		n = (batch * 2 + roll(WINDOW)) % UNIVERSE;
		if (look(s, n) == 0) {
			store_put(s, key, data, fill(n, key, data));
			look(s, n);
		}
	}
}

int
main(int argc, char **argv)
{
	static const struct store_limits limits = { 0, UINT64_MAX / 2 };
	struct store *s = store_new(CAPACITY, secret, &limits);
	char err[STORE_ERROR];
	bool now[UNIVERSE];
	unsigned batch, n;
	unsigned long count = argc > 4 ? strtoul(argv[4], NULL, 10) : 1ul << 31;
	const char *text;

	if (argc < 4 || s == NULL)
		return 2;
	dice = (uint32_t)strtoul(argv[2], NULL, 10);
	if (store_attach(s, argv[1], all, NULL, err) != 0) {
		printf("FAILED %s\n", err);
		return 1;
	}
	look_at_all(s, synced);
	say("HAVE", synced);
	for (batch = dice % UNIVERSE; count-- > 0; batch++) {
		use_some(s, batch);
		look_at_all(s, now);
		for (n = 0; n < UNIVERSE; n++) /* what was forgotten may be overwritten */
			synced[n] = synced[n] && now[n];
		say("MUST", synced);
		store_flush(s);
		if ((text = store_complaint(s)) != NULL) {
			printf("FAILED %s\n", text);
			return 1;
		}
		if (strcmp(argv[3], "sync") == 0)
			sync();
		look_at_all(s, synced); /* all were used twice, so all are on flash */
	}
	store_close(s);
	return 0;
}
