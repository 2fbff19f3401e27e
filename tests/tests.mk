# SPDX-License-Identifier: GPL-2.0
# The tests: what they are built from, and the targets that run them.

KERNEL ?= 6.12
KERNELS ?= 6.1 6.12 7
LLVM_OBJCOPY ?= llvm-objcopy
CHECK_CFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-DPROCESS_LOCKS='"$(O)/san/repair.lock"'

UNIT_TESTS := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*_test.c))
# the command line without main(), with sanitizers
SAN_OBJECTS := $(patsubst %.c,$(O)/san/%.o,$(filter-out cli/main.c,$(CLI_SOURCES)))
GUEST_PROGRAMS := $(addprefix $(O)/guest/,vfio_read stress buffers trace json_get ring_position \
	fill_rules hostile late_ring stop_self asleep without corners cdev kill_at)
GUEST_PROGRAMS += $(addprefix $(O)/guest/,$(if $(filter arm64,$(ARCH)),compat_read arm_call,peek seer cost scale))
GUEST_BPF := $(O)/guest/fmod_ret.bpf.o $(O)/guest/tracer.bpf.o $(O)/guest/deny.bpf.o \
	$(O)/guest/empty.bpf.o $(O)/guest/stop_self.bpf.o
GUEST := $(GUEST_PROGRAMS) $(GUEST_BPF) $(O)/minds_zero/lib/modules/0.0.0/modules.alias.bin
HOSTILE := $(patsubst tests/%.c,$(O)/%.o,$(wildcard tests/hostile/*.c))

# libvirt's hook without main()
SAN_LIBVIRT := $(patsubst %.c,$(O)/san/%.o,$(filter-out libvirt/hook.c,$(LIBVIRT_SOURCES)))
EXPAT = $(shell $(PKG_CONFIG) --libs expat)

$(O)/san/libvirt/%.o: libvirt/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) $(CHECK_CFLAGS) -c -o $@ $<

# the hook, which reads a configuration of its own and no host's
HOOK_ROOT := $(abspath $(O))/hook
$(O)/hook/sbin/dsnctl-libvirt: sysconfdir = $(HOOK_ROOT)/etc
$(O)/hook/sbin/dsnctl-libvirt: $(LIBVIRT_SOURCES) $(LIBVIRT_SHARED) $(SAN_LIBVIRT)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(CHECK_CFLAGS) \
		-DRUNDIR='"$(HOOK_ROOT)/run"' -o $@ $(LIBVIRT_SOURCES) $(LIBVIRT_SHARED) \
		$(LIBVIRT_LDLIBS)

$(O)/san/cli/%.o: cli/%.c $(SKELETONS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) $(CHECK_CFLAGS) -c -o $@ $<

$(O)/tests/unit/%_test: tests/unit/%_test.c $(SAN_OBJECTS) $(SAN_LIBVIRT)
	@mkdir -p $(@D)
	$(call say,TEST)$(CC) $(ALL_CFLAGS) $(CHECK_CFLAGS) -I. -MF $@.d -o $@ $< $(SAN_OBJECTS) \
		$(SAN_LIBVIRT) $(LDLIBS) $(EXPAT) $(shell $(PKG_CONFIG) --libs cmocka)

$(O)/san/dsnctl: $(SAN_OBJECTS) cli/main.c
	$(call say,LINK)$(CC) $(ALL_CFLAGS) $(CHECK_CFLAGS) -MF $@.d -o $@ cli/main.c $(SAN_OBJECTS) \
		$(LDLIBS)

# the parsers, with coverage for libFuzzer
FUZZERS := $(patsubst %.c,$(O)/%,$(subst tests/,,$(wildcard tests/fuzz/*_fuzz.c)))
FUZZ_OBJECTS := $(patsubst %.c,$(O)/fuzz/%.o,$(filter-out cli/main.c,$(CLI_SOURCES)) libvirt/domain.c)
FUZZ_CFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -Wno-missing-field-initializers

$(O)/fuzz/cli/%.o: cli/%.c $(SKELETONS)
	@mkdir -p $(@D)
	$(call say,CLANG)$(CLANG) $(ALL_CFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

$(O)/fuzz/libvirt/%.o: libvirt/%.c
	@mkdir -p $(@D)
	$(call say,CLANG)$(CLANG) $(ALL_CFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

$(O)/fuzz/%_fuzz: tests/fuzz/%_fuzz.c $(FUZZ_OBJECTS)
	@mkdir -p $(@D)
	$(call say,FUZZER)$(CLANG) $(ALL_CFLAGS) $(FUZZ_CFLAGS) -I. -fsanitize=fuzzer -MF $@.d -o $@ $< \
		$(FUZZ_OBJECTS) $(LDLIBS) $(EXPAT)

$(O)/guest/%.o: tests/tools/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(O)/guest/vfio_read: $(O)/guest/vfio_read.o $(O)/guest/vfio_device.o
	$(call say,LINK)$(CC) -static -o $@ $^ -luring

$(O)/guest/late_ring: $(O)/guest/late_ring.o $(O)/guest/vfio_device.o
	$(call say,LINK)$(CC) -static -o $@ $^ -luring

$(O)/guest/compat_read: $(O)/guest/compat_read.o $(O)/guest/vfio_device.o
	$(call say,LINK)$(CC) -static -o $@ $^

$(O)/guest/arm_call: tests/tools/arm_call.S
	@mkdir -p $(@D)
	$(call say,CLANG)$(CLANG) --target=arm-linux-gnueabihf -c -o $@.o $<
	$(if $(V),,@)$(LLVM_OBJCOPY) -O binary -j .text $@.o $@ && chmod +x $@

$(O)/guest/stress $(O)/guest/cdev: %: %.o $(O)/guest/vfio_device.o
	$(call say,LINK)$(CC) -static -o $@ $^ -luring -lpthread

$(O)/guest/asleep: $(O)/guest/asleep.o $(O)/guest/reader.o $(O)/guest/vfio_device.o
	$(call say,LINK)$(CC) -static -o $@ $^ -lpthread

$(O)/guest/corners: $(O)/guest/corners.o $(O)/guest/reader.o $(O)/guest/vfio_device.o
	$(call say,LINK)$(CC) -static -o $@ $^ -luring -lpthread

$(O)/guest/buffers: %: %.o $(O)/guest/vfio_device.o
	$(call say,LINK)$(CC) -static -o $@ $^ -lpthread

$(O)/guest/json_get $(O)/guest/trace $(O)/guest/ring_position $(O)/guest/stop_self \
	$(O)/guest/without $(O)/guest/kill_at: %: %.o
	$(call say,LINK)$(CC) -o $@ $^ $(LDLIBS)

$(O)/guest/fill_rules: $(O)/guest/fill_rules.o $(filter-out $(O)/cli/main.o,$(CLI_OBJECTS))
	$(call say,LINK)$(CC) -o $@ $^ $(LDLIBS)

$(O)/guest/scale: tests/bench/scale.c $(SKELETONS)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(ALL_CFLAGS) -MF $@.d -o $@ $< $(shell $(PKG_CONFIG) --libs libbpf)

$(O)/hostile/%.o: tests/hostile/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(O)/guest/hostile: $(HOSTILE) $(O)/guest/vfio_device.o
	$(call say,LINK)$(CC) -static -o $@ $^

$(O)/bench/%.o: tests/bench/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) -Itests/tools -c -o $@ $<

$(O)/guest/cost: $(O)/bench/cost.o $(O)/guest/vfio_device.o
	$(call say,LINK)$(CC) -static -o $@ $^

# each is the kernel of a guest of the guest, on the bare processor
$(O)/guest/peek: tests/vmm/peek.c
$(O)/guest/seer: tests/libvirt/seer.c
$(O)/guest/peek $(O)/guest/seer:
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -m32 -Os $(WARNINGS) -ffreestanding -fno-pic -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fcf-protection=none -MMD -MP -MF $@.d -Itests -nostdlib \
		-static -Wl,-m,elf_i386,--build-id=none,--omagic,--no-warn-rwx-segments,-Ttext=0x100000 \
		-o $@ $<

$(O)/guest/%.bpf.o: tests/tools/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

$(O)/guest/%.bpf.o: tests/bench/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

# The indexes of a folder of modules where the NIC's driver is one that minds a serial of
# zeros; the module is only good for depmod.
$(O)/minds_zero/lib/modules/0.0.0/modules.alias.bin: tests/tools/minds_zero.c
	@mkdir -p $(@D)/kernel
	$(call say,MODULES)$(CC) -c -o $(@D)/kernel/bnxt_en.ko $<
	$(if $(V),,@)PATH="$$PATH:/usr/sbin:/sbin" depmod -b $(O)/minds_zero 0.0.0 2>/dev/null

# Installs what building and testing need, and says so before.
setup:
	@tests/setup

SUITES := unit cli guest hostile boot bench leak

# What must never break, on one kernel; or T=NAME, one test of those that check-all has.
check:
	@$(if $(T),,echo "check: about 10 minutes on two idle processors;" \
		"longer the first time, as kernels are fetched")
	@tests/setup
	@$(MAKE) --no-print-directory check-build
	@tests/run --kernels "$(KERNEL)" $(if $(T),--only '$(T)',--short) $(SUITES)

# Everything, on all kernels; what is the same on each of them, on one.
check-all:
	@$(if $(T),,echo "check-all: about an hour on two idle processors;" \
		"longer the first time, as kernels are fetched")
	@tests/setup $(if $(T),iommufd)
	@$(MAKE) --no-print-directory check-build
	@tests/run --kernels "$(KERNELS)" $(if $(T),--only '$(T)') $(SUITES) iommufd

# And that on each of them too.
check-every:
	@echo "check-every: more than an hour on two idle processors"
	@tests/setup iommufd
	@$(MAKE) --no-print-directory check-build
	@tests/run --every --kernels "$(KERNELS)" $(SUITES) iommufd

check-build: all libvirt $(UNIT_TESTS) $(O)/san/dsnctl $(O)/hook/sbin/dsnctl-libvirt $(GUEST)

check-unit: $(UNIT_TESTS) $(O)/san/dsnctl $(O)/hook/sbin/dsnctl-libvirt
	@tests/run unit cli

# The systemd unit, over real reboots.
check-boot:
	@tests/setup
	@$(MAKE) --no-print-directory all $(GUEST)
	@tests/run boot

check-guest: all libvirt $(GUEST)
	@tests/run --every --kernels "$(KERNELS)" guest

# Config spaces that no device should have: ten times the chains that `check` generates.
check-hostile: all $(GUEST)
	@CHAINS=10000 tests/run --kernels "$(KERNELS)" hostile

# The whole proof that no read gets past the layers: a quarter of an hour or more.
check-leak:
	@tests/setup
	@$(MAKE) --no-print-directory all $(GUEST)
	@tests/leak/run

# Every kernel that Debian's backports hold: the layers, the level, a short stress. Minutes.
check-kernels:
	@tests/setup
	@$(MAKE) --no-print-directory all $(GUEST)
	@tests/kernels/run

# What reads cost with dsnctl, in instructions, as the tables of docs/costs.md: minutes.
bench:
	@tests/setup
	@$(MAKE) --no-print-directory check-programs
	@tests/bench/run $(KERNELS)

# Devices opened by /dev/vfio/devices, on kernels whose modules are built with IOMMUFD.
check-iommufd:
	@tests/setup iommufd
	@$(MAKE) --no-print-directory all $(GUEST)
	@tests/run --every iommufd

# arm64 under emulation, cross-built; installs what only this needs: a quarter of an hour.
check-arm64:
	@tests/setup arm64
	@tests/arm64/make check-programs
	@tests/run arm64

check-programs: all $(GUEST)

# A minute of libFuzzer for each parser.
check-fuzz:
	@tests/setup
	@$(MAKE) --no-print-directory $(FUZZERS)
	@tests/fuzz/run

# The package, built and tried in bare Debians: minutes, and more the first time.
check-package:
	@tests/setup
	@$(MAKE) --no-print-directory all $(GUEST)
	@tests/package/run
	@for release in bookworm trixie; do \
		tests/boot/run --deb $(O)/package/$$release/dsnctl_*_*.deb $$release || exit; done

# The example alerts, by promtool of Debian 12, which is fetched (32 MB) and not installed.
check-alerts:
	@tests/setup
	@$(MAKE) --no-print-directory all
	@tests/alerts/run

# What real users of VFIO see and do, QEMUs with guests above all: an hour.
check-vmm:
	@tests/setup
	@$(MAKE) --no-print-directory all $(GUEST)
	@tests/vmm/run

# Real libvirt with AppArmor, of Debian 12 and 13, and VMs whose own processors read the cards.
check-libvirt:
	@echo "check-libvirt: about half an hour on two idle processors"
	@tests/setup
	@$(MAKE) --no-print-directory all libvirt $(GUEST)
	@tests/libvirt/run

# The main job before your eyes, on a real kernel with a real device under emulation.
demo:
	@tests/setup
	@$(MAKE) --no-print-directory all $(GUEST)
	@tests/demo/run $(KERNEL)

# Whether anything is left behind in an hour, or SOAK_SECONDS, of reads and changes.
soak:
	@tests/setup
	@$(MAKE) --no-print-directory all $(GUEST)
	@SOAK_SECONDS=$(SOAK_SECONDS) tests/soak/run $(KERNEL)

# A root shell in such a machine.
vm:
	@tests/setup
	@$(MAKE) --no-print-directory all $(GUEST)
	@tests/vm/boot --interactive --dir $(O)/guest:/usr/sbin --file $(O)/dsnctl \
		--file $(BPFTOOL) $(KERNEL)

.PHONY: setup check check-iommufd check-all check-every check-build check-unit check-guest check-hostile check-boot check-leak \
	check-kernels check-arm64 check-programs check-fuzz check-package check-alerts check-libvirt check-vmm bench demo soak vm
