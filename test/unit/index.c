/* index: sorted in steps whatever the input, every key found at its first place, marks dropped. */
#include "check.h"
#include "lib/rules/index.h"

static uint32_t
draw(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) * 2 + (uint32_t)(state >> 63);
}

static struct index_sort *
sort(struct index *x)
{
	struct index_sort *s = index_sort_new(x);
	unsigned steps = 0, disorder = 0;

	while (index_sort_step(s) == 0)
		steps++;
	CHECK(steps <= 10 + x->count / 100);
	for (size_t i = 1; i < x->count; i++)
		disorder += x->entries[i - 1] > x->entries[i];
	CHECK_INT(disorder, 0);
	return s;
}

/* The obvious way. */
static size_t
find_slowly(const struct index *x, uint32_t hash, uint32_t place)
{
	uint64_t key = (uint64_t)hash << 32 | place;
	size_t i = 0;

	while (i < x->count && x->entries[i] < key)
		i++;
	return i;
}

/* `spread`: bits that hashes may use; few make long runs and a distribution that guesses go wrong on. */
static void
test_random(size_t count, uint32_t spread)
{
	struct index x = { 0 };
	struct index_sort *s;
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++)
		CHECK_INT(index_add(&x, draw() & spread, draw() % 1000), 0);
	s = sort(&x);
	for (int i = 0; i < 300; i++) {
		uint32_t hash = draw() & (i % 2 ? spread : UINT32_MAX), place = draw() % 1000;

		if (count > 0 && i % 3 == 0) {
			size_t at = draw() % count;

			hash = index_hash(&x, at);
			place = i % 2 ? 0 : index_place(&x, at);
		}
		wrong += index_find(&x, hash, place) != find_slowly(&x, hash, place);
	}
	wrong += index_find(&x, 0, 0) != 0;
	wrong += index_find(&x, UINT32_MAX, UINT32_MAX) != find_slowly(&x, UINT32_MAX, UINT32_MAX);
	CHECK_INT(wrong, 0);
	index_sort_free(s);
	index_free(&x);
}

static void
test_marks(void)
{
	struct index x = { 0 };
	struct index_sort *s;

	for (uint32_t i = 0; i < 1000; i++)
		index_add(&x, 1000 - i, i);
	index_add(&x, 7, 993); /* the same once more */
	s = sort(&x);
	CHECK_INT(x.count, 1001);
	for (uint32_t hash = 2; hash <= 1000; hash += 2)
		index_mark(s, index_find(&x, hash, 0));
	index_drop_marked(s);
	index_sort_free(s);
	CHECK_INT(x.count, 500);
	CHECK_INT(x.room, 500);
	CHECK_INT(index_hash(&x, index_find(&x, 7, 0)), 7);
	CHECK_INT(index_place(&x, index_find(&x, 7, 0)), 993);
	CHECK_INT(index_hash(&x, index_find(&x, 8, 0)), 9);
	index_free(&x);
}

int
main(void)
{
	static const uint32_t spreads[] = { UINT32_MAX, 0xff, 0xff000000, 0, 0x00ffff00 };
	static const size_t counts[] = { 0, 1, 2, 3, 100, 5000, 30000 };

	for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++)
		for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
			test_random(counts[k], spreads[i]);
	test_marks();
	return check_done("index");
}
