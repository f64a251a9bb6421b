# make bench-policy: what lists cost; see test/bench/policy.sh.
POLICY_SRC = policy.c policy/load.c policy/why.c lib/base/config.c lib/base/uci.c lib/rules/index.c lib/rules/list.c lib/rules/name.c lib/rules/letters.c lib/rules/path.c lib/base/siphash.c lib/rules/source.c \
	lib/net/net.c lib/base/log.c lib/net/wait.c
POLICY_MIPS_CC = mips-linux-gnu-gcc

build/bench/policy: test/bench/policy.c $(POLICY_SRC) $(wildcard lib/*/*.h *.h)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -O2 -g -o $@ $(filter %.c,$^)

build/bench/policy-mips: test/bench/policy.c $(POLICY_SRC) $(wildcard lib/*/*.h *.h)
	@mkdir -p $(@D)
	-$(POLICY_MIPS_CC) $(OWN_CFLAGS) -Os -march=24kc -static -o $@ $(filter %.c,$^)

build/bench/icount.so: ../shared/tools/icount.c
	@mkdir -p $(@D)
	$(CC) -shared -fPIC -O2 -o $@ $<

# What can't be built on this machine is not measured.
bench-policy: build/bench/policy
	-@command -v $(POLICY_MIPS_CC) >/dev/null && $(MAKE) --no-print-directory build/bench/policy-mips
	-@[ ! -f ../shared/tools/icount.c ] || $(MAKE) --no-print-directory build/bench/icount.so
	@test/bench/policy.sh

.PHONY: bench-policy
