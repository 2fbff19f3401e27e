// SPDX-License-Identifier: GPL-2.0
/* Runs a command without something that root has elsewhere. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The capabilities that docker leaves to root by default. */
static const int docker[] = {
	CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FSETID,	     CAP_FOWNER,
	CAP_MKNOD,   CAP_NET_RAW,      CAP_SETGID,	     CAP_SETUID,
	CAP_SETFCAP, CAP_SETPCAP,      CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
	CAP_KILL,    CAP_AUDIT_WRITE,
};

static int is_dockers(int capability)
{
	size_t i;

	for (i = 0; i < sizeof(docker) / sizeof(*docker); i++)
		if (docker[i] == capability)
			return 1;
	return 0;
}

/* The exec that follows takes what is out of the bounding set from root. */
static void drop_capabilities(void)
{
	int i;

	for (i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (!is_dockers(i) && prctl(PR_CAPBSET_DROP, i))
			err(125, "PR_CAPBSET_DROP %d", i);
}

static void deny_bpf(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		err(125, "seccomp");
}

static void limit_files(const char *number)
{
	struct rlimit limit = { strtoul(number, NULL, 10), strtoul(number, NULL, 10) };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(125, "RLIMIT_NOFILE");
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(125, "%s", path);
	close(fd);
}

/* Makes the process root of a user and a mount namespace, and this user outside. */
static void enter_namespace(const char *user)
{
	unsigned int id = strtoul(user, NULL, 10);
	char map[32];

	if (setresgid(id, id, id) || setresuid(id, id, id) || prctl(PR_SET_DUMPABLE, 1) ||
	    unshare(CLONE_NEWUSER | CLONE_NEWNS))
		err(125, "user namespace");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", id);
	write_file("/proc/self/gid_map", map);
	write_file("/proc/self/uid_map", map);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(125, "usage: without caps|bpf|files=N|userns=UID COMMAND...");
	if (!strcmp(argv[1], "caps"))
		drop_capabilities();
	else if (!strcmp(argv[1], "bpf"))
		deny_bpf();
	else if (!strncmp(argv[1], "files=", 6))
		limit_files(argv[1] + 6);
	else if (!strncmp(argv[1], "userns=", 7))
		enter_namespace(argv[1] + 7);
	else
		errx(125, "%s: not known", argv[1]);
	execvp(argv[2], argv + 2);
	err(127, "%s", argv[2]);
}
