# The NIST curves beside others: `make curve` is a slice of it all, for `make test`; `make curves` takes its time.
TEST_STEPS += curve
NIST = build/nist
NIST_SRC = $(CURVE_PARTS) lib/base/pool.c
CURVE_ROUNDS ?= 4000
CURVE_LIBS_random = -lcrypto

# The curves in the form for 32 bits, and in both with what they reveal told to valgrind.
NIST_FLAGS_narrow = -DCURVE_FORCE_32
NIST_FLAGS_secret = -include test/curve/reveal.h
NIST_FLAGS_secret-narrow = $(NIST_FLAGS_narrow) $(NIST_FLAGS_secret)
define nist_rules
$(NIST)/obj/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(CC) $$(OWN_CFLAGS) $$(NIST_FLAGS_$(1)) -O2 -g -MMD -MP -c -o $$@ $$<
-include $(NIST_SRC:%.c=$(NIST)/obj/$(1)/%.d)
endef
$(foreach f,narrow secret secret-narrow,$(eval $(call nist_rules,$(f))))

NIST_LINK = $(CC) $(OWN_CFLAGS) -O2 -g -o $@ $^ -lbearssl $(CURVE_LIBS_$*)
$(NIST)/secret: test/curve/secret.c $(NIST_SRC:%.c=$(NIST)/obj/secret/%.o)
	$(NIST_LINK)
$(NIST)/secret-narrow: test/curve/secret.c $(NIST_SRC:%.c=$(NIST)/obj/secret-narrow/%.o)
	$(NIST_LINK)
$(NIST)/%-narrow: test/curve/%.c $(NIST_SRC:%.c=$(NIST)/obj/narrow/%.o)
	$(NIST_LINK)
$(NIST)/%: test/curve/%.c $(NIST_SRC:%.c=$(BUILD)/%.o)
	@mkdir -p $(@D)
	$(NIST_LINK)

# C++ without its library: the fields and point.inc with intervals for numbers.
$(NIST)/bounds-%: test/curve/bounds_nist.cc $(wildcard lib/curve/*.inc)
	@mkdir -p $(@D)
	clang -x c++ -std=c++17 -Wall -Wextra -Wno-unused-function -O1 -I. $(subst wide,-DCURVE_64,-DCURVE=$(subst -, ,$*)) -o $@ $<

NIST_PROGRAMS = $(foreach p,vectors random secret replay,$(NIST)/$(p) $(NIST)/$(p)-narrow) \
	$(foreach c,256 384 521,$(NIST)/bounds-$(c) $(NIST)/bounds-$(c)-wide)

curve: $(NIST_PROGRAMS)
	@CURVE_ROUNDS=$(CURVE_ROUNDS) test/curve/run $(WYCHEPROOF)

# A million operations in each form, and a thousand rounds of all of them on big-endian MIPS and on ARM.
curves: CURVE_ROUNDS = 1000000
curves: curve
	@$(MAKE) --no-print-directory -s TARGET=mips-uclibc
	@$(MAKE) --no-print-directory -s TARGET=arm-uclibc
	@test/curve/replay.sh 1000 mips-uclibc arm-uclibc

.PHONY: curve curves
