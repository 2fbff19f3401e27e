// SPDX-License-Identifier: GPL-2.0
/* The trampolines by which the kernel calls fentry, fexit, fmod_ret and LSM programs. */
#include "kernel/trampoline.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "kernel/host.h"
#include "lib/time.h"
#include "lib/util.h"
#include "trampoline.skel.h"

/* A grace period takes tens of milliseconds; a task that is kept from running, longer. */
#define PATIENCE_NS (60 * 1000000000ULL)
#define LOOK_AGAIN_US 30000

#define NAME_LEN 40 /* "bpf_trampoline_" and 64 bits in decimal */

static void destroy(struct trampoline_bpf **skeleton)
{
	trampoline_bpf__destroy(*skeleton);
}

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

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
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
 * ftrace is on, and each trampoline is an ops of its own to it, not one that all share.
 */
static bool close_waits(const struct btf *btf)
{
	return host_running().ftrace &&
	       btf__find_by_name_kind(btf, "update_ftrace_direct_del", BTF_KIND_FUNC) < 0;
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

int trampoline_wait(void)
{
	_cleanup_(free_btf) struct btf *btf = btf__load_vmlinux_btf();
	_cleanup_(destroy) struct trampoline_bpf *skeleton = NULL;
	char name[NAME_LEN];
	int err;

	if (!btf)
		return -errno;
	if (trampoline_kernel_waits(btf))
		return 0;
	skeleton = trampoline_bpf__open_and_load();
	if (!skeleton)
		return -errno;
	err = trampoline_bpf__attach(skeleton);
	if (!err)
		err = name_trampoline(bpf_link__fd(skeleton->links.dsn_trampoline), name);
	if (!err)
		err = has_symbol(name);
	trampoline_bpf__detach(skeleton);
	if (err)
		return err == 1 ? wait_until_gone(name) : err;
	return close_waits(btf) ? 0 : -ENODATA;
}
