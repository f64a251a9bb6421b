# The curves beside others: `make curve` is a slice of it all, for `make test`; `make curves` takes its time.
TEST_STEPS += curve
CURVE_SRC = $(CURVE_PARTS) lib/base/pool.c
CURVE_ROUNDS ?= 4000
WYCHEPROOF ?= ../shared/vectors/wycheproof.tar.xz
CURVE_LIBS_random = -lcrypto
CURVE_FLAGS_secret = -include test/curve/reveal.h

# NAME is the form for this CPU, NAME-narrow the one for 32 bits.
build/curve/%-narrow: test/curve/%.c $(CURVE_SRC) $(wildcard lib/curve/*.h lib/curve/*.inc test/curve/*.h)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -DCURVE_FORCE_32 $(CURVE_FLAGS_$*) -O2 -g -o $@ $(filter %.c,$^) -lbearssl $(CURVE_LIBS_$*)

build/curve/%: test/curve/%.c $(CURVE_SRC) $(wildcard lib/curve/*.h lib/curve/*.inc test/curve/*.h)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(CURVE_FLAGS_$*) -O2 -g -o $@ $(filter %.c,$^) -lbearssl $(CURVE_LIBS_$*)

# C++ without its library: point.inc with intervals for numbers.
build/curve/bounds-%: test/curve/bounds_nist.cc $(wildcard lib/curve/*.inc)
	@mkdir -p $(@D)
	clang -x c++ -std=c++17 -Wall -Wextra -Wno-unused-function -O1 -I. $(subst wide,-DCURVE_64,-DCURVE=$(subst -, ,$*)) -o $@ $<

CURVE_BOUNDS = $(foreach c,256 384 521,build/curve/bounds-$(c) build/curve/bounds-$(c)-wide)
CURVE_PROGRAMS = $(foreach p,vectors random secret replay,build/curve/$(p) build/curve/$(p)-narrow)

curve: $(CURVE_PROGRAMS) $(CURVE_BOUNDS)
	@CURVE_ROUNDS=$(CURVE_ROUNDS) test/curve/run $(WYCHEPROOF)

# A million operations in each form, and a thousand rounds of all of them on big-endian MIPS and on ARM.
curves: CURVE_ROUNDS = 1000000
curves: curve
	@$(MAKE) --no-print-directory -s TARGET=mips-uclibc
	@$(MAKE) --no-print-directory -s TARGET=arm-uclibc
	@test/curve/replay.sh 1000 mips-uclibc arm-uclibc

.PHONY: curve curves
