/*
 * seed: random bytes from the kernel, and only once its generator is ready.
 *
 * Owns nothing.  BearSSL's own seeder trusts RDRAND, which is stuck at all ones on some processors, and is
 * not used.  At a router's first boot the kernel may take a while to gather entropy; a key made before that
 * is a key that others can guess (CVE-2012-4687 and many like it).
 */
#ifndef SEED_H
#define SEED_H

#include <stddef.h>

/* Fills out[len]; waits until the kernel's generator is ready, which after boot it stays.  Returns 0, or -1
 * with errno: then out is wiped. */
int seed_read(void *out, size_t len);

#endif
