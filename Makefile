# SPDX-License-Identifier: GPL-2.0
# make, make install, make check, make check-all, make demo, make vm KERNEL=6.12; V=1 shows
# the commands.

CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool) bpftool)
PKG_CONFIG ?= pkg-config
O ?= build

MACHINE := $(shell $(CC) -dumpmachine)
ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(firstword $(subst -, ,$(MACHINE)))))
LIBS := libbpf libpci smartcols json-c libsystemd libkmod libmd

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP \
	-DSYSCONFDIR='"$(sysconfdir)"' -Iinclude -Icli -I$(O) \
	$(shell $(PKG_CONFIG) --cflags $(LIBS))
LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBS))
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Wno-unused-parameter \
	-ffile-prefix-map=$(CURDIR)=. -MMD -MP -I. -Iinclude -Ibpf \
	-idirafter $(SYSROOT)/usr/include/$(MACHINE)

SKELETONS := $(patsubst bpf/%.bpf.c,$(O)/%.skel.h,$(wildcard bpf/*.bpf.c))
CLI_SOURCES := $(wildcard cli/*.c cli/*/*.c)
CLI_OBJECTS := $(CLI_SOURCES:%.c=$(O)/%.o)

# libvirt's hook, a program and a package of its own: make libvirt, make install-libvirt
LIBVIRT_SOURCES := $(wildcard libvirt/*.c)
LIBVIRT_SHARED := $(addprefix cli/,lib/failure.c lib/message.c lib/text.c model/claim.c \
	model/config.c model/derive.c model/key.c model/rule.c model/ruleset.c model/sitekey.c \
	model/vm.c)
LIBVIRT_LDLIBS = $(shell $(PKG_CONFIG) --libs expat json-c libsystemd libmd)

ifeq ($(V),)
say = @printf '  %-8s%s\n' '$(1)' '$(patsubst $(O)/%,%,$@)';
endif

all: $(O)/dsnctl

$(O)/dsnctl: $(CLI_OBJECTS)
	$(call say,LINK)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/cli/%.o: cli/%.c $(SKELETONS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) -c -o $@ $<

libvirt: $(O)/dsnctl-libvirt

$(O)/dsnctl-libvirt: $(LIBVIRT_SOURCES:%.c=$(O)/%.o) $(LIBVIRT_SHARED:%.c=$(O)/%.o)
	$(call say,LINK)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBVIRT_LDLIBS)

$(O)/libvirt/%.o: libvirt/%.c
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
dist: VERSION = $(shell sed -n 's/^.define DSNCTL_VERSION "\(.*\)"/\1/p' cli/lib/version.h)
dist:
	@mkdir -p $(O)
	$(call say,DIST)git archive --prefix=dsnctl-$(VERSION)/ \
		-o $(O)/dsnctl-$(VERSION).tar.gz "$$(git stash create | grep . || echo HEAD)" \
		-- ':!debian'

# make install: which file goes where. DESTDIR and the folders can be given.

prefix ?= /usr/local
sbindir ?= $(prefix)/sbin
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
docdir ?= $(datadir)/doc/dsnctl
# the program reads /etc, wherever it is installed
sysconfdir ?= /etc
systemdsystemunitdir ?= $(prefix)/lib/systemd/system
bashcompletiondir ?= $(datadir)/bash-completion/completions
zshcompletiondir ?= $(datadir)/zsh/site-functions

SCDOC ?= scdoc
INSTALL ?= install

LIBVIRT_PAGE := $(O)/docs/dsnctl-libvirt.8
PAGES := $(filter-out $(LIBVIRT_PAGE),$(patsubst docs/%.scd,$(O)/docs/%,$(wildcard docs/*.scd)))
UNITS := $(patsubst systemd/%.in,$(O)/systemd/%,$(wildcard systemd/*.in))
EXAMPLES := $(filter-out %.in,$(wildcard systemd/*)) $(wildcard docs/examples/*)
# with their folders, so that README's links lead somewhere
TEXTS := README.md $(wildcard docs/*.md)

# source:mode:target
FILES = $(O)/dsnctl:755:$(sbindir)/dsnctl \
	$(foreach page,$(PAGES),$(page):644:$(mandir)/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page))) \
	cli/completion/dsnctl.bash:644:$(bashcompletiondir)/dsnctl \
	cli/completion/_dsnctl:644:$(zshcompletiondir)/_dsnctl \
	$(foreach unit,$(UNITS),$(unit):644:$(systemdsystemunitdir)/$(notdir $(unit))) \
	$(foreach text,$(TEXTS),$(text):644:$(docdir)/$(text)) \
	$(foreach example,$(EXAMPLES),$(example):644:$(docdir)/examples/$(notdir $(example)))

LIBVIRT_FILES = $(O)/dsnctl-libvirt:755:$(sbindir)/dsnctl-libvirt \
	$(O)/libvirt/50-dsnctl:755:$(sysconfdir)/libvirt/hooks/qemu.d/50-dsnctl \
	$(LIBVIRT_PAGE):644:$(mandir)/man8/dsnctl-libvirt.8

field = $(word $(1),$(subst :, ,$(2)))
define newline


endef

docs: $(PAGES)

$(O)/docs/%: docs/%.scd
	@mkdir -p $(@D)
	$(call say,SCDOC)$(SCDOC) < $< > $@

# always: no file tells that the folders are others than last time
$(O)/systemd/%: systemd/%.in always
	@mkdir -p $(@D)
	$(call say,SED)sed 's|@sbindir@|$(sbindir)|g' $< > $@

$(O)/libvirt/50-dsnctl: libvirt/50-dsnctl.in always
	@mkdir -p $(@D)
	$(call say,SED)sed 's|@sbindir@|$(sbindir)|g' $< > $@

# Reload libvirt's daemon afterwards, so that it reads its hooks.
install-libvirt: libvirt $(O)/libvirt/50-dsnctl $(LIBVIRT_PAGE)
	$(foreach file,$(LIBVIRT_FILES),$(INSTALL) -D -m $(call field,2,$(file)) \
		$(call field,1,$(file)) $(DESTDIR)$(call field,3,$(file))$(newline))

uninstall-libvirt:
	rm -f $(foreach file,$(LIBVIRT_FILES),$(DESTDIR)$(call field,3,$(file)))
	rmdir -p $(DESTDIR)$(sysconfdir)/libvirt/hooks/qemu.d 2>/dev/null || true

install: all docs $(UNITS)
	$(foreach file,$(FILES),$(INSTALL) -D -m $(call field,2,$(file)) \
		$(call field,1,$(file)) $(DESTDIR)$(call field,3,$(file))$(newline))
	$(INSTALL) -d $(DESTDIR)$(sysconfdir)/dsnctl.d

# what is configured stays
uninstall:
	rm -f $(foreach file,$(FILES),$(DESTDIR)$(call field,3,$(file)))
	rmdir $(DESTDIR)$(docdir)/examples $(DESTDIR)$(docdir)/docs $(DESTDIR)$(docdir) \
		$(DESTDIR)$(sysconfdir)/dsnctl.d 2>/dev/null || true

include tests/tests.mk
-include $(wildcard $(O)/*/*.d $(O)/*/*/*.d $(O)/*/*/*/*.d)

.DELETE_ON_ERROR:
.PHONY: all clean dist docs install install-libvirt libvirt uninstall uninstall-libvirt always
