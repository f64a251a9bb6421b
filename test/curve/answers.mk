# x25519, RSA, ML-KEM, SHA-3, ChaCha20-Poly1305: questions with known answers in both word forms, and constant time.
#   make answers          Wycheproof's files and a bounded draw against OpenSSL: both forms, plain and sanitized
#   make answers-long     a million questions a form, an hour; ANSWERS_LONG="x25519 20000 rsa 1000" for fewer
#   make TARGET=... answers-cross    the bounded draw, by a program of that target under qemu-user (mk/router.mk)
#   make secrets          no branch and no index on secrets, by valgrind, in both forms
TEST_STEPS += answers secrets
ANSWERS_SRC = test/curve/poly.c lib/curve/x25519.c lib/curve/keccak.c lib/curve/kem.c lib/base/pool.c
ANSWERS_DEPS = $(ANSWERS_SRC) $(wildcard lib/curve/*.[ch] test/curve/*.h)
WYCHEPROOF = ../shared/vectors/wycheproof.tar.xz
WYCHEPROOF_KINDS = x25519 rsa kem chacha
# OpenSSL's draw: some seconds, most of them the sanitized programs'.
ANSWERS ?= x25519 600 rsa 60 keccak 300 chacha 500 poly1305 500
ANSWERS_LONG ?= x25519 1000000 rsa 100000 keccak 1000000 chacha 1000000 poly1305 1000000
ifeq ($(origin ANSWERS_SEED),undefined)
ANSWERS_SEED := $(shell date +%s)
endif

FORM_32 = -DCURVE_FORCE_32
build/curve/answers-%: test/curve/answers.c $(ANSWERS_DEPS)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(FORM_$*) -O2 -g -o $@ $< $(ANSWERS_SRC) -lbearssl
build/curve/answers-san-%: test/curve/answers.c $(ANSWERS_DEPS)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(FORM_$*) -O1 -g $(SAN) -o $@ $< $(ANSWERS_SRC) -lbearssl
build/curve/secrets-%: test/curve/secrets.c $(ANSWERS_DEPS)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(FORM_$*) $(CFLAGS) -g -include valgrind/memcheck.h \
		'-DCURVE_NOT_SECRET(data,len)=(void)VALGRIND_MAKE_MEM_DEFINED(data,len)' \
		-o $@ $< lib/curve/chacha.c $(filter lib/%,$(ANSWERS_SRC))
build/curve/openssl: test/curve/openssl.c
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -O2 -g -o $@ $< -lcrypto

# Bounds of limbs, by a program that runs the field's own text over intervals.
build/curve/bounds25519-%: test/curve/bounds25519.cc lib/curve/field25519.h
	@mkdir -p $(@D)
	clang++ -std=c++14 -Wall -I. $(FORM_$*) -O1 -o $@ $<

ANSWERS_PROGRAMS = answers-32 answers-64 answers-san-32 answers-san-64
# What is asked: a line each, see answers.c.
questions: build/curve/openssl
	@[ ! -f $(WYCHEPROOF) ] || test/curve/wycheproof.py $(WYCHEPROOF) $(WYCHEPROOF_KINDS)
	@build/curve/openssl $(ANSWERS_SEED) $(ANSWERS)

answers: $(ANSWERS_PROGRAMS:%=build/curve/%) build/curve/bounds25519-32 build/curve/bounds25519-64
	@[ -f $(WYCHEPROOF) ] || echo "skip - answers: no $(WYCHEPROOF)"
	@echo "answers: seed $(ANSWERS_SEED)"
	@$(MAKE) --no-print-directory -s ANSWERS_SEED=$(ANSWERS_SEED) questions >build/curve/questions
	@rc=0; build/curve/bounds25519-32 || rc=1; build/curve/bounds25519-64 || rc=1; \
	for p in $(ANSWERS_PROGRAMS); do build/curve/$$p $$p <build/curve/questions || rc=1; done; \
	exit $$rc

answers-long: build/curve/answers-32 build/curve/answers-64 build/curve/openssl
	@echo "answers-long: seed $(ANSWERS_SEED)"; rc=0; for bits in 32 64; do \
		build/curve/openssl $(ANSWERS_SEED) $(ANSWERS_LONG) | build/curve/answers-$$bits answers-long-$$bits || rc=1; \
	done; exit $$rc

# The control has to be reported: exit 9, by memcheck.
SECRETS = x25519 chacha kem-keygen kem-encaps kem-decaps
secrets: build/curve/secrets-32 build/curve/secrets-64
	@passed=0 failed=0; for bits in 32 64; do for o in leak $(SECRETS); do \
		want=0; [ $$o != leak ] || want=9; \
		valgrind -q --error-exitcode=9 build/curve/secrets-$$bits $$o >build/curve/secrets.log 2>&1; \
		if [ $$? -eq $$want ]; then passed=$$((passed + 1)); \
		else failed=$$((failed + 1)); echo "not ok - secrets $$o, $$bits bits"; head -n 20 build/curve/secrets.log; fi; \
	done; done; echo "secrets: $$passed passed, $$failed failed"; [ $$failed -eq 0 ]

.PHONY: questions answers answers-long secrets
