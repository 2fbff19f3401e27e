// SPDX-License-Identifier: GPL-2.0
/* dsnctl load, dsnctl unload: put the programs in force, take them out. */
#include "command.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "bdf.h"
#include "guarantee.h"
#include "holders.h"
#include "host.h"
#include "journal.h"
#include "message.h"
#include "pins.h"
#include "program.h"
#include "ruleset.h"
#include "util.h"
#include "version.h"
#include "when.h"

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
		say_error(
			"this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF, which distributions' kernels have since 5.10");
		return EXIT_UNABLE;
	}
	err = host_load_vfio();
	if (err) {
		say_error(
			"vfio-pci is not there and 'modprobe vfio-pci' does not load it: install the kernel's modules, or boot a kernel with CONFIG_VFIO_PCI");
		return EXIT_UNABLE;
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

/* What the operator lets `load` choose from; "auto" leaves it to the features. */
struct wish {
	const char *hook;
	const char *guard;
	__u32 options; /* enum dsn_option */
};

/* What became of it. */
struct outcome {
	struct plan plan;
	char hook_reason[sizeof(((struct dsn_state *)0)->hook_reason)];
	char guard_reason[sizeof(((struct dsn_state *)0)->guard_reason)];
	bool asked_answer;
	char answer_reason[sizeof(((struct plan *)0)->reason)];
};

static bool is_wanted(const char *wish, const char *name)
{
	return !strcmp(wish, "auto") || !strcmp(wish, name);
}

static bool is_candidate(const struct wish *wish, enum dsn_guard guard,
			 enum dsn_hook hook, const struct running *host)
{
	if (!strcmp(wish->guard, "off"))
		return guard == DSN_GUARD_OFF;
	if (strcmp(wish->guard, "auto"))
		return !strcmp(wish->guard, guard_name(guard)) &&
		       guarantee_goes_with(guard, hook);
	return guarantee_tries_guard(guard, hook, host);
}

/* Notes why a guard could not be had. */
static void note_guard(struct outcome *outcome)
{
	size_t length = strlen(outcome->guard_reason);

	snprintf(outcome->guard_reason + length, sizeof(outcome->guard_reason) - length,
		 "%s%s: %s", length ? "; " : "", guard_name(outcome->plan.guard),
		 outcome->plan.reason);
}

/* With the hook on permissions it is another kind of answer, and always there. */
static __u32 options_for(enum dsn_hook hook, __u32 options)
{
	return options &
	       (hook == DSN_HOOK_PERMISSION ? DSN_OPTION_WHOLE : DSN_OPTION_ANSWER);
}

/* --answer protects nothing: where it cannot be had, the rest is loaded without. */
static int load_plan(struct outcome *outcome)
{
	int err = program_load(&outcome->plan);

	outcome->answer_reason[0] = '\0';
	if (!err || !(outcome->plan.options & DSN_OPTION_ANSWER))
		return err;
	memcpy(outcome->answer_reason, outcome->plan.reason,
	       sizeof(outcome->answer_reason));
	outcome->plan.options &= ~DSN_OPTION_ANSWER;
	return program_load(&outcome->plan);
}

/* What is most likely to work comes first; only what was tried shows whether it does. */
static const enum dsn_guard *order_guards(const struct wish *wish, enum dsn_hook hook,
					  const struct running *host)
{
	static const enum dsn_guard lsm_first[GUARDS] = {
		DSN_GUARD_REALTIME, DSN_GUARD_LSM, DSN_GUARD_TRACEPOINT, DSN_GUARD_REFUSE,
		DSN_GUARD_OFF
	};

	return is_candidate(wish, DSN_GUARD_TRACEPOINT, hook, host) &&
			       is_candidate(wish, DSN_GUARD_LSM, hook, host) &&
			       program_prefers_lsm()
		       ? lsm_first
		       : guard_order;
}

static int load_with_guard(const struct wish *wish, enum dsn_hook hook,
			   struct outcome *outcome)
{
	struct running host = host_running();
	const enum dsn_guard *order = order_guards(wish, hook, &host);
	int err = -EINVAL;
	size_t i;

	outcome->guard_reason[0] = outcome->plan.reason[0] = '\0';
	for (i = 0; err && i < GUARDS; i++) {
		if (!is_candidate(wish, order[i], hook, &host))
			continue;
		/* less than what runs is put in its place only if it is asked for */
		if (order[i] == DSN_GUARD_OFF && !strcmp(wish->guard, "auto") &&
		    guarantee_needs_guard(hook, &host) &&
		    program_guard() != DSN_GUARD_OFF)
			return -EALREADY;
		outcome->plan =
			(struct plan){ .hook = hook,
				       .guard = order[i],
				       .options = options_for(hook, wish->options),
				       .id = boot_time_ns() };
		err = load_plan(outcome);
		if (err == -ENOMEM || err == -ENOSPC || err == -EMFILE)
			return err;
		if (err && order[i] != DSN_GUARD_OFF)
			note_guard(outcome);
	}
	if (!err && !strcmp(wish->guard, "off"))
		snprintf(outcome->guard_reason, sizeof(outcome->guard_reason),
			 "turned off (--guard off)");
	if (err == -EINVAL && !*outcome->plan.reason && !*outcome->guard_reason)
		snprintf(outcome->guard_reason, sizeof(outcome->guard_reason),
			 "guard %s does not go with hook %s", wish->guard,
			 hook_name(hook));
	return err;
}

/* Says why it could not be had, in terms of what an operator can do. */
static int explain_refusal(int err, const struct wish *wish,
			   const struct outcome *outcome, const char *kprobe,
			   const char *permission)
{
	const char *lockdown = host_lockdown();
	char jit[8];

	if (err == -ENOMEM || err == -ENOSPC || err == -EMFILE) {
		say_error("cannot load: %s", strerror(-err));
		return EXIT_FAILED;
	}
	if (err == -EALREADY) {
		say_error("the guard that runs stays, as no new one could be had: %s",
			  outcome->guard_reason);
		return EXIT_FAILED;
	}
	if (strcmp(lockdown, "none") && !is_wanted(wish->hook, "permission")) {
		say_error(
			"kernel lockdown is '%s', as Secure Boot sets it: the kernel refuses the helper bpf_probe_write_user, without which reads cannot be rewritten; without --hook there is one that does not write",
			lockdown);
		return EXIT_UNABLE;
	}
	if (!host_read("/proc/sys/net/core/bpf_jit_enable", jit, sizeof(jit)) &&
	    !strcmp(jit, "0")) {
		say_error(
			"the kernel does not compile BPF programs: set net.core.bpf_jit_enable to 1");
		return EXIT_UNABLE;
	}
	if (strcmp(wish->guard, "auto") && *outcome->guard_reason) {
		say_error("this kernel cannot have what was asked for: %s",
			  outcome->guard_reason);
		return EXIT_UNABLE;
	}
	if (strcmp(lockdown, "none")) {
		say_error(
			"kernel lockdown is '%s', as Secure Boot sets it, and this kernel takes no hook then: %s; turn Secure Boot or lockdown off",
			lockdown, permission);
		return EXIT_UNABLE;
	}
	say_error(
		"this kernel takes none of the hooks: fexit: %s; kprobe: %s; permission: %s",
		outcome->hook_reason, kprobe, permission);
	return EXIT_UNABLE;
}

/* Whether there is no sense in trying another hook. */
static bool is_final(int err)
{
	return !err || err == -EALREADY || err == -ENOMEM || err == -ENOSPC ||
	       err == -EMFILE;
}

/* Less than what runs is put in its place only if it is asked for. */
static bool would_weaken(const struct wish *wish)
{
	enum dsn_hook hook = program_hook();

	return strcmp(wish->hook, "permission") && hook != DSN_HOOK_NONE &&
	       hook != DSN_HOOK_PERMISSION;
}

/* fexit, else the kprobe pair; where the kernel allows neither, the one without writing. */
static int load_programs(const struct wish *wish, struct outcome *outcome)
{
	char kprobe[sizeof(outcome->plan.reason)] = "not tried";
	char permission[sizeof(outcome->plan.reason)] = "not tried";
	const char *lockdown = host_lockdown();
	bool writes = strcmp(wish->hook, "auto") || !strcmp(lockdown, "none");
	/* a guard that was asked for is no reason for a weaker hook */
	bool may_fall_back = !writes || !strcmp(wish->hook, "permission") ||
			     !strcmp(wish->guard, "auto") || !strcmp(wish->guard, "off");
	int err = -EINVAL;

	snprintf(outcome->hook_reason, sizeof(outcome->hook_reason),
		 "not tried (--hook %s)", wish->hook);
	if (!writes)
		snprintf(
			outcome->hook_reason, sizeof(outcome->hook_reason),
			"kernel lockdown is '%s', as Secure Boot sets it: no program may write into a VMM",
			lockdown);
	if (writes && is_wanted(wish->hook, "fexit")) {
		err = load_with_guard(wish, DSN_HOOK_FEXIT, outcome);
		memcpy(outcome->hook_reason, outcome->plan.reason,
		       sizeof(outcome->hook_reason));
	}
	if (writes && !is_final(err) && is_wanted(wish->hook, "kprobe")) {
		err = load_with_guard(wish, DSN_HOOK_KPROBE, outcome);
		memcpy(kprobe, outcome->plan.reason, sizeof(kprobe));
	}
	if (!is_final(err) && may_fall_back && is_wanted(wish->hook, "permission")) {
		if (would_weaken(wish)) {
			say_error(
				"the hook that runs rewrites reads and stays, as no new one of its kind could be had: %s",
				outcome->hook_reason);
			return EXIT_FAILED;
		}
		err = load_with_guard(wish, DSN_HOOK_PERMISSION, outcome);
		memcpy(permission, outcome->plan.reason, sizeof(permission));
	}
	return err ? explain_refusal(err, wish, outcome, kprobe, permission) : EXIT_DONE;
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
	json_object_object_add(object, "guard",
			       json_object_new_string(guard_name(outcome->plan.guard)));
	json_object_object_add(object, "guarantee",
			       json_object_new_string(level_name(guarantee->level)));
	json_object_object_add(object, "ground",
			       json_object_new_string(guarantee->ground));
	json_object_object_add(
		object, "answer",
		json_object_new_boolean(outcome->plan.options & DSN_OPTION_ANSWER));
	json_print(object);
}

/* What was loaded, on stdout; what is not as it should be, on stderr. */
static void report(const struct outcome *outcome, const struct dsn_missed *missed,
		   bool json)
{
	struct running host = host_running();
	struct guarantee guarantee;
	char text[96];

	guarantee_find(&guarantee,
		       &(struct loaded){ .hook = outcome->plan.hook,
					 .guard = outcome->plan.guard,
					 .options = outcome->plan.options },
		       &host, missed, outcome->guard_reason);
	snprintf(text, sizeof(text), "hook %s, guard %s: %s",
		 hook_name(outcome->plan.hook), guard_name(outcome->plan.guard),
		 level_name(guarantee.level));
	journal_event("load", text);
	if (*outcome->hook_reason)
		say_warning("not hooked by fexit: %s", outcome->hook_reason);
	if (outcome->plan.hook == DSN_HOOK_PERMISSION && outcome->asked_answer)
		say_warning("loaded without --answer: nothing can be written here");
	if (*outcome->answer_reason)
		say_warning("loaded without --answer: %s", outcome->answer_reason);
	if (guarantee.level != LEVEL_PROVEN)
		say_warning("only %s: %s; %s", level_name(guarantee.level),
			    guarantee.ground, guarantee.remedy);
	if (json)
		print_json(outcome, &guarantee);
	else
		printf("loaded: %s\n", text);
}

/* Whoever has a device open now may have read its serial before. */
static void note_early(void)
{
	_cleanup_(free_ptr) struct holder *holders = NULL;
	char bdf[BDF_LEN], user[HOLDER_LEN];
	size_t count, i;
	int err;

	err = holders_find(&holders, &count);
	if (!err)
		err = holders_mark_early(holders, count);
	if (err)
		say_warning("cannot tell which devices were open before this: %s",
			    holders_error(err));
	for (i = 0; i < count; i++) {
		bdf_format(&holders[i].opener.key, bdf);
		holder_format(&holders[i], user);
		say_warning(
			"%s: process %s had it open before this, and what it has read until now is real: start it again",
			bdf, user);
	}
}

static __u64 unannounced_until_now(void)
{
	_cleanup_(close_fd) int fd = pins_open(PIN_TOTALS);
	struct dsn_totals totals = {};
	__u32 zero = 0;

	return fd < 0 || bpf_map_lookup_elem(fd, &zero, &totals) ? 0 : totals.unannounced;
}

/* `missed` is of the programs that ran before, and would be forgotten with them. */
static int write_state(const struct outcome *outcome, const struct dsn_missed *missed)
{
	_cleanup_(close_fd) int fd = pins_open(PIN_STATE);
	struct dsn_state state = {
		.layout = DSN_LAYOUT,
		.hook = outcome->plan.hook,
		.guard = outcome->plan.guard,
		.options = outcome->plan.options,
		.missed = *missed,
		.loaded_ns = outcome->plan.id,
		.unannounced = unannounced_until_now(),
	};
	__u32 zero = 0;

	if (fd < 0)
		return fd;
	snprintf(state.version, sizeof(state.version), "%s", DSNCTL_VERSION);
	memcpy(state.hook_reason, outcome->hook_reason, sizeof(state.hook_reason));
	memcpy(state.guard_reason, outcome->guard_reason, sizeof(state.guard_reason));
	return bpf_map_update_elem(fd, &zero, &state, BPF_ANY) ? -errno : 0;
}

/* What the programs have missed that now run, and those before them. */
static struct dsn_missed missed_until_now(void)
{
	_cleanup_(close_fd) int fd = pins_open(PIN_STATE);
	unsigned long long hook = 0, guard = 0;
	struct dsn_state state = {};
	__u32 zero = 0;

	if (fd >= 0 && bpf_map_lookup_elem(fd, &zero, &state))
		state = (struct dsn_state){};
	program_hook_missed(program_hook(), &hook);
	program_guard_missed(program_guard(), &guard);
	return (struct dsn_missed){ state.missed.hook + hook,
				    state.missed.guard + guard };
}

static int put_in_force(const struct wish *wish, bool json)
{
	_cleanup_(close_fd) int rules = pins_open(PIN_RULESETS);
	bool first = program_hook() == DSN_HOOK_NONE;
	struct dsn_missed missed = missed_until_now();
	struct outcome outcome = { .asked_answer = wish->options & DSN_OPTION_ANSWER };
	int status, err;

	status = load_programs(wish, &outcome);
	/* what was there before, rules above all, waits for a load that works */
	if (status && first && rules < 0)
		pins_drop_all();
	if (status)
		return status;
	err = publish_rules();
	if (!err)
		err = write_state(&outcome, &missed);
	if (err) {
		say_error(
			"the programs are in force, but %s is not complete: %s; run 'dsnctl load' again",
			DSN_PIN_DIR, strerror(-err));
		return EXIT_FAILED;
	}
	if (first)
		note_early();
	report(&outcome, &missed, json);
	return EXIT_DONE;
}

int cmd_load(const struct options *options, int argc, char **argv)
{
	struct wish wish = {
		.hook = options->hook ? options->hook : "auto",
		.guard = options->guard ? options->guard : "auto",
		.options = options->answer ? DSN_OPTION_ANSWER : 0,
	};
	const char *whole = options->whole_reads ? options->whole_reads : "refuse";
	_cleanup_(close_fd) int lock = -1;
	int status, err;
	__u32 layout;

	(void)argc;
	(void)argv;
	if (!is_one_of("--hook", wish.hook, "auto|fexit|kprobe|permission") ||
	    !is_one_of("--guard", wish.guard,
		       "auto|off|tracepoint|lsm|realtime|refuse") ||
	    !is_one_of("--whole-reads", whole, "refuse|allow"))
		return EXIT_USAGE;
	if (!strcmp(whole, "allow"))
		wish.options |= DSN_OPTION_WHOLE;
	if (geteuid()) {
		say_error(
			"this needs root: loading BPF programs that write into other processes does");
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
		say_error("cannot read %s/%s: %s", DSN_PIN_DIR, PIN_STATE,
			  strerror(-err));
		return EXIT_FAILED;
	}
	/* 0: a load that did not get to its end */
	if (layout && layout != DSN_LAYOUT) {
		say_error(
			"%s holds maps of another version of dsnctl (layout %u, this one has %u), and it stays in force: 'dsnctl dump', 'dsnctl unload' and 'dsnctl load' while no guest runs, then set the rules again",
			DSN_PIN_DIR, layout, DSN_LAYOUT);
		return EXIT_FAILED;
	}
	return put_in_force(&wish, options->json);
}

/* The kernel notices at some later time what was not undone, and gives ftrace up. */
static int check_ftrace(void)
{
	if (host_running().ftrace)
		return EXIT_DONE;
	say_error(
		"kernel.ftrace_enabled is 0: with programs taken out now, the kernel may attach none any more until the next boot: set it to 1 first, or use --force");
	return EXIT_FAILED;
}

/* With the programs gone, a guest that runs would read the real serials. */
static int check_unused(void)
{
	_cleanup_(free_ptr) struct holder *holders = NULL;
	char bdf[BDF_LEN], user[HOLDER_LEN];
	size_t count, i;
	int err;

	err = holders_find(&holders, &count);
	if (err) {
		say_error(
			"cannot tell whether a device is open: %s; --force unloads all the same",
			holders_error(err));
		return EXIT_FAILED;
	}
	for (i = 0; i < count; i++) {
		bdf_format(&holders[i].opener.key, bdf);
		holder_format(&holders[i], user);
		say_error(
			"%s: process %s has it open and would read the real serial: end it first, or use --force",
			bdf, user);
	}
	return count ? EXIT_FAILED : EXIT_DONE;
}

static int told_unloaded(const char *text, bool json)
{
	struct json_object *object;

	if (!json) {
		puts(text);
		return EXIT_DONE;
	}
	object = json_result();
	json_object_object_add(object, "loaded", json_object_new_boolean(false));
	json_print(object);
	return EXIT_DONE;
}

int cmd_unload(const struct options *options, int argc, char **argv)
{
	_cleanup_(close_fd) int lock = -1;
	int err;

	(void)argc;
	(void)argv;
	if (!geteuid() && access(DSN_PIN_DIR, F_OK) && access(DSN_KEEP_DIR, F_OK))
		return told_unloaded("not loaded: nothing to do", options->json);
	lock = pins_lock(PINS_CREATE);
	if (lock < 0)
		return EXIT_FAILED;
	if (!options->force && program_hook() != DSN_HOOK_NONE &&
	    (check_ftrace() || check_unused()))
		return EXIT_FAILED;
	err = program_unload();
	if (!err)
		err = pins_drop_all();
	if (err) {
		say_error("cannot drop all of %s: %s", DSN_PIN_DIR, strerror(-err));
		return EXIT_FAILED;
	}
	journal_event("unload", "guests read the real serials again");
	return told_unloaded("unloaded: guests read the real serials again",
			     options->json);
}
