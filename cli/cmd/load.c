// SPDX-License-Identifier: GPL-2.0
/* dsnctl load, dsnctl unload: load and attach the programs, remove them. */
#include "cmd/command.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kernel/host.h"
#include "kernel/loaded.h"
#include "kernel/openers.h"
#include "kernel/pins.h"
#include "kernel/plan.h"
#include "kernel/program.h"
#include "kernel/stopped.h"
#include "kernel/trampoline.h"
#include "kernel/vmm.h"
#include "model/journal.h"
#include "model/key.h"
#include "model/ruleset.h"
#include "lib/message.h"
#include "lib/time.h"
#include "lib/util.h"
#include "lib/version.h"

/* Everything that must hold before the kernel is asked. */
static int check_host(void)
{
	int err;

	if (!host_has_btf()) {
		say_error(
			"this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF, which distributions' kernels have since 5.10");
		return EXIT_UNABLE;
	}
	err = host_load_vfio();
	if (err == -ENOENT) {
		say_error(
			"there is no vfio-pci for this kernel: install the kernel's modules, or boot a kernel with CONFIG_VFIO_PCI");
		return EXIT_UNABLE;
	}
	if (err) {
		say_error("cannot load vfio-pci: %s; see what 'modprobe vfio-pci' prints",
			  strerror(-err));
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

/* Gives the set in force its public name. */
static int publish_rules(void)
{
	_cleanup_(close_fd) int rulesets = pins_open(PIN_RULESETS);
	_cleanup_(close_fd) int rules = -1;
	__u32 zero = 0, id;

	if (rulesets < 0)
		return rulesets;
	if (bpf_map_lookup_elem(rulesets, &zero, &id))
		return -errno;
	rules = bpf_map_get_fd_by_id(id);
	return rules < 0 ? -errno : pins_put(PIN_RULES, rules);
}

/* The result of `load`. */
struct outcome {
	struct plan plan;
	struct reasons reasons;
	__u64 id;
	char no_copy[PINS_REASON]; /* why there is no second copy of the pins, or empty */
};

/* Errors that no other choice of programs avoids. */
static bool is_final(int err)
{
	return err == -ENOMEM || err == -ENOSPC || err == -EMFILE;
}

/* Returns true if the plan guarantees less than what runs, and no option asks for that. */
static bool would_weaken(const struct request *request, struct plan running,
			 const struct plan *plan, const struct host *host,
			 const struct reasons *reasons)
{
	static const struct faults none;
	struct guarantee now, then;

	if (request->hook || request->check)
		return false;
	/* these options have no program by which they could be seen */
	running.options |= plan->options & (DSN_OPTION_WHOLE | DSN_OPTION_VMMS);
	plan_guarantee(&running, &host->running, &none, NULL, &now);
	plan_guarantee(plan, &host->running, &none, reasons, &then);
	return then.level < now.level;
}

/* Reports the refusal. */
static int refuse(const struct guarantee *refusal)
{
	say_error("cannot load: %s; %s", refusal->ground, refusal->remedy);
	return EXIT_UNABLE;
}

/*
 * Chooses programs and loads them. If the kernel refuses some that it seems to offer, notes
 * that and chooses again.
 */
static int load_programs(const struct request *request, const struct loaded *loaded,
			 struct outcome *outcome)
{
	struct guarantee impossible;
	struct refusal refusal;
	struct host host;
	int status, err;

	host_detect(&host);
	for (;;) {
		status = plan_choose(&host, request, &outcome->plan, &outcome->reasons,
				     &impossible);
		if (status)
			return refuse(&impossible);
		if (would_weaken(request, loaded->attached.plan, &outcome->plan, &host,
				 &outcome->reasons)) {
			say_error(
				"cannot load as much as what runs, which stays active: hook: %s; check: %s",
				outcome->reasons.hook, outcome->reasons.check);
			return EXIT_FAILED;
		}
		outcome->id = boot_time_ns();
		err = program_load(&outcome->plan, &host, outcome->id, &refusal);
		memcpy(outcome->no_copy, refusal.no_copy, sizeof(outcome->no_copy));
		if (!err)
			return EXIT_DONE;
		if (is_final(err) || refusal.group == GROUPS ||
		    *host.refused[refusal.group]) {
			say_error("cannot load: %s", refusal.reason);
			return EXIT_FAILED;
		}
		memcpy(host.refused[refusal.group], refusal.reason,
		       sizeof(refusal.reason));
	}
}

static bool is_one_of(const char *option, const char *value, const char *names)
{
	if (strpbrk(value, "|") || !*value) {
		say_error("%s %s: want %s", option, value, names);
		return false;
	}
	for (const char *at = names; at;
	     at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (strcspn(at, "|") == strlen(value) &&
		    !strncmp(at, value, strlen(value)))
			return true;
	say_error("%s %s: want %s", option, value, names);
	return false;
}

static void print_json(const struct outcome *outcome, const struct guarantee *guarantee)
{
	struct json_object *object = json_result();

	json_object_object_add(object, "hook",
			       json_object_new_string(hook_name(outcome->plan.hook)));
	json_object_object_add(object, "check",
			       json_object_new_string(check_name(outcome->plan.check)));
	json_object_object_add(
		object, "gate",
		json_object_new_boolean(outcome->plan.options & DSN_OPTION_GATE));
	json_object_object_add(object, "guarantee",
			       json_object_new_string(level_name(guarantee->level)));
	json_object_object_add(object, "ground",
			       json_object_new_string(guarantee->ground));
	json_object_object_add(
		object, "answer",
		json_object_new_boolean(outcome->plan.options & DSN_OPTION_ANSWER));
	json_print(object);
}

/* Reports what was loaded on stdout, and what it lacks on stderr. */
static void report(const struct request *request, const struct outcome *outcome,
		   bool json)
{
	const struct reasons *reasons = &outcome->reasons;
	const struct plan *plan = &outcome->plan;
	struct running running = host_running();
	static const struct faults none;
	struct guarantee guarantee;
	char text[96];

	plan_guarantee(plan, &running, &none, reasons, &guarantee);
	snprintf(text, sizeof(text), "hook %s, check %s%s: %s", hook_name(plan->hook),
		 check_name(plan->check), plan->options & DSN_OPTION_GATE ? ", gate" : "",
		 level_name(guarantee.level));
	say_unlogged(journal_event("load", text));
	if (*reasons->hook && !request->hook)
		say_warning("not hooked by fexit: %s", reasons->hook);
	if (*outcome->no_copy)
		say_warning(
			"no second copy of the pins in %s: %s; the programs are active, but end if somebody wipes or unmounts /sys/fs/bpf; fix that, then run 'dsnctl load'",
			DSN_KEEP_DIR, outcome->no_copy);
	if (*reasons->answer)
		say_warning("loaded without --answer: %s", reasons->answer);
	if (guarantee.level != LEVEL_PROVEN)
		say_warning("only %s: %s; %s", level_name(guarantee.level),
			    guarantee.ground, guarantee.remedy);
	if (json)
		print_json(outcome, &guarantee);
	else
		printf("loaded: %s\n", text);
}

/* Warns of processes that have a device open: they may have read its serial before. */
static void note_early(enum dsn_hook hook)
{
	_cleanup_(free_ptr) struct opener *openers = NULL;
	char bdf[BDF_LEN], user[OPENER_LEN];
	size_t count, i;
	int err;

	err = openers_find(hook, &openers, &count);
	if (!err)
		err = openers_mark_early(openers, count);
	if (err)
		say_warning("cannot tell which devices were open before this: %s",
			    openers_error(err));
	for (i = 0; i < count; i++) {
		bdf_format(&openers[i].id.key, bdf);
		opener_format(&openers[i], user);
		say_warning(
			"%s: process %s had it open before this, and has read the real serial: start it again",
			bdf, user);
	}
}

/* Writes the state. `missed` counts for the programs that are replaced, which had it. */
static int write_state(const struct outcome *outcome, __u64 missed)
{
	_cleanup_(close_fd) int fd = pins_open(PIN_STATE);
	struct dsn_state state = {
		.layout = DSN_LAYOUT,
		.hook = outcome->plan.hook,
		.check = outcome->plan.check,
		.options = outcome->plan.options,
		.missed = missed,
		.loaded_ns = outcome->id,
	};
	__u32 zero = 0;

	if (fd < 0)
		return fd;
	snprintf(state.version, sizeof(state.version), "%s", DSNCTL_VERSION);
	memcpy(state.hook_reason, outcome->reasons.hook, sizeof(state.hook_reason));
	memcpy(state.check_reason, outcome->reasons.check, sizeof(state.check_reason));
	return bpf_map_update_elem(fd, &zero, &state, BPF_ANY) ? -errno : 0;
}

/* The executables whose whole reads are let through. */
struct vmms {
	struct vmm of[DSN_MAX_VMMS];
	size_t count;
};

/* Identifies the executables that were asked for, or those of QEMU. */
static int find_vmms(const struct options *options, struct vmms *vmms)
{
	size_t i;
	int err;

	vmms->count = options->vmms ? 0 : vmm_find_known(vmms->of);
	for (i = 0; i < options->vmms; i++) {
		err = vmm_identify(options->vmm[i], &vmms->of[vmms->count++]);
		if (!err)
			continue;
		say_error("--vmm %s: not an executable that can be identified: %s",
			  options->vmm[i], strerror(-err));
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

static int store_vmms(const struct vmms *vmms)
{
	_cleanup_(close_fd) int fd = pins_open(PIN_VMMS);

	return fd < 0 ? fd : vmm_store(fd, vmms->of, vmms->count);
}

/* Completes what is pinned beside the programs, which run by now, and reports. */
static int complete(const struct request *request, const struct vmms *vmms,
		    const struct loaded *before, const struct outcome *outcome, bool json)
{
	int err = publish_rules();

	if (!err)
		err = store_vmms(vmms);
	if (!err)
		err = write_state(outcome,
				  before->state.missed + before->attached.missed);
	if (err) {
		say_error(
			"the programs are in force, but %s is not complete: %s; run 'dsnctl load' again",
			DSN_PIN_DIR, strerror(-err));
		return EXIT_FAILED;
	}
	if (!loaded_runs(before))
		note_early(outcome->plan.hook);
	report(request, outcome, json);
	return EXIT_DONE;
}

/* Needs the lock. */
static int put_in_force(const struct request *request, const struct vmms *vmms,
			const struct loaded *loaded, bool json)
{
	struct outcome outcome = {};
	struct failure failure;
	int status;

	/* the layout is 0 after a load that was interrupted */
	if (loaded->state.layout && !loaded->is_layout_ours) {
		loaded_check_maps(loaded, &failure);
		return say_failure(&failure);
	}
	if (loaded->elsewhere)
		say_warning(
			"dsnctl is loaded already, but its pins are not visible here, as those of a container; its programs and rules stay active beside these");
	status = load_programs(request, loaded, &outcome);
	return status ? status : complete(request, vmms, loaded, &outcome, json);
}

/* Waits without the lock, so that other commands can run, and takes it again. */
static int wait_unlocked(int *lock, const struct kept *kept)
{
	_cleanup_(close_fd) int turn = -1;
	__u32 programs[PINS_KEPT];
	struct failure failure;
	size_t i;
	int err;

	for (i = 0; i < kept->count; i++)
		programs[i] = kept->of[i].id;
	/* shows the result before the wait */
	fflush(stdout);
	close(*lock);
	turn = pins_lock_wait();
	err = turn < 0 ? turn : trampoline_wait(programs, kept->count);
	*lock = pins_lock(PINS_CHANGE, &failure);
	return err;
}

static const char *wait_error(int err)
{
	if (err == -EBUSY)
		return "another bpffs, as in a container, has a link of one pinned too";
	if (err == -ETIMEDOUT)
		return "one has not run for 30 s";
	if (err == -ENODATA)
		return "this kernel does not show when it is safe while kernel.ftrace_enabled is 0, or net.core.bpf_jit_harden is not";
	return strerror(-err);
}

/* Waits until no task can enter the programs that were detached, and frees them. */
static int free_kept(int *lock)
{
	_cleanup_(pins_close_kept) struct kept kept = {};
	int err;

	program_list_detached(&kept);
	err = kept.count ? wait_unlocked(lock, &kept) : 0;
	while (!err && kept.count)
		pins_drop_kept(&kept, kept.of[0].id);
	return err;
}

/* Frees the programs that were detached, and then, if `all`, folders without a pin. */
static void free_detached(int *lock, bool all)
{
	int err = free_kept(lock);

	if (err)
		say_warning(
			"programs that were detached stay loaded, as a task may be about to enter one: %s; the next load or unload tries again",
			wait_error(err));
	if (all && *lock >= 0)
		pins_remove_empty();
}

static int load(const struct request *request, const struct vmms *vmms, bool json)
{
	_cleanup_(close_fd) int lock = -1;
	struct failure failure;
	struct loaded loaded;
	int status;

	lock = pins_lock(PINS_CREATE, &failure);
	if (lock < 0)
		return say_failure(&failure);
	status = loaded_read_locked(&loaded, &failure);
	if (status)
		say_failure(&failure);
	else
		status = put_in_force(request, vmms, &loaded, json);
	/* keep what was there before, above all rules, for the next load */
	free_detached(&lock, status && !loaded.pinned && !loaded_runs(&loaded));
	return status;
}

/* Returns NULL for "auto", which is the default. */
static const char *asked(const char *name)
{
	return name && strcmp(name, "auto") ? name : NULL;
}

int cmd_load(const struct options *options, int argc, char **argv)
{
	struct request request = {
		.hook = asked(options->hook),
		.check = asked(options->check),
		.options = options->answer ? DSN_OPTION_ANSWER : 0,
	};
	const char *whole = options->whole_reads ? options->whole_reads : "known";
	struct vmms vmms = {};
	int status;

	(void)argc;
	(void)argv;
	if ((options->hook &&
	     !is_one_of("--hook", options->hook, "auto|fexit|kprobe|none|permission")) ||
	    (options->check &&
	     !is_one_of("--check", options->check, "auto|off|usage|resume")) ||
	    !is_one_of("--whole-reads", whole, "known|refuse|allow"))
		return EXIT_USAGE;
	if (options->vmms && strcmp(whole, "known")) {
		say_error("--vmm is for --whole-reads known, not %s", whole);
		return EXIT_USAGE;
	}
	if (!strcmp(whole, "allow"))
		request.options |= DSN_OPTION_WHOLE;
	if (!strcmp(whole, "known"))
		request.options |= DSN_OPTION_VMMS;
	if (geteuid()) {
		say_error(
			"this needs root, like all that loads BPF programs: run it as root");
		return EXIT_FAILED;
	}
	status = check_host();
	if (!status && request.options & DSN_OPTION_VMMS)
		status = find_vmms(options, &vmms);
	if (status)
		return status;
	return load(&request, &vmms, options->json);
}

/* Refuses while ftrace is off: the kernel would find stale records later, and disable it. */
static int check_ftrace(void)
{
	if (host_running().ftrace)
		return EXIT_DONE;
	say_error(
		"kernel.ftrace_enabled is 0: after programs are detached now, the kernel may attach none until the next boot; set it to 1 first, or use --force");
	return EXIT_FAILED;
}

/* Refuses while a guest runs, which would read the real serial. */
static int check_unused(enum dsn_hook hook)
{
	_cleanup_(free_ptr) struct opener *openers = NULL;
	char bdf[BDF_LEN], user[OPENER_LEN];
	size_t count, i;
	int err;

	err = openers_find(hook, &openers, &count);
	if (err) {
		say_error(
			"cannot find out if a device is open: %s; --force unloads anyway",
			openers_error(err));
		return EXIT_FAILED;
	}
	for (i = 0; i < count; i++) {
		bdf_format(&openers[i].id.key, bdf);
		opener_format(&openers[i], user);
		say_error(
			"%s: process %s has it open and would read the real serial: end it first, or use --force",
			bdf, user);
	}
	return count ? EXIT_FAILED : EXIT_DONE;
}

/* Refuses while a process is stopped: only the map has the bytes for it. */
static int check_stopped(void)
{
	_cleanup_(close_fd) int map = pins_open(PIN_REPAIRS);
	struct dsn_repairs *repairs = map < 0 ? NULL : stopped_map(map);
	struct stopped list[DSN_REPAIRS];
	size_t count;

	if (map == -ENOENT)
		return EXIT_DONE;
	if (!repairs) {
		say_error(
			"cannot tell if a process is stopped: cannot map %s/%s: %s; nothing was changed",
			DSN_PIN_DIR, PIN_REPAIRS, strerror(map < 0 ? -map : errno));
		return EXIT_CANNOT_TELL;
	}
	count = stopped_list(repairs, list);
	stopped_unmap(repairs);
	if (!count)
		return EXIT_DONE;
	say_error(
		"process %u (%s) is stopped, and its memory must be corrected: run 'dsnctl repair' first",
		list[0].pid, list[0].command);
	return EXIT_FAILED;
}

static void print_unloaded(const char *text, bool json)
{
	struct json_object *object;

	if (!json) {
		puts(text);
		return;
	}
	object = json_result();
	json_object_object_add(object, "loaded", json_object_new_boolean(false));
	json_print(object);
}

static void report_unloaded(bool json)
{
	say_unlogged(journal_event("unload", "guests read the real serials again"));
	print_unloaded("unloaded: guests read the real serials again", json);
}

/* Locks what there is to unload. Returns an fd, or -1 with the status. */
static int lock_pins(struct loaded *loaded, int *status, bool json)
{
	struct failure failure;
	int lock = pins_lock(PINS_CHANGE, &failure);

	*status = EXIT_DONE;
	if (lock == -ENOENT) {
		*status = loaded_read(loaded, &failure);
		if (!*status && !loaded->pinned && !loaded_runs(loaded)) {
			print_unloaded("not loaded: nothing to do", json);
			return -1;
		}
		/* only the second copy is left */
		lock = *status ? -1 : pins_lock(PINS_CREATE, &failure);
	}
	if (lock < 0)
		*status = say_failure(&failure);
	return lock;
}

/* Refuses what would show a guest the real serial, or harm. Needs the lock. */
static int check_unload(const struct options *options, struct loaded *loaded)
{
	struct failure failure;
	int status = loaded_read_locked(loaded, &failure);

	if (!status)
		status = loaded_check(loaded, &failure);
	if (status)
		return say_failure(&failure);
	if (!options->force && loaded_has_links(loaded)) {
		status = check_ftrace();
		if (!status)
			status = check_unused(loaded->attached.plan.hook);
	}
	return status ? status : check_stopped();
}

int cmd_unload(const struct options *options, int argc, char **argv)
{
	_cleanup_(close_fd) int lock = -1;
	struct failure failure;
	struct loaded loaded;
	int status;

	(void)argc;
	(void)argv;
	if (geteuid()) {
		say_error("this needs root, to whom %s belongs: run it as root",
			  DSN_PIN_DIR);
		return EXIT_FAILED;
	}
	lock = lock_pins(&loaded, &status, options->json);
	if (lock < 0)
		return status;
	status = check_unload(options, &loaded);
	if (status)
		return status;
	status = program_unload(&failure);
	if (status)
		say_failure(&failure);
	else
		report_unloaded(options->json);
	free_detached(&lock, true);
	return status;
}
