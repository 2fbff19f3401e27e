// SPDX-License-Identifier: GPL-2.0
/* What this host's kernel has to say about itself. */
#include "kernel/host.h"

#include <bpf/btf.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include "lib/file.h"
#include "lib/util.h"

extern char **environ;

const char *host_lockdown(void)
{
	char line[64];

	if (file_read_line("/sys/kernel/security/lockdown", line, sizeof(line)))
		return "none";
	if (strstr(line, "[integrity]"))
		return "integrity";
	if (strstr(line, "[confidentiality]"))
		return "confidentiality";
	return "none";
}

const char *preemption_name(enum preemption model)
{
	static const char *const names[] = {
		[PREEMPTION_UNKNOWN] = "unknown",     [PREEMPTION_NONE] = "none",
		[PREEMPTION_VOLUNTARY] = "voluntary", [PREEMPTION_FULL] = "full",
		[PREEMPTION_LAZY] = "lazy",	      [PREEMPTION_RT] = "rt",
	};

	return names[model];
}

/* The word in brackets of "none (voluntary) full". */
static enum preemption dynamic_preemption(void)
{
	enum preemption model;
	char line[64], *word;

	if (file_read_line("/sys/kernel/debug/sched/preempt", line, sizeof(line)))
		return PREEMPTION_UNKNOWN;
	word = strchr(line, '(');
	if (!word)
		return PREEMPTION_UNKNOWN;
	word[strcspn(word, ")")] = '\0';
	for (model = PREEMPTION_NONE; model <= PREEMPTION_LAZY; model++)
		if (!strcmp(word + 1, preemption_name(model)))
			return model;
	return PREEMPTION_UNKNOWN;
}

/* The kernel names what it was built for in its version: CONFIG_PREEMPT_* (init/Makefile). */
bool host_can_preempt(void)
{
	struct utsname name;

	return uname(&name) || strstr(name.version, "PREEMPT");
}

enum preemption host_preemption(void)
{
	struct utsname name;

	if (uname(&name))
		return PREEMPTION_UNKNOWN;
	if (strstr(name.version, "PREEMPT_RT"))
		return PREEMPTION_RT;
	if (strstr(name.version, "PREEMPT_DYNAMIC"))
		return dynamic_preemption();
	if (strstr(name.version, "PREEMPT_LAZY"))
		return PREEMPTION_LAZY;
	return strstr(name.version, "PREEMPT") ? PREEMPTION_FULL : PREEMPTION_VOLUNTARY;
}

/* A switch that is not there cannot be off. */
static bool is_on(const char *path)
{
	char line[16];

	return file_read_line(path, line, sizeof(line)) || strcmp(line, "0") != 0;
}

struct running host_running(void)
{
	return (struct running){
		.model = host_preemption(),
		.ftrace = is_on("/proc/sys/kernel/ftrace_enabled"),
		.kprobes = is_on("/sys/kernel/debug/kprobes/enabled"),
	};
}

bool host_has_lsm(const char *name)
{
	char line[256], *word, *rest = line;

	if (file_read_line("/sys/kernel/security/lsm", line, sizeof(line)))
		return false;
	while ((word = strsep(&rest, ",")))
		if (!strcmp(word, name))
			return true;
	return false;
}

bool host_has_btf(void)
{
	return !access("/sys/kernel/btf/vmlinux", R_OK);
}

bool host_ringbuf_sleeps_in(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "bpf_ringbuf", BTF_KIND_STRUCT), i;
	const struct btf_type *ring = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (i = 0; ring && i < btf_vlen(ring); i++) {
		const struct btf_member *member = &btf_members(ring)[i];
		const struct btf_type *type = btf__type_by_id(btf, member->type);

		if (!strcmp(btf__name_by_offset(btf, member->name_off), "spinlock"))
			return !strcmp(btf__name_by_offset(btf, type->name_off),
				       "spinlock_t");
	}
	return false;
}

bool host_ringbuf_sleeps(void)
{
	struct btf *btf = NULL;
	bool sleeps;

	if (host_preemption() != PREEMPTION_RT)
		return false;
	btf = btf__load_vmlinux_btf();
	sleeps = btf && host_ringbuf_sleeps_in(btf);
	btf__free(btf);
	return sleeps;
}

bool host_has_vfio(void)
{
	return !access("/sys/bus/pci/drivers/vfio-pci", F_OK);
}

int host_load_vfio(void)
{
	char *argv[] = { "modprobe", "-q", "vfio-pci", NULL };
	int status, err;
	pid_t pid;

	if (host_has_vfio())
		return 0;
	err = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (err)
		return -err;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return host_has_vfio() ? 0 : -ENODEV;
}
