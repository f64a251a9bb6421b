# sluice: make help tells the targets.
-include config.mk

# --- set-up ----------------------------------------------------------------
# The parts of `make test` set up as the whole does: a new machine has not even a compiler.  What can't be installed is
# said there, and the part fails where it misses it.
ifeq ($(MAKELEVEL),0)
ifneq ($(filter unit e2e e2e-san fuzz lint x509,$(MAKECMDGOALS)),)
IS_SET_UP := $(shell test/setup test >&2 && echo yes)
endif
endif

# --- what is built ---------------------------------------------------------
VERSION = 0.1.0

CC ?= cc
CFLAGS ?= -O2 -g
OWN_CFLAGS = -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion \
	-Wstrict-prototypes -Wpointer-arith -Wformat=2 -fno-common -I. \
	-DSLUICE_VERSION='"$(VERSION)"'
LIBS = -lbearssl -lcares

BUILD = build/desk
SRC = proxy.c command.c start.c cert.c policy.c $(sort $(wildcard conn/*.c policy/*.c lib/*/*.c))
OBJ = $(SRC:%.c=$(BUILD)/%.o)

sluice: $(OBJ)
	$(CC) $(OWN_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJ) $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

all: sluice

# The same with AddressSanitizer and UndefinedBehaviorSanitizer, for the tests.
SAN = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# A preloaded clock (faketime) comes before the sanitizer's library; they get on.
export ASAN_OPTIONS ?= verify_asan_link_order=0
SAN_OBJ = $(SRC:%.c=build/san/%.o)

sluice-san: build/san/sluice

build/san/sluice: $(SAN_OBJ)
	$(CC) $(OWN_CFLAGS) -O1 -g $(SAN) -o $@ $(SAN_OBJ) $(LIBS)

build/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -O1 -g $(SAN) -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d) $(SAN_OBJ:.o=.d)

# --- unit tests: each built plain and with sanitizers ----------------------
-include test/unit/units.mk
UNITS := $(patsubst UNIT_%,%,$(filter-out UNIT_LIBS_%,$(filter UNIT_%,$(.VARIABLES))))
TESTS ?= $(sort $(UNITS))

# They link the objects of the program, plain ones and sanitized ones, so that each file is compiled once.
define unit_rules
build/unit/$(1): build/unit/obj/$(1).o $$(patsubst %.c,$(BUILD)/%.o,$$(UNIT_$(1)))
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(UNIT_LIBS_$(1))
build/unit-san/$(1): build/unit-san/obj/$(1).o $$(patsubst %.c,build/san/%.o,$$(UNIT_$(1)))
	$$(CC) $$(SAN) -o $$@ $$^ $$(UNIT_LIBS_$(1))
endef
$(foreach u,$(UNITS),$(eval $(call unit_rules,$(u))))

build/unit/obj/%.o: test/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -O1 -g -MMD -MP -c -o $@ $<
build/unit-san/obj/%.o: test/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -O1 -g $(SAN) -MMD -MP -c -o $@ $<
-include $(UNITS:%=build/unit/obj/%.d) $(UNITS:%=build/unit-san/obj/%.d)

unit: $(TESTS:%=build/unit/%) $(TESTS:%=build/unit-san/%)
	@test/unit/run $^

# --- fuzz targets: FUZZ_name = sources in test/fuzz/fuzz.mk ----------------
-include test/fuzz/fuzz.mk
FUZZES := $(patsubst FUZZ_%,%,$(filter-out FUZZ_LIBS_% FUZZ_SECS,$(filter FUZZ_%,$(.VARIABLES))))
FUZZ ?= $(sort $(FUZZES))
FUZZ_SECS ?= 60

FUZZ_CC = clang $(OWN_CFLAGS) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

define fuzz_rules
build/fuzz/$(1): $$(patsubst %.c,build/fuzz/obj/%.o,test/fuzz/$(1).c $$(FUZZ_$(1)))
	$$(FUZZ_CC) -o $$@ $$^ $$(FUZZ_LIBS_$(1))
endef
$(foreach f,$(FUZZES),$(eval $(call fuzz_rules,$(f))))

build/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) -MMD -MP -c -o $@ $<
-include $(wildcard build/fuzz/obj/*/*/*.d build/fuzz/obj/*.d)

fuzz: $(FUZZ:%=build/fuzz/%)
	@FUZZ_SECS=$(FUZZ_SECS) test/fuzz/run $(FUZZ)

# --- the program as a whole ------------------------------------------------
SCRIPTS ?=

e2e: sluice
	@test/run e2e $(SCRIPTS)

e2e-san: sluice-san
	@test/run e2e-san $(SCRIPTS)

# Others add their own steps: `TEST_STEPS += name` in test/*/*.mk, where `name` is a make target whose
# output holds "name: N passed, N failed" lines.
TEST_STEPS = unit e2e e2e-san fuzz lint
-include $(filter-out test/unit/units.mk test/fuzz/fuzz.mk,$(sort $(wildcard test/*/*.mk)))
-include mk/router.mk

test:
	@TEST_STEPS="$(TEST_STEPS)" test/run all

lint:
	@OWN_CFLAGS="$(filter-out -D%,$(OWN_CFLAGS)) -D_GNU_SOURCE" test/lint

soak: sluice
	@test/e2e/soak.sh

bench: sluice
	@if [ -x ../shared/bench/run.sh ]; then test/bench/run; \
	else echo "bench: ../shared/bench is not here"; exit 1; fi

run:
	@test/setup run
	@$(MAKE) --no-print-directory sluice
	@test/serve

setup:
	@test/setup test

help:
	@echo 'make                    build ./sluice'
	@echo 'make run                install what is missing, build, make a CA, serve on 127.0.0.1:3128'
	@echo 'make test               everything: setup, builds, unit, end to end (also sanitized), fuzz, lint'
	@echo 'make unit               unit tests, plain and sanitized; TESTS="pool http" for some'
	@echo 'make e2e                end-to-end tests of ./sluice; SCRIPTS="curl framing" for some'
	@echo 'make e2e-san            the same of build/san/sluice (ASan + UBSan)'
	@echo 'make fuzz               libFuzzer targets; FUZZ="hello" for some, FUZZ_SECS=60 each'
	@echo 'make lint               style, warnings of two compilers, layers, unsafe calls, shell scripts'
	@echo 'make soak               mixed load for SOAK_SECS=600, memory watched'
	@echo 'make bench              CPU and memory a connection, against other proxies'
	@echo 'make x509               the chain check: known chains, openssl and certtool beside it, real roots'
	@echo 'make interop            real programs through the proxy, and the table in README (installs them; some minutes)'
	@echo 'make answers            X25519, RSA, ML-KEM, ChaCha20: known answers, in both forms'
	@echo 'make secrets            valgrind looks for branches and indices on secrets in them'
	@echo 'make answers-long       X25519, RSA, ML-KEM, ChaCha20: a million questions that OpenSSL answered, in both forms'
	@echo 'make curve              the NIST curves: bounds, secrets, known answers, beside OpenSSL'
	@echo 'make curves             the curves: a million operations beside OpenSSL, in both forms and on MIPS and ARM'
	@echo 'make peers              the TLS engine beside openssl and gnutls, as client and as server'
	@echo 'make peers-more         ... beside Go, Node, Java and NSS, where they are installed'
	@echo 'make bogo               the TLS engine under BoringSSL'"'"'s runner; BOGO="Resume*" for some'
	@echo 'make leaf               forged leaves, judged by the TLS libraries that are here'
	@echo 'make names              names beyond ASCII, compared with a browser'"'"'s URL parser (node)'
	@echo 'make bench-policy       bytes a domain, loads and look-ups a second, beside dnsmasq'
	@echo 'make bench-fair         one client'"'"'s requests beside a greedy one'
	@echo 'make bench-wear         flash writes of a day of browsing'
	@echo 'make powercut           20 power cuts each on JFFS2 and UBIFS, in the 64 MB MIPS machine'
	@echo 'make router-test        all targets under qemu-user, and that machine (-j2); make router: the short slice'
	@echo 'make router-bench       instructions of operations and of whole connections on a MIPS 24Kc'
	@echo 'make openwrt-check      the package: staged, linted, its init script in eight configurations, run in that machine'
	@echo 'make size               what the router binaries are made of'
	@echo 'make setup              install what the tests need'
	@echo 'make TARGET=mips-uclibc a router binary in build/mips-uclibc/; any other TARGET says which there are'
	@echo 'make clean              remove what make made, except router toolchains'

clean:
	rm -rf sluice build/desk build/san build/unit build/unit-san build/fuzz build/e2e build/test build/leaf build/x509 build/bench build/afl build/curve build/nist

.PHONY: all sluice-san unit fuzz e2e e2e-san test lint soak bench run setup help clean
