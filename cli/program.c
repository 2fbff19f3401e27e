// SPDX-License-Identifier: GPL-2.0
/* The BPF programs: loaded, attached, pinned, and asked how they are. */
#include "program.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "host.h"
#include "pins.h"
#include "sessions.h"
#include "symbols.h"
#include "util.h"
#include "dsnctl.skel.h"

/* Programs that go together; a link is pinned under its program's name. */
#define MAX_PROGRAMS 4

struct set {
	const char *name;
	const char *programs[MAX_PROGRAMS]; /* in the order in which they are attached */
};

static const struct set hooks[] = {
	[DSN_HOOK_NONE] = { "none", {} },
	[DSN_HOOK_FEXIT] = { "fexit", { "dsn_fexit" } },
	[DSN_HOOK_KPROBE] = { "kprobe", { "dsn_kretprobe", "dsn_kprobe" } },
	[DSN_HOOK_PERMISSION] = { "permission", { "dsn_hold", "dsn_withhold" } },
};

static const struct set guards[] = {
	[DSN_GUARD_OFF] = { "none", {} },
	[DSN_GUARD_TRACEPOINT] = { "tracepoint",
				   { "dsn_rpm_resume", "dsn_rpm_usage",
				     "dsn_rpm_idle" } },
	[DSN_GUARD_LSM] = { "lsm", { "dsn_lsm" } },
	[DSN_GUARD_REALTIME] = { "realtime",
				 { "dsn_rpm_resume", "dsn_rpm_usage", "dsn_rpm_idle",
				   "dsn_refuse" } },
	[DSN_GUARD_REFUSE] = { "refuse", { "dsn_unanswered" } },
};

/* Beside a hook that rewrites: without DSN_OPTION_ANSWER, and with it. */
static const struct set answers[] = { { "none", {} }, { "answer", { "dsn_answer" } } };

/*
 * Beside a hook that keeps what it knows of open devices, and there before it and after it:
 * they see a device's next session begin.
 */
static const struct set sessions[] = {
	{ "none", {} }, { "sessions", { "dsn_switched", "dsn_end", "dsn_begin" } }
};

/* The sets that a plan loads, in the order in which they are attached. */
#define SETS 4

struct chosen {
	const struct set *sets[SETS];
};

static struct chosen chosen_by(const struct plan *plan)
{
	return (struct chosen){ { &sessions[plan->sessions], &hooks[plan->hook],
				  &guards[plan->guard],
				  &answers[!!(plan->options & DSN_OPTION_ANSWER)] } };
}

#define for_each_program(i, set) for (i = 0; i < MAX_PROGRAMS && (set)->programs[i]; i++)

static const char *const pinned_maps[] = { PIN_RULESETS, PIN_DEVICES, PIN_COUNTERS,
					   PIN_SESSIONS, PIN_TOTALS,  PIN_KILLS,
					   PIN_WHOLES,	 PIN_EVENTS,  PIN_MONITOR,
					   PIN_STATE,	 PIN_EARLY };

static char kernel_log[16 << 20]; /* a verifier's log that does not fit is an error */

const char *hook_name(enum dsn_hook hook)
{
	return hooks[hook].name;
}

const char *guard_name(enum dsn_guard guard)
{
	return guards[guard].name;
}

static bool has_program(const struct set *set, const char *name)
{
	int i;

	for_each_program(i, set)
		if (!strcmp(set->programs[i], name))
			return true;
	return false;
}

static void __attribute__((format(printf, 2, 3)))
because(struct plan *plan, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(plan->reason, sizeof(plan->reason), format, args);
	va_end(args);
}

/* The line of the verifier's log that says why, else the text of the error. */
static void explain(struct plan *plan, int err)
{
	char *line, *rest = kernel_log, *last = NULL;

	while ((line = strsep(&rest, "\n")))
		if (*line && strncmp(line, "processed ", 10) &&
		    strncmp(line, "verification time", 17))
			last = line;
	because(plan, "%s%s%s", strerror(-err), last ? ": " : "", last ? last : "");
}

/* Pins are named like their maps; those of sections without the dots, which bpffs refuses. */
static struct bpf_map *map_of(struct dsnctl_bpf *skeleton, const char *pin)
{
	struct bpf_map *map = bpf_object__find_map_by_name(skeleton->obj, pin);
	char section[32];

	if (map)
		return map;
	snprintf(section, sizeof(section), ".data.%s", pin);
	return bpf_object__find_map_by_name(skeleton->obj, section);
}

static int reuse_maps(struct dsnctl_bpf *skeleton)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(pinned_maps); i++) {
		_cleanup_(close_fd) int fd = pins_open(pinned_maps[i]);
		struct bpf_map *map = map_of(skeleton, pinned_maps[i]);

		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		err = bpf_map__reuse_fd(map, fd);
		if (err)
			return err;
	}
	return 0;
}

static int pin_maps(struct dsnctl_bpf *skeleton)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(pinned_maps); i++) {
		err = pins_put(pinned_maps[i],
			       bpf_map__fd(map_of(skeleton, pinned_maps[i])));
		if (err)
			return err;
	}
	return 0;
}

static void destroy(struct dsnctl_bpf **skeleton)
{
	dsnctl_bpf__destroy(*skeleton);
}

/* The links of a load that has not been pinned yet; dropped if it fails. */
struct links {
	struct bpf_link *of[SETS][MAX_PROGRAMS];
	struct bpf_link *open; /* NULL where holders_find() is left to find its own way */
	struct dsn_sessions *kept;
};

static void destroy_set(struct bpf_link *links[MAX_PROGRAMS])
{
	int i;

	for (i = 0; i < MAX_PROGRAMS; i++) {
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
}

/* The guard before its hook. */
static void destroy_links(struct links *links)
{
	int set;

	for (set = SETS - 1; set >= 0; set--)
		destroy_set(links->of[set]);
	bpf_link__destroy(links->open);
	sessions_close(&links->kept);
}

static bool needs_lsm(enum dsn_guard guard)
{
	return guard == DSN_GUARD_LSM || guard == DSN_GUARD_REALTIME ||
	       guard == DSN_GUARD_REFUSE;
}

#define TASK_WORK "bpf_task_work_schedule_resume"

/* What the kernel's types, and those of its modules, tell. */
struct features {
	bool known, task_work, srcu_tracepoints, cast;
	bool sessions; /* those where dsn_begin, dsn_end and dsn_switched are attached */
};

static bool has_function(const struct btf *btf, const char *name)
{
	return btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

/* They are megabytes, and read once. */
static const struct features *kernel_features(void)
{
	static struct features features;
	struct btf *kernel, *vfio;

	if (features.known)
		return &features;
	kernel = btf__load_vmlinux_btf();
	/* without it, vfio is no module */
	vfio = kernel ? btf__load_module_btf("vfio_pci_core", kernel) : NULL;
	features = (struct features){
		.known = true,
		.task_work = has_function(kernel, TASK_WORK),
		.srcu_tracepoints = kernel && btf__find_by_name_kind(
						      kernel, "class_srcu_fast_notrace_t",
						      BTF_KIND_TYPEDEF) > 0,
		.cast = has_function(kernel, "bpf_rdonly_cast"),
		.sessions = has_function(kernel, "proc_dointvec") &&
			    has_function(vfio ? vfio : kernel, "vfio_config_init") &&
			    has_function(vfio ? vfio : kernel, "vfio_config_free"),
	};
	btf__free(vfio);
	btf__free(kernel);
	return &features;
}

bool program_prefers_lsm(void)
{
	struct vfio_symbols symbols;

	return host_has_lsm("bpf") && symbols_find_vfio(&symbols) &&
	       symbol_address(TASK_WORK) && kernel_features()->task_work &&
	       kernel_features()->srcu_tracepoints;
}

/* What a guard with an LSM program needs besides it. */
static int check_lsm(struct plan *plan)
{
	if (plan->guard == DSN_GUARD_LSM && !kernel_features()->task_work) {
		because(plan, "the kernel has no %s()", TASK_WORK);
		return -EOPNOTSUPP;
	}
	/* without this it would load, attach, and never be called */
	if (!host_has_lsm("bpf")) {
		because(plan,
			"'bpf' is not among the active LSMs (boot with lsm=..., and bpf in it)");
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * Who has a device open can be asked of the programs that are in force as long as these
 * hold the module whose addresses they know: kprobes do not.
 */
static void configure_open(struct dsnctl_bpf *skeleton, const struct plan *plan,
			   const struct vfio_symbols *symbols)
{
	skeleton->rodata->vfio_device_fops = symbols->fops;
	skeleton->rodata->vfio_device_fops_read = symbols->read;
	bpf_program__set_autoload(skeleton->progs.dsn_open,
				  plan->hook != DSN_HOOK_KPROBE &&
					  (symbols->fops || symbols->read));
}

static int configure(struct dsnctl_bpf *skeleton, struct plan *plan)
{
	struct vfio_symbols symbols;
	bool found = symbols_find_vfio(&symbols);

	skeleton->rodata->can_cast = kernel_features()->cast;
	skeleton->rodata->is_quick =
		kernel_features()->cast && plan->guard == DSN_GUARD_OFF;
	skeleton->rodata->hook = plan->hook;
	skeleton->rodata->guard = plan->guard;
	skeleton->rodata->load_id = plan->id;
	skeleton->rodata->whole_reads_pass = plan->options & DSN_OPTION_WHOLE;
	configure_open(skeleton, plan, &symbols);
	if (needs_lsm(plan->guard) && check_lsm(plan))
		return -EOPNOTSUPP;
	/* only programs that see every file must know those of vfio */
	if (!needs_lsm(plan->guard) && plan->hook != DSN_HOOK_PERMISSION &&
	    !(plan->options & DSN_OPTION_ANSWER))
		return 0;
	if (!found) {
		because(plan,
			"/proc/kallsyms shows no address of vfio_device_fops (kernel.kptr_restrict=2?)");
		return -ENOENT;
	}
	return 0;
}

static int attach_one(struct dsnctl_bpf *skeleton, const char *name,
		      struct bpf_link **link, struct plan *plan)
{
	int err;

	*link = bpf_program__attach(
		bpf_object__find_program_by_name(skeleton->obj, name));
	if (*link)
		return 0;
	err = -errno;
	because(plan, "the kernel does not attach %s: %s", name,
		err == -524 ? "no direct calls for it (ENOTSUPP)" : strerror(-err));
	return err;
}

/* A read of a device's own config space through sysfs lets it idle, as vfio's does. */
static void read_some_config(void)
{
	glob_t found;
	char byte;
	size_t i;
	int fd;

	if (glob("/sys/bus/pci/devices/*/config", 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++) {
		fd = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, &byte, 1) < 0)
			errno = 0;
		close(fd);
	}
	globfree(&found);
}

/* The ground that this guard stands on, tried out: its programs cannot be preempted. */
static int try_tracepoint(struct dsnctl_bpf *skeleton, struct plan *plan)
{
	skeleton->bss->probe.thread = (__u64)getpid() << 32 | (__u32)gettid();
	read_some_config();
	skeleton->bss->probe.thread = 0;
	if (!skeleton->bss->probe.events) {
		because(plan, "no config read of any device was seen by rpm_usage");
		return -ENODATA;
	}
	/* a kernel that never preempts does not count who forbids it */
	if (skeleton->bss->probe.preemptible && host_can_preempt()) {
		because(plan, "this kernel runs tracepoints with preemption on");
		return -EOPNOTSUPP;
	}
	return 0;
}

/* The program that the pinned link of this name holds, or -errno. */
static int open_program(const char *name, struct bpf_prog_info *info)
{
	_cleanup_(close_fd) int link = pins_open(name);
	struct bpf_link_info link_info = {};
	__u32 length = sizeof(link_info);
	int program;

	if (link < 0)
		return link;
	if (bpf_obj_get_info_by_fd(link, &link_info, &length))
		return -errno;
	program = bpf_prog_get_fd_by_id(link_info.prog_id);
	if (program < 0)
		return -errno;
	*info = (struct bpf_prog_info){};
	length = sizeof(*info);
	if (bpf_obj_get_info_by_fd(program, info, &length)) {
		close(program);
		return -errno;
	}
	return program;
}

static bool is_running(const struct set *set)
{
	struct bpf_prog_info info;
	int i;

	for_each_program(i, set) {
		_cleanup_(close_fd) int program = open_program(set->programs[i], &info);

		if (program < 0 ||
		    strncmp(info.name, set->programs[i], sizeof(info.name) - 1))
			return false;
	}
	return i > 0;
}

#define FTRACE_SWITCH "/proc/sys/kernel/ftrace_enabled"

/* Tried out, by a write that changes nothing and is the only one that these programs see. */
static bool switch_is_watched(const struct dsnctl_bpf *skeleton)
{
	_cleanup_(close_fd) int fd = open(FTRACE_SWITCH, O_RDWR | O_CLOEXEC);
	char value = 0;

	return fd >= 0 && pread(fd, &value, 1, 0) == 1 && value == '1' &&
	       pwrite(fd, &value, 1, 0) == 1 && skeleton->bss->switches == 1;
}

/* Until finish_sessions(), whatever becomes of this load: programs that run use them too. */
static int stop_sessions(struct dsnctl_bpf *skeleton, struct links *links)
{
	links->kept = sessions_open(bpf_map__fd(skeleton->maps.data_sessions));
	if (!links->kept)
		return -errno;
	sessions_stop(links->kept);
	return 0;
}

/*
 * From here on each session is seen to begin and to end; what is there from a time when it
 * was not is wiped. It goes without, if it must.
 */
static void watch_sessions(struct dsnctl_bpf *skeleton, struct links *links,
			   struct plan *plan)
{
	bool known = is_running(&sessions[1]);
	int i, err = 0;

	for_each_program(i, &sessions[1])
		err = err ? err
			  : attach_one(skeleton, sessions[1].programs[i],
				       &links->of[0][i], plan);
	if (!err && switch_is_watched(skeleton)) {
		sessions_wipe(links->kept, known);
		return;
	}
	destroy_set(links->of[0]);
	plan->sessions = false;
	plan->reason[0] = '\0';
}

/* All is in its place. */
static void finish_sessions(const struct dsnctl_bpf *skeleton, const struct links *links,
			    const struct plan *plan)
{
	if (plan->sessions)
		sessions_start(links->kept, &skeleton->bss->switches, 1);
}

/*
 * The guard is attached behind the hook, and its programs in their order: a read that
 * they see behind, they have seen before. What is under way meanwhile has time to end.
 */
static int attach(struct dsnctl_bpf *skeleton, struct links *links, struct plan *plan)
{
	struct chosen chosen = chosen_by(plan);
	int set, i, err;

	if (plan->sessions)
		watch_sessions(skeleton, links, plan);
	for (set = 1; set < SETS; set++)
		for_each_program(i, chosen.sets[set]) {
			if (chosen.sets[set] == &guards[plan->guard] && i == 1)
				usleep(50000);
			err = attach_one(skeleton, chosen.sets[set]->programs[i],
					 &links->of[set][i], plan);
			if (err)
				return err;
		}
	if (bpf_program__autoload(skeleton->progs.dsn_open)) {
		err = attach_one(skeleton, "dsn_open", &links->open, plan);
		if (err)
			return err;
	}
	return plan->guard == DSN_GUARD_TRACEPOINT || plan->guard == DSN_GUARD_REALTIME
		       ? try_tracepoint(skeleton, plan)
		       : 0;
}

/* Drops the pinned links of the sets' programs that are not in this one. */
static int drop_others(const struct set *sets, size_t count, const struct set *keep)
{
	size_t other;
	int i, err;

	for (other = 0; other < count; other++)
		for_each_program(i, &sets[other]) {
			if (has_program(keep, sets[other].programs[i]))
				continue;
			err = pins_drop(sets[other].programs[i]);
			if (err)
				return err;
		}
	return 0;
}

/* Puts the set's prepared links in place of those of the same names. */
static int commit(const struct set *set)
{
	int i, err = 0;

	for_each_program(i, set)
		err = err ? err : pins_commit(set->programs[i]);
	return err;
}

/* And of all that were there. */
static int replace(const struct set *sets, size_t count, const struct set *set)
{
	int err = commit(set);

	return err ? err : drop_others(sets, count, set);
}

/*
 * All links are pinned beside the old ones before the first of these goes: whenever this
 * is cut off, one hook and its guard are whole. The old guard goes first, so that it never
 * waits for a hook that is gone. No hook is ever without sessions that it may use.
 */
static int pin_links(const struct plan *plan, struct links *links, int armed)
{
	struct chosen chosen = chosen_by(plan);
	int set, i, err = pins_prepare(PIN_ARMED, armed);

	for (set = 0; set < SETS; set++)
		for_each_program(i, chosen.sets[set])
			err = err ? err
				  : pins_prepare(chosen.sets[set]->programs[i],
						 bpf_link__fd(links->of[set][i]));
	err = err ? err : commit(chosen.sets[0]);
	err = err ? err : replace(guards, ARRAY_SIZE(guards), &guards[plan->guard]);
	err = err ? err : replace(hooks, ARRAY_SIZE(hooks), &hooks[plan->hook]);
	err = err ? err : replace(answers, ARRAY_SIZE(answers), chosen.sets[SETS - 1]);
	/* detached while ftrace is off, they would leave it broken when it is on again */
	if (host_running().ftrace)
		err = err ? err
			  : drop_others(sessions, ARRAY_SIZE(sessions), chosen.sets[0]);
	/* the kernel schedules no task work for a map that has no pin, and answers EBUSY */
	err = err ? err : pins_age(PIN_ARMED);
	return err ? err : pins_commit(PIN_ARMED);
}

static void discard_of(const struct set *sets, size_t count)
{
	size_t set;
	int i;

	for (set = 0; set < count; set++)
		for_each_program(i, &sets[set])
			pins_discard(sets[set].programs[i]);
}

/* Before the hook with which it counts, and never behind it: see holders_find(). */
static int pin_open(const struct links *links)
{
	return links->open ? pins_put(PIN_OPEN, bpf_link__fd(links->open))
			   : pins_drop(PIN_OPEN);
}

/* What was prepared and not committed would hold programs that nobody knows of. */
static void discard_all(void)
{
	discard_of(answers, ARRAY_SIZE(answers));
	discard_of(guards, ARRAY_SIZE(guards));
	discard_of(hooks, ARRAY_SIZE(hooks));
	discard_of(sessions, ARRAY_SIZE(sessions));
	pins_discard(PIN_ARMED);
}

/* Links go some time after their pins, and in any order. */
static void forget_sessions(void)
{
	_cleanup_(close_fd) int map = pins_open(PIN_SESSIONS);
	_cleanup_(sessions_close) struct dsn_sessions *kept =
		map >= 0 ? sessions_open(map) : NULL;

	if (kept)
		sessions_stop(kept);
}

int program_unload(void)
{
	static const struct set none;
	int err;

	discard_all();
	forget_sessions();
	err = pins_drop(PIN_OPEN);
	err = err ? err : drop_others(answers, ARRAY_SIZE(answers), &none);
	err = err ? err : drop_others(guards, ARRAY_SIZE(guards), &none);
	err = err ? err : drop_others(hooks, ARRAY_SIZE(hooks), &none);
	return err ? err : drop_others(sessions, ARRAY_SIZE(sessions), &none);
}

static int open_and_load(struct dsnctl_bpf **skeleton, struct plan *plan)
{
	struct bpf_program *program;
	struct chosen chosen;
	int set, err;

	plan->sessions = kernel_features()->sessions && plan->hook == DSN_HOOK_FEXIT &&
			 plan->guard == DSN_GUARD_OFF;
	chosen = chosen_by(plan);
	*skeleton = dsnctl_bpf__open();
	if (!*skeleton)
		return -errno;
	bpf_object__for_each_program(program, (*skeleton)->obj)
	{
		const char *name = bpf_program__name(program);
		bool wanted = false;

		for (set = 0; set < SETS; set++)
			wanted |= has_program(chosen.sets[set], name);
		bpf_program__set_autoload(program, wanted);
		bpf_program__set_log_buf(program, kernel_log, sizeof(kernel_log));
	}
	err = configure(*skeleton, plan);
	if (!err)
		err = reuse_maps(*skeleton);
	return err ? err : dsnctl_bpf__load(*skeleton);
}

int program_load(struct plan *plan)
{
	_cleanup_(destroy_links) struct links links = {};
	_cleanup_(destroy) struct dsnctl_bpf *skeleton = NULL;
	int err;

	libbpf_set_print(NULL);
	discard_all();
	plan->reason[0] = kernel_log[0] = '\0';
	err = open_and_load(&skeleton, plan);
	if (!err)
		err = stop_sessions(skeleton, &links);
	if (!err)
		err = attach(skeleton, &links, plan);
	if (err) {
		if (!*plan->reason)
			explain(plan, err);
		return err;
	}
	err = pin_maps(skeleton);
	if (!err)
		err = pin_open(&links);
	if (!err)
		err = pin_links(plan, &links, bpf_map__fd(skeleton->maps.armed));
	if (!err)
		finish_sessions(skeleton, &links, plan);
	if (err)
		discard_all();
	if (err)
		because(plan, "cannot pin it in %s: %s", DSN_PIN_DIR, strerror(-err));
	return err;
}

bool program_is_blind(void)
{
	_cleanup_(close_fd) int map = pins_open(PIN_SESSIONS);
	_cleanup_(sessions_close) struct dsn_sessions *kept =
		map >= 0 ? sessions_open(map) : NULL;

	return kept && kept->on && !is_running(&sessions[1]);
}

enum dsn_hook program_hook(void)
{
	enum dsn_hook hook;

	for (hook = DSN_HOOK_FEXIT; hook < ARRAY_SIZE(hooks); hook++)
		if (is_running(&hooks[hook]))
			return hook;
	return DSN_HOOK_NONE;
}

enum dsn_guard program_guard(void)
{
	enum dsn_guard guard;

	/* the realtime guard has the programs of the one before, and one more */
	for (guard = ARRAY_SIZE(guards) - 1; guard > DSN_GUARD_OFF; guard--)
		if (is_running(&guards[guard]))
			return guard;
	return DSN_GUARD_OFF;
}

static int missed_of(const struct set *set, unsigned long long *missed)
{
	struct bpf_prog_info info;
	int i;

	*missed = 0;
	for_each_program(i, set) {
		_cleanup_(close_fd) int program = open_program(set->programs[i], &info);

		if (program < 0)
			return program;
		*missed += info.recursion_misses;
	}
	return 0;
}

int program_hook_missed(enum dsn_hook hook, unsigned long long *missed)
{
	unsigned long long begins = 0;
	int err = missed_of(&hooks[hook], missed);

	if (!err && is_running(&sessions[1]))
		err = missed_of(&sessions[1], &begins);
	*missed += begins;
	return err;
}

int program_guard_missed(enum dsn_guard guard, unsigned long long *missed)
{
	return missed_of(&guards[guard], missed);
}

bool program_answers(void)
{
	return is_running(&answers[1]);
}
