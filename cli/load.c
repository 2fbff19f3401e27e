// SPDX-License-Identifier: GPL-2.0
/* dsnctl load, dsnctl unload: put the programs in force, take them out. */
#include "command.h"

#include <bpf/bpf.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "host.h"
#include "pins.h"
#include "program.h"
#include "ruleset.h"
#include "util.h"
#include "version.h"

/* The layout of the maps that are pinned; 0 where none are. Returns 0 or -errno. */
static int pinned_layout(__u32 *layout)
{
	_cleanup_(close_fd) int fd = pins_open(PIN_STATE);
	struct dsn_state state = {};
	__u32 zero = 0;

	*layout = 0;
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &zero, &state))
		return -errno;
	*layout = state.layout;
	return 0;
}

/* Everything that must hold before the kernel is asked. */
static int check_host(void)
{
	int err;

	if (!host_has_btf()) {
		warnx("this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF, which distributions' kernels have since 5.10");
		return EXIT_UNABLE;
	}
	err = host_load_vfio();
	if (err) {
		warnx("vfio-pci is not there and 'modprobe vfio-pci' does not load it: install the kernel's modules, or boot a kernel with CONFIG_VFIO_PCI");
		return EXIT_UNABLE;
	}
	return EXIT_DONE;
}

/* Says why no hook could be had, in terms of what an operator can do. */
static int explain_refusal(int err, const char *fexit, const char *kprobe)
{
	const char *lockdown = host_lockdown();

	if (strcmp(lockdown, "none")) {
		warnx("kernel lockdown is '%s', as Secure Boot sets it: the kernel refuses the helper bpf_probe_write_user, without which reads cannot be rewritten; turn Secure Boot or lockdown off to use dsnctl on this host",
		      lockdown);
		return EXIT_UNABLE;
	}
	if (err == -ENOMEM || err == -ENOSPC) {
		warnx("cannot load: %s", strerror(-err));
		return EXIT_FAILED;
	}
	warnx("this kernel takes neither hook: fexit: %s; kprobe: %s", fexit,
	      *kprobe ? kprobe : "not tried");
	return EXIT_UNABLE;
}

static int write_state(enum dsn_hook hook, const char *reason)
{
	_cleanup_(close_fd) int fd = pins_open(PIN_STATE);
	struct dsn_state state = { .layout = DSN_LAYOUT, .hook = hook };
	struct timespec now;
	__u32 zero = 0;

	if (fd < 0)
		return fd;
	clock_gettime(CLOCK_BOOTTIME, &now);
	state.loaded_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	snprintf(state.version, sizeof(state.version), "%s", DSNCTL_VERSION);
	snprintf(state.reason, sizeof(state.reason), "%s", reason);
	return bpf_map_update_elem(fd, &zero, &state, BPF_ANY) ? -errno : 0;
}

/* A first load has no set of rules yet; the default is then scrub. */
static int first_ruleset(void)
{
	_cleanup_(close_fd) int rulesets = pins_open(PIN_RULESETS);
	_cleanup_(close_fd) int types = pins_open(PIN_DEVICES);
	struct ruleset none = {};
	__u32 zero = 0, id;

	if (rulesets < 0 || types < 0)
		return rulesets < 0 ? rulesets : types;
	if (!bpf_map_lookup_elem(rulesets, &zero, &id))
		return 0;
	return ruleset_switch(rulesets, types, &none);
}

/* fexit, else the kprobe pair, unless the operator has chosen. */
static int load_hook(const char *wanted, enum dsn_hook *hook, char reason[REASON_LEN])
{
	char fexit[REASON_LEN] = "", kprobe[REASON_LEN] = "";
	bool only_kprobe = !strcmp(wanted, "kprobe");
	int err = -EINVAL;

	*hook = DSN_HOOK_FEXIT;
	*reason = '\0';
	if (only_kprobe)
		snprintf(fexit, sizeof(fexit), "not tried (--hook kprobe)");
	else
		err = program_load(*hook, fexit);
	if (err && strcmp(wanted, "fexit")) {
		*hook = DSN_HOOK_KPROBE;
		err = program_load(*hook, kprobe);
		memcpy(reason, fexit, REASON_LEN);
	}
	return err ? explain_refusal(err, fexit, kprobe) : EXIT_DONE;
}

int cmd_load(const struct options *options, int argc, char **argv)
{
	const char *wanted = options->hook ? options->hook : "auto";
	_cleanup_(close_fd) int lock = -1;
	char reason[REASON_LEN];
	enum dsn_hook hook;
	int status, err;
	__u32 layout;

	(void)argc;
	(void)argv;
	if (strcmp(wanted, "auto") && strcmp(wanted, "fexit") &&
	    strcmp(wanted, "kprobe")) {
		warnx("--hook %s: not a hook (want auto, fexit or kprobe)", wanted);
		return EXIT_USAGE;
	}
	if (geteuid()) {
		warnx("this needs root: loading BPF programs that write into other processes does");
		return EXIT_FAILED;
	}
	status = check_host();
	if (status)
		return status;
	lock = pins_lock(PINS_CREATE);
	if (lock < 0)
		return EXIT_FAILED;
	err = pinned_layout(&layout);
	if (err) {
		warnx("cannot read %s/%s: %s", DSN_PIN_DIR, PIN_STATE, strerror(-err));
		return EXIT_FAILED;
	}
	if (layout && layout != DSN_LAYOUT) {
		warnx("%s holds maps of another version of dsnctl (layout %u, this one has %u), and it stays in force: 'dsnctl dump', 'dsnctl unload' and 'dsnctl load' while no guest runs, then set the rules again",
		      DSN_PIN_DIR, layout, DSN_LAYOUT);
		return EXIT_FAILED;
	}
	status = load_hook(wanted, &hook, reason);
	if (status)
		return status;
	err = first_ruleset();
	if (!err)
		err = write_state(hook, reason);
	if (err) {
		warnx("the programs are in force, but %s is not complete: %s; run 'dsnctl load' again",
		      DSN_PIN_DIR, strerror(-err));
		return EXIT_FAILED;
	}
	printf("loaded: hook %s%s%s%s\n", hook_name(hook), *reason ? " (fexit: " : "",
	       reason, *reason ? ")" : "");
	return EXIT_DONE;
}

int cmd_unload(const struct options *options, int argc, char **argv)
{
	_cleanup_(close_fd) int lock = -1;
	int err;

	(void)options;
	(void)argc;
	(void)argv;
	if (!geteuid() && access(DSN_PIN_DIR, F_OK) && errno == ENOENT) {
		puts("not loaded: nothing to do");
		return EXIT_DONE;
	}
	lock = pins_lock(!PINS_CREATE);
	if (lock < 0)
		return EXIT_FAILED;
	err = pins_drop_all();
	if (err) {
		warnx("cannot drop all of %s: %s", DSN_PIN_DIR, strerror(-err));
		return EXIT_FAILED;
	}
	puts("unloaded: guests read the real serials again");
	return EXIT_DONE;
}
