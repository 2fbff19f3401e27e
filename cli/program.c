// SPDX-License-Identifier: GPL-2.0
/* The BPF programs: loaded, attached, pinned, and asked how they are. */
#include "program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include "dsnctl.skel.h"
#include "pins.h"
#include "util.h"

#define MAX_LINKS 2

/* The programs of a hook; a link is pinned under its program's name. */
static const char *const programs_of[][MAX_LINKS] = {
	[DSN_HOOK_NONE] = {},
	[DSN_HOOK_FEXIT] = { "dsn_fexit" },
	[DSN_HOOK_KPROBE] = { "dsn_kretprobe", "dsn_kprobe" },
};

static const char *const pinned_maps[] = { PIN_RULESETS, PIN_DEVICES, PIN_TOTALS,
					   PIN_STATE };

static char kernel_log[16384];

const char *hook_name(enum dsn_hook hook)
{
	static const char *const names[] = {
		[DSN_HOOK_NONE] = "none",
		[DSN_HOOK_FEXIT] = "fexit",
		[DSN_HOOK_KPROBE] = "kprobe",
	};

	return names[hook];
}

static bool is_program_of(enum dsn_hook hook, const char *name)
{
	int i;

	for (i = 0; i < MAX_LINKS; i++)
		if (programs_of[hook][i] && !strcmp(programs_of[hook][i], name))
			return true;
	return false;
}

/* Errors come back as -errno and in the log; nothing is printed by the library. */
static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* The line of the verifier's log that says why, else the text of the error. */
static void explain(int err, char reason[REASON_LEN])
{
	char *line, *rest = kernel_log, *last = NULL;

	while ((line = strsep(&rest, "\n")))
		if (*line && strncmp(line, "processed ", 10))
			last = line;
	snprintf(reason, REASON_LEN, "%s%s%s", strerror(-err), last ? ": " : "",
		 last ? last : "");
}

static int reuse_maps(struct dsnctl_bpf *skeleton)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(pinned_maps); i++) {
		_cleanup_(close_fd) int fd = pins_open(pinned_maps[i]);
		struct bpf_map *map =
			bpf_object__find_map_by_name(skeleton->obj, pinned_maps[i]);

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
		_cleanup_(close_fd) int fd = pins_open(pinned_maps[i]);
		struct bpf_map *map =
			bpf_object__find_map_by_name(skeleton->obj, pinned_maps[i]);

		if (fd >= 0)
			continue;
		err = pins_put(pinned_maps[i], bpf_map__fd(map));
		if (err)
			return err;
	}
	return 0;
}

static void destroy(struct dsnctl_bpf **skeleton)
{
	dsnctl_bpf__destroy(*skeleton);
}

static void destroy_links(struct bpf_link *(*links)[MAX_LINKS])
{
	int i;

	for (i = 0; i < MAX_LINKS; i++)
		bpf_link__destroy((*links)[i]);
}

/* Drops the links of the hooks that are not this one. */
static int drop_others(enum dsn_hook hook)
{
	size_t other;
	int i, err;

	for (other = 0; other < ARRAY_SIZE(programs_of); other++)
		for (i = 0; other != hook && i < MAX_LINKS; i++) {
			if (!programs_of[other][i])
				continue;
			err = pins_drop(programs_of[other][i]);
			if (err)
				return err;
		}
	return 0;
}

int program_load(enum dsn_hook hook, char reason[REASON_LEN])
{
	_cleanup_(destroy_links) struct bpf_link *links[MAX_LINKS] = {};
	_cleanup_(destroy) struct dsnctl_bpf *skeleton = NULL;
	struct bpf_program *program;
	int i, err;

	libbpf_set_print(silent);
	*reason = *kernel_log = '\0';
	skeleton = dsnctl_bpf__open();
	if (!skeleton)
		return -errno;
	bpf_object__for_each_program(program, skeleton->obj)
	{
		bpf_program__set_autoload(
			program, is_program_of(hook, bpf_program__name(program)));
		bpf_program__set_log_buf(program, kernel_log, sizeof(kernel_log));
	}
	err = reuse_maps(skeleton);
	if (!err)
		err = dsnctl_bpf__load(skeleton);
	for (i = 0; !err && i < MAX_LINKS && programs_of[hook][i]; i++) {
		program = bpf_object__find_program_by_name(skeleton->obj,
							   programs_of[hook][i]);
		links[i] = bpf_program__attach(program);
		if (!links[i]) {
			err = -errno;
			snprintf(reason, REASON_LEN, "the kernel does not attach it: %s",
				 err == -524 ? "no direct calls for it (ENOTSUPP)"
					     : strerror(-err));
			return err;
		}
	}
	if (err) {
		explain(err, reason);
		return err;
	}
	err = pin_maps(skeleton);
	for (i = 0; !err && i < MAX_LINKS && programs_of[hook][i]; i++)
		err = pins_put(programs_of[hook][i], bpf_link__fd(links[i]));
	if (!err)
		err = drop_others(hook);
	if (err)
		snprintf(reason, REASON_LEN, "cannot pin it in %s: %s", DSN_PIN_DIR,
			 strerror(-err));
	return err;
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

static bool is_running(enum dsn_hook hook)
{
	struct bpf_prog_info info;
	int i;

	for (i = 0; i < MAX_LINKS && programs_of[hook][i]; i++) {
		_cleanup_(close_fd) int program =
			open_program(programs_of[hook][i], &info);

		if (program < 0 ||
		    strncmp(info.name, programs_of[hook][i], sizeof(info.name) - 1))
			return false;
	}
	return i > 0;
}

enum dsn_hook program_running(void)
{
	enum dsn_hook hook;

	for (hook = DSN_HOOK_FEXIT; hook < ARRAY_SIZE(programs_of); hook++)
		if (is_running(hook))
			return hook;
	return DSN_HOOK_NONE;
}

int program_missed(enum dsn_hook hook, unsigned long long *missed)
{
	struct bpf_prog_info info;
	int i;

	*missed = 0;
	for (i = 0; i < MAX_LINKS && programs_of[hook][i]; i++) {
		_cleanup_(close_fd) int program =
			open_program(programs_of[hook][i], &info);

		if (program < 0)
			return program;
		*missed += info.recursion_misses;
	}
	return 0;
}
