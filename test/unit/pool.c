/* pool: every block is given out once, a full pool says so, what comes back is wiped. */
#include "check.h"
#include "lib/base/pool.h"

#include <stdint.h>

int
main(void)
{
	struct pool p;
	unsigned char *a, *b, *c;

	CHECK_INT(pool_init(&p, 100, 2), 0);
	CHECK_INT(p.size % 16, 0);
	a = pool_get(&p);
	b = pool_get(&p);
	CHECK(a != NULL && b != NULL && a != b);
	CHECK((uintptr_t)a % 16 == 0 && (uintptr_t)b % 16 == 0);
	CHECK(pool_get(&p) == NULL);

	memset(a, 0xaa, 100);
	pool_put(&p, a, 50);
	c = pool_get(&p);
	CHECK(c == a);
	CHECK(c[0] == 0 && c[49] == 0 && c[50] == 0xaa);

	pool_put(&p, c, SIZE_MAX); /* more than a block is a block */
	CHECK(c[99] == 0);
	pool_put(&p, NULL, 10);
	CHECK_INT(p.free, 1);
	pool_free(&p);
	CHECK(pool_get(&p) == NULL);
	return check_done("pool");
}
