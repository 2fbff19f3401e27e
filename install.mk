# SPDX-License-Identifier: GPL-2.0
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

PAGES := $(patsubst docs/%.scd,$(O)/docs/%,$(wildcard docs/*.scd))
UNITS := $(patsubst systemd/%.in,$(O)/systemd/%,$(wildcard systemd/*.in))
EXAMPLES := $(filter-out %.in,$(wildcard systemd/*))
TEXTS := README.md docs/guarantee.md

# source:mode:target
FILES = $(O)/dsnctl:755:$(sbindir)/dsnctl \
	$(foreach page,$(PAGES),$(page):644:$(mandir)/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page))) \
	cli/completion/dsnctl.bash:644:$(bashcompletiondir)/dsnctl \
	cli/completion/_dsnctl:644:$(zshcompletiondir)/_dsnctl \
	$(foreach unit,$(UNITS),$(unit):644:$(systemdsystemunitdir)/$(notdir $(unit))) \
	$(foreach text,$(TEXTS),$(text):644:$(docdir)/$(notdir $(text))) \
	$(foreach example,$(EXAMPLES),$(example):644:$(docdir)/examples/$(notdir $(example)))

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

install: all docs $(UNITS)
	$(foreach file,$(FILES),$(INSTALL) -D -m $(call field,2,$(file)) \
		$(call field,1,$(file)) $(DESTDIR)$(call field,3,$(file))$(newline))
	$(INSTALL) -d $(DESTDIR)$(sysconfdir)/dsnctl.d

# what is configured stays
uninstall:
	rm -f $(foreach file,$(FILES),$(DESTDIR)$(call field,3,$(file)))
	rmdir $(DESTDIR)$(docdir)/examples $(DESTDIR)$(docdir) \
		$(DESTDIR)$(sysconfdir)/dsnctl.d 2>/dev/null || true

.PHONY: docs install uninstall always
