# x25519, RSA, ML-KEM, SHA-3: questions with known answers in both word forms, and constant time.
#   make answers          Wycheproof's files and a bounded draw against OpenSSL: both forms, plain and sanitized
#   make answers-long     a million questions a form, an hour; ANSWERS_LONG="x25519 20000 rsa 1000" for fewer
#   make TARGET=... answers-cross    the bounded draw, by a program of that target under qemu-user (mk/router.mk)
#   make secrets          no branch and no index on secrets, by valgrind, in both forms
TEST_STEPS += answers secrets
ANSWERS_SRC = lib/curve/x25519.c lib/curve/keccak.c lib/curve/kem.c lib/base/pool.c
ANSWERS_DEPS = $(ANSWERS_SRC) $(wildcard lib/curve/*.[ch] test/curve/*.h)
WYCHEPROOF = ../shared/vectors/wycheproof.tar.xz
WYCHEPROOF_KINDS = x25519 rsa kem
# OpenSSL's draw: some seconds, most of them the sanitized programs'.
ANSWERS ?= x25519 600 rsa 60 keccak 300
ANSWERS_LONG ?= x25519 1000000 rsa 100000 keccak 1000000
ANSWERS_SEED ?= $(shell date +%s)

FORM_32 = -DCURVE_FORCE_32
build/curve/answers-%: test/curve/answers.c $(ANSWERS_DEPS)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(FORM_$*) -O2 -g -o $@ $< $(ANSWERS_SRC) -lbearssl
build/curve/answers-san-%: test/curve/answers.c $(ANSWERS_DEPS)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(FORM_$*) -O1 -g $(SAN) -o $@ $< $(ANSWERS_SRC) -lbearssl
build/curve/secrets-%: test/curve/secrets.c $(ANSWERS_DEPS)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(FORM_$*) $(CFLAGS) -g -o $@ $< $(filter-out lib/curve/kem.c,$(ANSWERS_SRC)) -lbearssl
build/curve/openssl: test/curve/openssl.c
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -O2 -g -o $@ $< -lcrypto

# Bounds of limbs, by a program that runs the field's own text over intervals.
build/curve/bounds-%: test/curve/bounds.cc lib/curve/field25519.h
	@mkdir -p $(@D)
	clang++ -std=c++14 -Wall -I. $(FORM_$*) -O1 -o $@ $<

ANSWERS_PROGRAMS = answers-32 answers-64 answers-san-32 answers-san-64
answers: $(ANSWERS_PROGRAMS:%=build/curve/%) build/curve/bounds-32 build/curve/bounds-64 build/curve/openssl
	@rc=0; rm -f build/curve/wycheproof; \
	build/curve/bounds-32 || rc=1; build/curve/bounds-64 || rc=1; \
	if [ -f $(WYCHEPROOF) ]; then \
		test/curve/wycheproof.py $(WYCHEPROOF) $(WYCHEPROOF_KINDS) >build/curve/wycheproof || rc=1; \
		for p in $(ANSWERS_PROGRAMS); do build/curve/$$p wycheproof-$$p <build/curve/wycheproof || rc=1; done; \
	else echo "skip - wycheproof: no $(WYCHEPROOF)"; fi; \
	echo "answers: seed $(ANSWERS_SEED)"; \
	build/curve/openssl $(ANSWERS_SEED) $(ANSWERS) >build/curve/drawn || rc=1; \
	for p in $(ANSWERS_PROGRAMS); do build/curve/$$p $$p <build/curve/drawn || rc=1; done; \
	exit $$rc

answers-long: build/curve/answers-32 build/curve/answers-64 build/curve/openssl
	@echo "answers-long: seed $(ANSWERS_SEED)"; rc=0; for bits in 32 64; do \
		build/curve/openssl $(ANSWERS_SEED) $(ANSWERS_LONG) | build/curve/answers-$$bits answers-long-$$bits || rc=1; \
	done; exit $$rc

# The control has to be reported: exit 9, by memcheck.
SECRETS = x25519 kem-keygen kem-encaps kem-decaps
secrets: build/curve/secrets-32 build/curve/secrets-64
	@passed=0 failed=0; for bits in 32 64; do for o in leak $(SECRETS); do \
		want=0; [ $$o != leak ] || want=9; \
		valgrind -q --error-exitcode=9 build/curve/secrets-$$bits $$o >build/curve/secrets.log 2>&1; \
		if [ $$? -eq $$want ]; then passed=$$((passed + 1)); \
		else failed=$$((failed + 1)); echo "not ok - secrets $$o, $$bits bits"; head -n 20 build/curve/secrets.log; fi; \
	done; done; echo "secrets: $$passed passed, $$failed failed"; [ $$failed -eq 0 ]

.PHONY: answers answers-long secrets
