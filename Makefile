# SPDX-License-Identifier: GPL-2.0
# make, make install, make check, make demo, make vm KERNEL=6.12; V=1 shows the commands.

CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool) bpftool)
PKG_CONFIG ?= pkg-config
O ?= build

MACHINE := $(shell $(CC) -dumpmachine)
ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(firstword $(subst -, ,$(MACHINE)))))
LIBS := libbpf libpci smartcols json-c libsystemd libkmod

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP \
	-DSYSCONFDIR='"$(sysconfdir)"' -Iinclude -Icli -I$(O) \
	$(shell $(PKG_CONFIG) --cflags $(LIBS))
LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBS))
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Wno-unused-parameter \
	-ffile-prefix-map=$(CURDIR)=. -MMD -MP -I. -Iinclude -Ibpf \
	-idirafter /usr/include/$(MACHINE)

SKELETONS := $(patsubst bpf/%.bpf.c,$(O)/%.skel.h,$(wildcard bpf/*.bpf.c))
CLI_OBJECTS := $(patsubst %.c,$(O)/%.o,$(wildcard cli/*.c))

ifeq ($(V),)
say = @printf '  %-8s%s\n' '$(1)' '$(patsubst $(O)/%,%,$@)';
endif

all: $(O)/dsnctl

$(O)/dsnctl: $(CLI_OBJECTS)
	$(call say,LINK)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/cli/%.o: cli/%.c $(SKELETONS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(SKELETONS): $(O)/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKELETON)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<
	$(if $(V),,@)$(LLVM_STRIP) -g $@

clean:
	rm -rf $(O)

# The tree as it stands, changes that are not committed included, without Debian's part.
dist: VERSION = $(shell sed -n 's/^.define DSNCTL_VERSION "\(.*\)"/\1/p' cli/version.h)
dist:
	@mkdir -p $(O)
	$(call say,DIST)git archive --prefix=dsnctl-$(VERSION)/ \
		-o $(O)/dsnctl-$(VERSION).tar.gz "$$(git stash create | grep . || echo HEAD)" \
		-- ':!debian'

include install.mk
include tests/tests.mk
-include $(wildcard $(O)/*/*.d $(O)/*/*/*.d)

.DELETE_ON_ERROR:
.PHONY: all clean dist
