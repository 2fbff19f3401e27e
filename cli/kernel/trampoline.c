// SPDX-License-Identifier: GPL-2.0
/* The trampolines by which the kernel calls fentry, fexit, fmod_ret and LSM programs. */
#include "kernel/trampoline.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "kernel/host.h"
#include "lib/time.h"
#include "lib/util.h"

/* The kernel detaches in a worker after the last pin is gone. */
#define DETACHED_NS (5 * 1000000000ULL)

/*
 * A grace period takes tens of milliseconds; a task that is kept from running, longer. Two
 * waits fit into what systemd gives dsnctl.service to start.
 */
#define PATIENCE_NS (30 * 1000000000ULL)
#define LOOK_AGAIN_US 30000

#define NAME_LEN 40 /* "bpf_trampoline_" and 64 bits in decimal */

/* A function that only the kernel's own tests of BPF call or trace. */
#define FUNCTION "bpf_fentry_test1"

bool trampoline_kernel_waits(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "bpf_prog_aux", BTF_KIND_STRUCT), i;
	const struct btf_type *aux = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (i = 0; aux && i < btf_vlen(aux); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(aux)[i].name_off),
			    "tramp_linked"))
			return true;
	return false;
}

/* Gets what a link attaches, nothing if it is gone. Returns 0 or -errno. */
static int look_at(__u32 id, struct bpf_link_info *info)
{
	_cleanup_(close_fd) int link = bpf_link_get_fd_by_id(id);
	__u32 length = sizeof(*info);

	*info = (struct bpf_link_info){};
	if (link < 0)
		/* EAGAIN: not attached yet */
		return errno == ENOENT || errno == EAGAIN ? 0 : -errno;
	return bpf_obj_get_info_by_fd(link, info, &length) ? -errno : 0;
}

/* Returns 1 if a link holds one of the programs, 0 if not, or -errno. */
static int are_attached(const __u32 programs[], size_t count)
{
	struct bpf_link_info info;
	__u32 id = 0;
	size_t i;
	int err;

	while (!bpf_link_get_next_id(id, &id)) {
		err = look_at(id, &info);
		if (err)
			return err;
		for (i = 0; i < count; i++)
			if (programs[i] == info.prog_id)
				return 1;
	}
	return errno == ENOENT ? 0 : -errno;
}

/*
 * Waits until the links are gone. A worker of the kernel takes their ids away just before it
 * detaches; the grace period that is waited for next does not end before that worker goes on.
 */
static int wait_until_detached(const __u32 programs[], size_t count)
{
	__u64 end = boot_time_ns() + DETACHED_NS;
	int left;

	while ((left = are_attached(programs, count)) > 0) {
		if (boot_time_ns() > end)
			return -EBUSY;
		usleep(LOOK_AGAIN_US);
	}
	return left;
}

/* Makes the name that the kernel gives to a trampoline: bpf_trampoline_compute_key(). */
static int name_trampoline(int link, char name[NAME_LEN])
{
	struct bpf_link_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &length))
		return -errno;
	snprintf(name, NAME_LEN, "bpf_trampoline_%llu",
		 (unsigned long long)info.tracing.target_obj_id << 32 | 1ULL << 31 |
			 info.tracing.target_btf_id);
	return 0;
}

/* Returns 1 if the kernel has a symbol of this name, 0 if not, or -errno. */
static int has_symbol(const char *name)
{
	_cleanup_(close_file) FILE *symbols = fopen("/proc/kallsyms", "re");
	size_t length = strlen(name);
	char line[256];
	const char *at;

	if (!symbols)
		return -errno;
	while (fgets(line, sizeof(line), symbols)) {
		at = strstr(line, name);
		if (at && !isdigit((unsigned char)at[length]))
			return 1;
	}
	return ferror(symbols) ? -EIO : 0;
}

/*
 * Tests if closing the last link to a function waits for RCU tasks (ftrace_shutdown()): if
 * each trampoline is an ops of its own to ftrace, not one that all share.
 */
static bool close_waits(const struct btf *btf)
{
	return btf__find_by_name_kind(btf, "update_ftrace_direct_del", BTF_KIND_FUNC) < 0;
}

static int wait_until_gone(const char *name)
{
	__u64 end = boot_time_ns() + PATIENCE_NS;
	int found;

	while ((found = has_symbol(name)) == 1) {
		if (boot_time_ns() > end)
			return -ETIMEDOUT;
		usleep(LOOK_AGAIN_US);
	}
	return found;
}

/* Attaches a program that does nothing. Returns the link's fd, or -errno. */
static int make_trampoline(const struct btf *btf)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int function = btf__find_by_name_kind(btf, FUNCTION, BTF_KIND_FUNC);
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = function);
	_cleanup_(close_fd) int program = -1;
	int link;

	if (function < 0)
		return function;
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "dsn_nothing", "GPL", nothing,
				ARRAY_SIZE(nothing), &options);
	if (program < 0)
		return -errno;
	link = bpf_raw_tracepoint_open(NULL, program);
	return link < 0 ? -errno : link;
}

/* Waits for the trampoline that is left when this link is closed. */
static int wait_for_close(int link)
{
	char name[NAME_LEN];
	int err = name_trampoline(link, name);

	if (!err)
		err = has_symbol(name);
	close(link);
	if (err < 0)
		return err;
	return err ? wait_until_gone(name) : -ENODATA;
}

int trampoline_wait(const __u32 programs[], size_t count)
{
	const struct btf *btf = host_btf();
	int link, err;

	if (!btf)
		return -ENODATA;
	if (trampoline_kernel_waits(btf))
		return 0;
	err = wait_until_detached(programs, count);
	if (err)
		return err;
	/* a program that is detached now would leave a record for which ftrace gives up later */
	if (!host_running().ftrace)
		return -ENODATA;
	link = make_trampoline(btf);
	if (link < 0)
		return link;
	if (!close_waits(btf))
		return wait_for_close(link);
	close(link);
	return 0;
}
