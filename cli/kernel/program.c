// SPDX-License-Identifier: GPL-2.0
/* The BPF programs: loads, attaches, pins, finds and unloads them. */
#include "kernel/program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "kernel/host.h"
#include "kernel/pins.h"
#include "lib/time.h"
#include "lib/util.h"
#include "dsnctl.skel.h"

/*
 * A link, pinned under its name. They are attached in this order, the check before the hook,
 * so that the hook never sees a read that the check does not; and dropped in reverse.
 */
static const struct attachment {
	const char *pin;
	const char *program;
	const char *tracepoint; /* of a raw tracepoint program */
} attachments[] = {
	{ "dsn_hold", "dsn_hold", NULL },
	{ "dsn_usage", "dsn_usage", "rpm_usage" },
	{ "dsn_idle", "dsn_usage", "rpm_idle" },
	{ "dsn_resume", "dsn_resume", NULL },
	{ "dsn_kretprobe", "dsn_kretprobe", NULL },
	{ "dsn_kprobe", "dsn_kprobe", NULL },
	{ "dsn_fexit", "dsn_fexit", NULL },
	{ "dsn_answer", "dsn_answer", NULL },
	{ "dsn_gate", "dsn_gate", NULL },
};

#define ATTACHMENTS ARRAY_SIZE(attachments)

_Static_assert(ATTACHMENTS == PROGRAM_LINKS, "struct attached has an id for each link");

/* The layer that a plan loads a program for; GROUPS if it does not load it. */
static enum group group_of(const char *program, const struct plan *plan)
{
	if (!strcmp(program, "dsn_fexit") && plan->hook == DSN_HOOK_FEXIT)
		return GROUP_FEXIT;
	if ((!strcmp(program, "dsn_kprobe") || !strcmp(program, "dsn_kretprobe")) &&
	    plan->hook == DSN_HOOK_KPROBE)
		return GROUP_KPROBE;
	if ((!strcmp(program, "dsn_hold") || !strcmp(program, "dsn_answer")) &&
	    plan->hook == DSN_HOOK_PERMISSION)
		return GROUP_PERMISSION;
	if (!strcmp(program, "dsn_usage") && plan->check == DSN_CHECK_USAGE)
		return GROUP_USAGE;
	if (!strcmp(program, "dsn_resume") && plan->check == DSN_CHECK_RESUME)
		return GROUP_RESUME;
	if (!strcmp(program, "dsn_answer") && plan->options & DSN_OPTION_ANSWER)
		return GROUP_ANSWER;
	if (!strcmp(program, "dsn_gate") && plan->options & DSN_OPTION_GATE)
		return GROUP_GATE;
	return GROUPS;
}

static const char *const pinned_maps[] = { PIN_RULESETS, PIN_COUNTERS, PIN_SLOTS,
					   PIN_TOTALS,	 PIN_KILLS,    PIN_WHOLES,
					   PIN_EVENTS,	 PIN_MONITOR,  PIN_REPAIRS,
					   PIN_WAKEUPS,	 PIN_STATE,    PIN_EARLY,
					   PIN_VMMS };

static char kernel_log[16 << 20]; /* a verifier's log that does not fit is an error */

static void __attribute__((format(printf, 3, 4)))
refuse(struct refusal *refusal, enum group group, const char *format, ...)
{
	va_list args;

	refusal->group = group;
	va_start(args, format);
	vsnprintf(refusal->reason, sizeof(refusal->reason), format, args);
	va_end(args);
}

/* Finds the line of the verifier's log with the reason, else the text of the error. */
static void explain(struct refusal *refusal, enum group group, int err)
{
	char *line, *rest = kernel_log, *last = NULL;

	while ((line = strsep(&rest, "\n")))
		if (*line && strncmp(line, "processed ", 10) &&
		    strncmp(line, "verification time", 17))
			last = line;
	refuse(refusal, group, "%s%s%s", strerror(-err), last ? ": " : "",
	       last ? last : "");
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

		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		err = bpf_map__reuse_fd(map_of(skeleton, pinned_maps[i]), fd);
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

/* Keeps the program of a link that is to be dropped, if a trampoline calls it. */
static int keep(int link)
{
	_cleanup_(close_fd) int program = -1;
	struct bpf_link_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &length))
		return -errno;
	if (info.type != BPF_LINK_TYPE_TRACING)
		return 0;
	program = bpf_prog_get_fd_by_id(info.prog_id);
	return program < 0 ? -errno : pins_keep(program);
}

static int keep_at(int (*open_pin)(const char *name), const char *pin)
{
	_cleanup_(close_fd) int link = open_pin(pin);

	if (link < 0)
		return link == -ENOENT ? 0 : link;
	return keep(link);
}

/* Keeps all that is pinned, also what a load that was interrupted has prepared. */
static int keep_pinned(void)
{
	char prepared[32];
	size_t i;
	int err = 0;

	for (i = 0; i < ATTACHMENTS && !err; i++) {
		snprintf(prepared, sizeof(prepared), "%s_new", attachments[i].pin);
		err = keep_at(pins_open, attachments[i].pin);
		err = err ? err : keep_at(pins_open_copy, attachments[i].pin);
		err = err ? err : keep_at(pins_open, prepared);
		err = err ? err : keep_at(pins_open_copy, prepared);
	}
	return err;
}

static bool has_trampoline(const struct bpf_program *program)
{
	switch (bpf_program__expected_attach_type(program)) {
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
	case BPF_MODIFY_RETURN:
	case BPF_LSM_MAC:
		return true;
	default:
		return false;
	}
}

/* Keeps the programs of a load before they are attached. */
static int keep_loaded(const struct dsnctl_bpf *skeleton)
{
	struct bpf_program *program;
	int err = 0;

	bpf_object__for_each_program(program, skeleton->obj)
	{
		if (!err && bpf_program__fd(program) >= 0 && has_trampoline(program))
			err = pins_keep(bpf_program__fd(program));
	}
	return err;
}

/* Drops the pins of kept programs that a pinned link holds. */
static void drop_attached(struct kept *kept, int link)
{
	struct bpf_link_info info = {};
	__u32 length = sizeof(info);

	if (link >= 0 && !bpf_obj_get_info_by_fd(link, &info, &length))
		pins_drop_kept(kept, info.prog_id);
}

void program_list_detached(struct kept *kept)
{
	size_t i;

	pins_list_kept(kept);
	for (i = 0; i < ATTACHMENTS && kept->count; i++) {
		_cleanup_(close_fd) int link = pins_open(attachments[i].pin);
		_cleanup_(close_fd) int copy = pins_open_copy(attachments[i].pin);

		drop_attached(kept, link);
		drop_attached(kept, copy);
	}
}

static void destroy(struct dsnctl_bpf **skeleton)
{
	dsnctl_bpf__destroy(*skeleton);
}

/* The links of a load that are not pinned yet; dropped if it fails. */
struct links {
	struct bpf_link *of[ATTACHMENTS];
	struct bpf_link *open; /* NULL if openers_find() has to load its own */
};

static void destroy_links(struct links *links)
{
	size_t i;

	for (i = ATTACHMENTS; i-- > 0;)
		bpf_link__destroy(links->of[i]);
	bpf_link__destroy(links->open);
}

/* Sets the constants of the programs for this host and this load. */
static int configure(struct dsnctl_bpf *skeleton, const struct plan *plan,
		     const struct host *host, __u64 id, struct refusal *refusal)
{
	struct vfio_symbols symbols;
	bool found = host_vfio_symbols(&symbols);

	skeleton->rodata->can_cast = host->cast;
	skeleton->rodata->hook = plan->hook;
	skeleton->rodata->check = plan->check;
	skeleton->rodata->options = plan->options;
	skeleton->rodata->load_id = id;
	skeleton->rodata->is_realtime = host->running.model == PREEMPTION_RT;
	skeleton->rodata->ring_sleeps = host_ringbuf_sleeps();
	skeleton->rodata->vfio_device_fops = symbols.fops;
	skeleton->rodata->vfio_device_fops_read = symbols.read;
	/* the pinned iterator is valid while a link holds the module that it knows */
	bpf_program__set_autoload(skeleton->progs.dsn_open,
				  found && (plan->hook == DSN_HOOK_FEXIT ||
					    plan->hook == DSN_HOOK_PERMISSION));
	/* programs that run for every file must know those of vfio */
	if (found || (plan->hook != DSN_HOOK_PERMISSION &&
		      !(plan->options & (DSN_OPTION_ANSWER | DSN_OPTION_GATE))))
		return 0;
	refuse(refusal,
	       plan->hook == DSN_HOOK_PERMISSION   ? GROUP_PERMISSION
	       : plan->options & DSN_OPTION_ANSWER ? GROUP_ANSWER
						   : GROUP_GATE,
	       "the kernel shows no address of vfio_device_fops");
	return -ENOENT;
}

/* Finds the first program that the kernel has refused. */
static enum group find_culprit(struct dsnctl_bpf *skeleton, const struct plan *plan)
{
	struct bpf_program *program;

	bpf_object__for_each_program(
		program,
		skeleton->obj) if (bpf_program__autoload(program) &&
				   bpf_program__fd(program) <
					   0) return group_of(bpf_program__name(program),
							      plan);
	return GROUPS;
}

static int open_and_load(struct dsnctl_bpf **skeleton, const struct plan *plan,
			 const struct host *host, __u64 id, struct refusal *refusal)
{
	struct bpf_program *program;
	int err;

	*skeleton = dsnctl_bpf__open();
	if (!*skeleton)
		return -errno;
	bpf_object__for_each_program(program, (*skeleton)->obj)
	{
		bpf_program__set_autoload(
			program, group_of(bpf_program__name(program), plan) != GROUPS);
		bpf_program__set_log_buf(program, kernel_log, sizeof(kernel_log));
	}
	err = configure(*skeleton, plan, host, id, refusal);
	if (!err)
		err = reuse_maps(*skeleton);
	if (err)
		return err;
	err = dsnctl_bpf__load(*skeleton);
	if (err)
		explain(refusal, find_culprit(*skeleton, plan), err);
	return err;
}

static int attach_one(struct dsnctl_bpf *skeleton, const struct attachment *attachment,
		      enum group group, struct bpf_link **link, struct refusal *refusal)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(skeleton->obj, attachment->program);
	int err;

	*link = attachment->tracepoint ? bpf_program__attach_raw_tracepoint(
						 program, attachment->tracepoint)
				       : bpf_program__attach(program);
	if (*link)
		return 0;
	err = -errno;
	refuse(refusal, group, "the kernel does not attach %s: %s", attachment->pin,
	       err == -524 ? "no direct calls for it (ENOTSUPP)" : strerror(-err));
	return err;
}

/* Reads devices' config space through sysfs, which passes the check's tracepoints too. */
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

/* Tries what the check depends on: its program cannot be preempted. */
static int try_check(struct dsnctl_bpf *skeleton, const struct plan *plan,
		     const struct host *host, struct refusal *refusal)
{
	enum group group = plan->check == DSN_CHECK_USAGE ? GROUP_USAGE : GROUP_RESUME;
	typeof(skeleton->bss->probe) *probe = &skeleton->bss->probe;

	probe->thread = (__u64)getpid() << 32 | (__u32)gettid();
	read_some_config();
	probe->thread = 0;
	if (!probe->events) {
		refuse(refusal, group, "no config read of any device passed %s",
		       plan->check == DSN_CHECK_USAGE ? "rpm_usage" : "rpm_resume");
		return -ENODATA;
	}
	/* a kernel that never preempts has no count of who forbids it */
	if (probe->preemptible && host->can_preempt) {
		refuse(refusal, group, "this kernel runs tracepoints with preemption on");
		return -EOPNOTSUPP;
	}
	if (plan->check == DSN_CHECK_RESUME && !probe->works) {
		refuse(refusal, group,
		       "task work that was armed did not run before the return to user mode");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int attach(struct dsnctl_bpf *skeleton, struct links *links,
		  const struct plan *plan, const struct host *host,
		  struct refusal *refusal)
{
	bool tried = plan->check == DSN_CHECK_OFF;
	enum group group;
	int err;
	size_t i;

	for (i = 0; i < ATTACHMENTS; i++) {
		group = group_of(attachments[i].program, plan);
		if (group == GROUPS)
			continue;
		err = attach_one(skeleton, &attachments[i], group, &links->of[i],
				 refusal);
		if (err)
			return err;
	}
	if (!tried) {
		err = try_check(skeleton, plan, host, refusal);
		if (err)
			return err;
	}
	if (!bpf_program__autoload(skeleton->progs.dsn_open))
		return 0;
	links->open = bpf_program__attach(skeleton->progs.dsn_open);
	return links->open ? 0 : -errno;
}

/*
 * Pins all links beside the old ones before the first of these is dropped: if this is
 * interrupted, each layer that ran before is whole, old or new. The old hook is dropped
 * before the old check, so that it never waits for a check that is gone.
 */
static int pin_links(const struct links *links)
{
	int err = 0;
	size_t i;

	for (i = 0; i < ATTACHMENTS; i++)
		if (links->of[i])
			err = err ? err
				  : pins_prepare(attachments[i].pin,
						 bpf_link__fd(links->of[i]));
	for (i = ATTACHMENTS; i-- > 0;) {
		if (err)
			return err;
		err = links->of[i] ? pins_commit(attachments[i].pin)
				   : pins_drop(attachments[i].pin);
	}
	return err;
}

/*
 * Drops the iterator before the hook, which holds the modules that it knows; see
 * openers_find().
 */
static int pin_open(const struct links *links)
{
	return links->open ? pins_put(PIN_OPEN, bpf_link__fd(links->open))
			   : pins_drop(PIN_OPEN);
}

/*
 * Drops what was prepared and not committed; no later command would find those programs.
 */
static void discard_all(void)
{
	size_t i;

	for (i = 0; i < ATTACHMENTS; i++)
		pins_discard(attachments[i].pin);
}

/* A limit for the grace period after which the kernel frees links that nothing holds. */
#define FREED_NS (5 * 1000000000ULL)

/* Waits until no link of our programs is left. Returns as program_find_elsewhere(). */
static int wait_until_gone(void)
{
	static const struct attached none;
	__u64 end = boot_time_ns() + FREED_NS;
	int left;

	while ((left = program_find_elsewhere(&none)) > 0 && boot_time_ns() < end)
		usleep(10000);
	return left;
}

int program_unload(struct failure *failure)
{
	const char *pins[ATTACHMENTS + 1] = { PIN_OPEN };
	size_t i;
	int status, err;

	for (i = 0; i < ATTACHMENTS; i++)
		pins[i + 1] = attachments[ATTACHMENTS - 1 - i].pin;
	err = keep_pinned();
	if (err)
		return failure_set(
			failure, err == -EROFS ? EXIT_FAILED : EXIT_CANNOT_TELL,
			"cannot keep the programs in %s until they are detached: %s; nothing was changed",
			DSN_PIN_DIR, strerror(-err));
	status = pins_drop_all(pins, ARRAY_SIZE(pins), failure);
	if (!status && wait_until_gone())
		status = failure_set(
			failure, EXIT_FAILED,
			"the pins are dropped, but programs of dsnctl stay active: another bpffs, as in a container, has them pinned too; 'bpftool link' lists them");
	return status;
}

/* Loads and attaches the programs, all of which are kept meanwhile. */
static int load_and_attach(struct dsnctl_bpf **skeleton, struct links *links,
			   const struct plan *plan, const struct host *host, __u64 id,
			   struct refusal *refusal)
{
	int err;

	discard_all();
	err = open_and_load(skeleton, plan, host, id, refusal);
	if (!err)
		err = keep_loaded(*skeleton);
	return err ? err : attach(*skeleton, links, plan, host, refusal);
}

int program_load(const struct plan *plan, const struct host *host, __u64 id,
		 struct refusal *refusal)
{
	_cleanup_(destroy_links) struct links links = {};
	_cleanup_(destroy) struct dsnctl_bpf *skeleton = NULL;
	int err;

	libbpf_set_print(NULL);
	*refusal = (struct refusal){ .group = GROUPS };
	kernel_log[0] = '\0';
	err = keep_pinned();
	if (!err)
		err = load_and_attach(&skeleton, &links, plan, host, id, refusal);
	if (err) {
		if (!*refusal->reason)
			refuse(refusal, GROUPS, "%s", strerror(-err));
		return err;
	}
	pins_make_copy(refusal->no_copy);
	err = pin_maps(skeleton);
	if (!err)
		err = pin_open(&links);
	if (!err)
		err = pin_links(&links);
	if (!err)
		return 0;
	discard_all();
	refuse(refusal, GROUPS, "cannot pin it in %s: %s", DSN_PIN_DIR, strerror(-err));
	return err;
}

/* Gets the program that a link holds. Returns 0 or -errno. */
static int get_program(int link, __u32 *link_id, struct bpf_prog_info *info)
{
	struct bpf_link_info link_info = {};
	__u32 length = sizeof(link_info);
	_cleanup_(close_fd) int program = -1;

	if (bpf_obj_get_info_by_fd(link, &link_info, &length))
		return -errno;
	*link_id = link_info.id;
	program = bpf_prog_get_fd_by_id(link_info.prog_id);
	if (program < 0)
		return -errno;
	*info = (struct bpf_prog_info){};
	length = sizeof(*info);
	return bpf_obj_get_info_by_fd(program, info, &length) ? -errno : 0;
}

static bool is_named(const struct bpf_prog_info *info, const char *program)
{
	return !strncmp(info->name, program, sizeof(info->name) - 1);
}

/* A pinned link, as it was found. */
struct found {
	bool ours; /* it holds our program */
	unsigned long long missed;
};

static int find_link(const struct attachment *attachment, __u32 *id, struct found *found)
{
	_cleanup_(close_fd) int link = pins_open(attachment->pin);
	struct bpf_prog_info info;
	int err;

	*found = (struct found){};
	if (link < 0)
		return link == -ENOENT ? 0 : link;
	err = get_program(link, id, &info);
	if (err)
		return err;
	found->ours = is_named(&info, attachment->program);
	found->missed = info.recursion_misses;
	return 0;
}

/* Tests if all attachments that a plan has for one group were found. */
static bool is_running(enum group group, const struct plan *plan,
		       const struct found found[ATTACHMENTS])
{
	size_t i, count = 0;

	for (i = 0; i < ATTACHMENTS; i++) {
		if (group_of(attachments[i].program, plan) != group)
			continue;
		if (!found[i].ours)
			return false;
		count++;
	}
	return count > 0;
}

static void find_layers(const struct found found[ATTACHMENTS], struct plan *plan)
{
	static const struct {
		enum group group;
		struct plan plan;
	} layers[] = {
		{ GROUP_FEXIT, { .hook = DSN_HOOK_FEXIT } },
		{ GROUP_KPROBE, { .hook = DSN_HOOK_KPROBE } },
		{ GROUP_PERMISSION, { .hook = DSN_HOOK_PERMISSION } },
		{ GROUP_USAGE, { .check = DSN_CHECK_USAGE } },
		{ GROUP_RESUME, { .check = DSN_CHECK_RESUME } },
		{ GROUP_GATE, { .options = DSN_OPTION_GATE } },
		{ GROUP_ANSWER, { .options = DSN_OPTION_ANSWER } },
	};
	size_t i;

	*plan = (struct plan){};
	for (i = 0; i < ARRAY_SIZE(layers); i++) {
		if (!is_running(layers[i].group, &layers[i].plan, found))
			continue;
		plan->hook = plan->hook ? plan->hook : layers[i].plan.hook;
		plan->check = plan->check ? plan->check : layers[i].plan.check;
		plan->options |= layers[i].plan.options;
	}
	/* one program serves both */
	if (plan->hook == DSN_HOOK_PERMISSION)
		plan->options &= ~DSN_OPTION_ANSWER;
}

int program_find(struct attached *attached)
{
	struct found found[ATTACHMENTS];
	struct plan hook = {};
	size_t i;
	int err;

	*attached = (struct attached){};
	for (i = 0; i < ATTACHMENTS; i++) {
		err = find_link(&attachments[i], &attached->links[i], &found[i]);
		if (err)
			return err;
	}
	find_layers(found, &attached->plan);
	hook.hook = attached->plan.hook;
	for (i = 0; i < ATTACHMENTS; i++)
		if (group_of(attachments[i].program, &hook) != GROUPS)
			attached->missed += found[i].missed;
	return 0;
}

/* Tests if a link is one of those that were found pinned. */
static bool is_pinned(const struct attached *attached, __u32 id)
{
	size_t i;

	for (i = 0; i < PROGRAM_LINKS; i++)
		if (attached->links[i] == id)
			return true;
	return false;
}

/* Returns 1 if a link holds a program of ours, 0 if not or if it has just gone, or -errno. */
static int is_ours(__u32 link_id)
{
	_cleanup_(close_fd) int link = bpf_link_get_fd_by_id(link_id);
	struct bpf_prog_info info;
	size_t i;
	int err = link < 0 ? -errno : get_program(link, &link_id, &info);

	/* EAGAIN: not attached yet; a link without a program has the id 0, which is not there */
	if (err)
		return err == -ENOENT || err == -EAGAIN ? 0 : err;
	for (i = 0; i < ATTACHMENTS; i++)
		if (is_named(&info, attachments[i].program))
			return 1;
	return 0;
}

int program_find_elsewhere(const struct attached *attached)
{
	__u32 id = 0;
	int ours;

	while (!bpf_link_get_next_id(id, &id)) {
		ours = is_pinned(attached, id) ? 0 : is_ours(id);
		if (ours)
			return ours;
	}
	return errno == ENOENT ? 0 : -errno;
}

static bool is_same_map(const char *pin)
{
	_cleanup_(close_fd) int first = pins_open(pin);
	_cleanup_(close_fd) int copy = pins_open_copy(pin);
	struct bpf_map_info one = {}, other = {};
	__u32 length = sizeof(one);

	return first >= 0 && copy >= 0 && !bpf_obj_get_info_by_fd(first, &one, &length) &&
	       !bpf_obj_get_info_by_fd(copy, &other, &length) && one.id == other.id;
}

bool program_has_copy(const struct attached *attached)
{
	size_t i;

	for (i = 0; i < ATTACHMENTS; i++) {
		_cleanup_(close_fd) int link = -1;
		struct bpf_link_info info = {};
		__u32 length = sizeof(info);

		if (!attached->links[i])
			continue;
		link = pins_open_copy(attachments[i].pin);
		if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &length) ||
		    info.id != attached->links[i])
			return false;
	}
	for (i = 0; i < ARRAY_SIZE(pinned_maps); i++)
		if (!is_same_map(pinned_maps[i]))
			return false;
	return true;
}
