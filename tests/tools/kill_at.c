// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command and kills it as it begins its Nth system call that may change what is loaded:
 * 0 if it was killed, 3 if it ended before. KILL_AT_RUN in the environment is a command to run
 * right before the kill.
 */
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

static void run(const char *command)
{
	if (command && system(command))
		errx(1, "%s: it failed", command);
}

/* Maps and pins change by these and no others. */
static bool may_change(unsigned long long number)
{
	switch (number) {
	case SYS_bpf:
#ifdef SYS_rename
	case SYS_rename:
	case SYS_unlink:
#endif
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_unlinkat:
		return true;
	default:
		return false;
	}
}

static bool is_at_change(pid_t pid)
{
	struct ptrace_syscall_info info = {};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		err(1, "PTRACE_GET_SYSCALL_INFO");
	return info.op == PTRACE_SYSCALL_INFO_ENTRY && may_change(info.entry.nr);
}

int main(int argc, char **argv)
{
	int left = argc > 2 ? atoi(argv[1]) : 0, status;
	pid_t pid;

	if (left < 1)
		errx(2, "usage: kill_at N COMMAND...");
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[2], argv + 2);
		err(1, "%s", argv[2]);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		err(1, "cannot trace");
	while (!ptrace(PTRACE_SYSCALL, pid, NULL, NULL) &&
	       waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status) || WIFSIGNALED(status))
			return 3;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && is_at_change(pid) &&
		    !--left) {
			run(getenv("KILL_AT_RUN"));
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return 0;
		}
	}
	err(1, "cannot trace");
}
