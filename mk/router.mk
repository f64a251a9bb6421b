# router.mk: `make TARGET=mips-uclibc` and its kind, their sizes and tests, and the OpenWrt package's checks.
# Included by the top Makefile; uses its SRC, OWN_CFLAGS, LIBS and UNIT_ lines.

ROUTER_TARGETS = mips-uclibc mipsel-uclibc arm-uclibc mips-musl mipsel-musl arm-musl
# The stripped binary's ceiling in bytes, where flash is 8 MB.
ROUTER_LIMIT = 294912

# --- make TARGET=... ------------------------------------------------------
ifdef TARGET
ifeq ($(filter $(TARGET),$(ROUTER_TARGETS)),)
$(error unknown TARGET '$(TARGET)'; there are: $(ROUTER_TARGETS))
endif

OUT = build/$(TARGET)
.DEFAULT_GOAL := $(OUT)/sluice
ROUTER_ARCH := $(firstword $(subst -, ,$(TARGET)))
ROUTER_PREFIX_mips = mips-linux-gnu
ROUTER_PREFIX_mipsel = mipsel-linux-gnu
ROUTER_PREFIX_arm = arm-linux-gnueabi
ROUTER_PREFIX := $(ROUTER_PREFIX_$(ROUTER_ARCH))

# What comes from the command line or the environment wins; the Makefile's own defaults are for the desk.
router_ours = $(filter default file undefined,$(origin $(1)))
ifneq ($(call router_ours,CC),)
TOOLCHAIN_CC =
CC = $(OUT)/cc
# MIPS16 halves the size of code that waits for the network anyway; what runs for every byte stays MIPS32.
ROUTER_SMALL := $(if $(filter mips mipsel,$(ROUTER_ARCH)),-mips16)
else
TOOLCHAIN_CC := $(CC)
endif
ifneq ($(call router_ours,AR),)
AR = $(ROUTER_PREFIX)-ar
endif
ifneq ($(call router_ours,STRIP),)
STRIP = $(ROUTER_PREFIX)-strip
endif
ROUTER_TUNED := $(call router_ours,CFLAGS)
ifneq ($(ROUTER_TUNED),)
CFLAGS = -Os
endif

# Arithmetic is hot: -Os costs a fifth, and scheduling before the registers are given out spills them.  MIPS16 can't multiply
# and add in one instruction, nor rotate: what is hot leaves it by itself (CURVE_HOT), and keccak as a whole, whose words of
# 64 bits MIPS16 shifts by calling for help.  -fno-tree-ter keeps masks beside their carries: 5% of x25519.  The secrets on these stacks are wiped.
# Who brings CFLAGS has chosen: ROUTER_HOT comes after ours alone.
ROUTER_CURVES = $(OUT)/lib/curve/
$(ROUTER_CURVES)keccak.o: ROUTER_SMALL =
$(ROUTER_CURVES)%.o: ROUTER_HOT = -O2 -fno-schedule-insns -fno-inline-small-functions -fno-stack-protector
$(addprefix $(ROUTER_CURVES),rsa.o x25519.o chacha.o): ROUTER_HOT = -O2 -fno-schedule-insns
$(ROUTER_CURVES)x25519.o: ROUTER_HOT += -fno-tree-ter
# what is not hot, or where a fifth less code costs 2% more time
$(addprefix $(ROUTER_CURVES),kem.o keccak.o p521.o words.o scalar.o): ROUTER_HOT = -fno-schedule-insns -fno-stack-protector

# No -D_FORTIFY_SOURCE: neither libc has the checking functions that it would call.
ROUTER_CFLAGS = $(ROUTER_SMALL) -ffunction-sections -fdata-sections -fstack-protector-strong \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -isystem $(OUT)/include
# Position independence and RELRO are the C library's matter: see toolchain.sh and relro.c.  At a fixed address
# RELRO would have nothing to do, since constants lie with the code.  The page size is what the file is padded to,
# which only RELRO needs; segments stay 64 KiB apart for kernels with larger pages.
ROUTER_LDFLAGS = -static -L$(OUT)/lib -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack \
	-Wl,-z,common-page-size=$(if $(filter %-musl,$(TARGET)),4096,16)
ROUTER_SRC = $(SRC) $(if $(TOOLCHAIN_CC),,$(if $(filter %-musl,$(TARGET)),mk/relro.c))
ROUTER_OBJ = $(ROUTER_SRC:%.c=$(OUT)/%.o)

# The compiler, the C library and the libraries: built once, kept.
$(OUT)/toolchain: mk/toolchain.sh mk/uclibc.config
	CC='$(TOOLCHAIN_CC)' AR='$(AR)' mk/toolchain.sh $(TARGET)

toolchain: $(OUT)/toolchain

$(OUT)/%.o: %.c $(OUT)/toolchain
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(ROUTER_CFLAGS) $(CFLAGS) $(if $(ROUTER_TUNED),$(ROUTER_HOT)) -MMD -MP -c -o $@ $<
-include $(ROUTER_OBJ:.o=.d)

# The unstripped program and the linker's map stay beside the stripped one, for debuggers and `make size`.
$(OUT)/sluice: $(ROUTER_OBJ)
	$(CC) $(OWN_CFLAGS) $(ROUTER_CFLAGS) $(CFLAGS) $(ROUTER_LDFLAGS) $(LDFLAGS) -Wl,-Map,$@.map \
		-o $@.full $(ROUTER_OBJ) $(LIBS)
	$(STRIP) -s -R .comment -R .note -R .pdr -o $@ $@.full

# The unit tests, as this target's programs: they link the objects of the program.
QEMU = $(addprefix qemu-,$(ROUTER_ARCH))
define router_unit_rules
$(OUT)/unit/$(1): $(OUT)/test/unit/$(1).o $$(patsubst %.c,$(OUT)/%.o,$$(UNIT_$(1)) $$(filter mk/%,$$(ROUTER_SRC)))
	@mkdir -p $$(@D)
	$$(CC) $$(OWN_CFLAGS) $$(ROUTER_CFLAGS) $$(CFLAGS) $$(ROUTER_LDFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(UNIT_LIBS_$(1))
endef
$(foreach u,$(UNITS),$(eval $(call router_unit_rules,$(u))))
-include $(UNITS:%=$(OUT)/test/unit/%.d)

# getifaddrs never ends there under qemu-user: see test/router/user.sh, `scripts`
ROUTER_CANNOT_mips-musl = listen net
unit-cross: TESTS := $(filter-out $(ROUTER_CANNOT_$(TARGET)),$(TESTS))

# A test that does not build must not hide what the others say.
unit-cross:
	@$(MAKE) --no-print-directory -s -k TARGET=$(TARGET) $(TESTS:%=$(OUT)/unit/%); \
	rc=$$?; for t in $(TESTS); do echo "== $(TARGET) $$t"; \
		timeout --foreground 300 $(QEMU) $(OUT)/unit/$$t || rc=1; done; exit $$rc

# The arithmetic's questions, as this target's program: see test/curve/answers.mk.
$(OUT)/answers: $(OUT)/test/curve/answers.o $(ANSWERS_SRC:%.c=$(OUT)/%.o) $(patsubst %.c,$(OUT)/%.o,$(filter mk/%,$(ROUTER_SRC)))
	$(CC) $(OWN_CFLAGS) $(ROUTER_CFLAGS) $(CFLAGS) $(ROUTER_LDFLAGS) $(LDFLAGS) -o $@ $^ -lbearssl
$(OUT)/test/curve/%.o: ROUTER_HOT = -O2 -fno-schedule-insns
-include $(OUT)/test/curve/answers.d

answers-cross: $(OUT)/answers
	@test/curve/cross.sh $(TARGET) $(QEMU) $<

clean-target:
	rm -rf $(OUT)

.PHONY: toolchain unit-cross answers-cross clean-target
endif

# --- make size -------------------------------------------------------------
SIZES ?= $(or $(TARGET),$(ROUTER_TARGETS))

size:
	@for t in $(SIZES); do $(MAKE) --no-print-directory -s TARGET=$$t build/$$t/sluice || exit 1; done
	@mk/size.sh $(SIZES)

.PHONY: size

# --- what `make test` has of this ------------------------------------------
# The program for big-endian MIPS: within its size, as hard as the README says, its units and a few end-to-end scripts
# under qemu-mips, which ends a program that reads an unaligned word.  Everything else of a router is in router-test.
ROUTER_SCRIPTS ?= 30-http 34-tls 36-invalid
# those that would notice a wrong byte order or an unaligned word
ROUTER_TESTS ?= body chacha der ecdsa encode forge http index kem p256 p384 pem rsa siphash target uci x25519
TEST_STEPS += router openwrt-package

router:
	@$(MAKE) --no-print-directory -s TARGET=mips-uclibc
	@mk/size.sh -c mips-uclibc $(ROUTER_LIMIT)
	@test/router/build.sh mips-uclibc
	@$(MAKE) --no-print-directory -s TARGET=mips-uclibc TESTS="$(ROUTER_TESTS)" unit-cross
	@$(MAKE) --no-print-directory -s TARGET=mips-uclibc answers-cross
	@test/router/user.sh mips-uclibc $(ROUTER_SCRIPTS)

# The package as far as it needs no machine; openwrt-check runs what was staged in that machine, too.
openwrt-package: sluice
	@test/openwrt/check.sh

openwrt-check: openwrt-package router-machine

# --- make router-test ------------------------------------------------------
# The machine, then every target under qemu-user with its units and the end-to-end scripts: about four minutes each once
# the toolchains are there; -j2 for two at a time.  An interrupt ends it with all that it started.
router-test:
	@$(MAKE) --no-print-directory -k -O router-machine $(ROUTER_TARGETS:%=router-user-%)

router-user-%:
	@$(MAKE) --no-print-directory -s TARGET=$*
	@mk/size.sh -c $* $(if $(filter mips-uclibc,$*),$(ROUTER_LIMIT))
	@test/router/build.sh $*
	@$(MAKE) --no-print-directory -s TARGET=$* unit-cross
	@$(MAKE) --no-print-directory -s TARGET=$* answers-cross
	@test/router/user.sh $*

MACHINE = build/mipsel-uclibc

router-machine:
	@$(MAKE) --no-print-directory -s TARGET=mipsel-uclibc
	@$(MAKE) --no-print-directory -s TARGET=mipsel-musl toolchain
	@test/router/build.sh mipsel-musl
	@$(MACHINE)/cc -std=c11 -D_GNU_SOURCE -Os -Wl,--gc-sections -o $(MACHINE)/origin test/router/origin.c -lbearssl
	@test/openwrt/check.sh stage
	@test/router/malta.sh $(MACHINE)/sluice $(MACHINE)/origin build/mipsel-musl/harden build/openwrt/stage

# Instructions that the handshakes' operations and whole connections take on a MIPS 24Kc, counted under qemu-user.
router-bench:
	@$(MAKE) --no-print-directory -s TARGET=mips-uclibc
	@test/router/bench.sh mips-uclibc

.PHONY: router openwrt-package openwrt-check router-test router-machine router-bench
