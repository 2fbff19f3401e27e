// SPDX-License-Identifier: GPL-2.0
/* Counts a command's instructions, and those of the least that its job takes. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>
#include "dsn_contract.h"
#include "dsnctl.skel.h"

/* Under tests/vm/boot --icount a tick is an instruction, the kernel's too. */
static unsigned long long ticks(void)
{
	unsigned long long now;

	_mm_lfence();
	now = __rdtsc();
	_mm_lfence();
	return now;
}

/* Returns the instructions of a time on a processor; the clock has one in a nanosecond. */
static unsigned long long instructions(const struct timeval *time)
{
	return 1000 * (1000000ULL * time->tv_sec + time->tv_usec);
}

/* Prints the instructions of a process, its waits left out, and the kB that it had at once. */
static int run(char **command)
{
	struct rusage usage;
	int status, out;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		out = open("/dev/null", O_WRONLY);
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		execvp(command[0], command);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) < 0)
		err(1, "wait4");
	printf("%llu %ld\n",
	       instructions(&usage.ru_utime) + instructions(&usage.ru_stime),
	       usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* One batch update of a map like that of the rules, and no more than the system call. */
static int batch(unsigned int count)
{
	struct dsn_key *keys = calloc(count, sizeof(*keys));
	struct dsn_rule *rules = calloc(count, sizeof(*rules));
	unsigned long long start;
	unsigned int i;
	int map;

	if (!keys || !rules)
		err(1, "calloc");
	for (i = 0; i < count; i++) {
		keys[i] = (struct dsn_key){ .domain = 0x10000 + (i >> 16),
					    .bus = i >> 8,
					    .devfn = i };
		rules[i] = (struct dsn_rule){ .serial = 0x0200000000000000 + i,
					      .policy = DSN_SERIAL };
	}
	map = bpf_map_create(BPF_MAP_TYPE_HASH, "rules", sizeof(*keys), sizeof(*rules),
			     count, NULL);
	if (map < 0)
		err(1, "bpf_map_create");
	start = ticks();
	if (bpf_map_update_batch(map, keys, rules, &count, NULL))
		err(1, "bpf_map_update_batch");
	printf("%llu\n", ticks() - start);
	return 0;
}

static bool can_cast(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool found =
		btf && btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;

	btf__free(btf);
	return found;
}

/* Raw tracepoints are given no name in the program's section: it is attached to both. */
static bool attach_usage(struct dsnctl_bpf *skeleton)
{
	struct bpf_program *program = skeleton->progs.dsn_usage;

	return bpf_program__attach_raw_tracepoint(program, "rpm_usage") &&
	       bpf_program__attach_raw_tracepoint(program, "rpm_idle");
}

/* These programs loaded and attached by libbpf alone, and gone again. */
static int load(char **names, int count, unsigned int check, unsigned long long fops)
{
	struct dsnctl_bpf *skeleton = dsnctl_bpf__open();
	struct bpf_program *program;
	int i;

	if (!skeleton)
		err(1, "open");
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, false);
	for (i = 0; i < count; i++)
		bpf_program__set_autoload(
			bpf_object__find_program_by_name(skeleton->obj, names[i]), true);
	skeleton->rodata->can_cast = can_cast();
	skeleton->rodata->hook = DSN_HOOK_FEXIT;
	skeleton->rodata->check = check;
	skeleton->rodata->load_id = 1;
	skeleton->rodata->vfio_device_fops = fops;
	if (dsnctl_bpf__load(skeleton) || dsnctl_bpf__attach(skeleton) ||
	    (check == DSN_CHECK_USAGE && !attach_usage(skeleton)))
		err(1, "load");
	return 0;
}

/* Prints the most instructions that the verifier went through for one program of dsnctl. */
static int verified(void)
{
	struct bpf_prog_info info;
	unsigned int id = 0, most = 0;
	int fd;

	while (!bpf_prog_get_next_id(id, &id)) {
		fd = bpf_prog_get_fd_by_id(id);
		memset(&info, 0, sizeof(info));
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &(__u32){ sizeof(info) }))
			continue;
		close(fd);
		if (!strncmp(info.name, "dsn_", 4) && info.verified_insns > most)
			most = info.verified_insns;
	}
	printf("%u\n", most);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "batch"))
		return batch(strtoul(argv[2], NULL, 10));
	if (argc > 4 && !strcmp(argv[1], "load"))
		return load(argv + 4, argc - 4, strtoul(argv[2], NULL, 10),
			    strtoull(argv[3], NULL, 16));
	if (argc == 2 && !strcmp(argv[1], "verified"))
		return verified();
	errx(2,
	     "usage: scale run COMMAND... | batch COUNT | load CHECK FOPS PROGRAM... | verified");
}
