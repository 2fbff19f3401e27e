// SPDX-License-Identifier: GPL-2.0
/* A process under repair: its threads, its memory, its signals. */
#include "kernel/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "lib/util.h"

#define NS_PER_SECOND 1000000000ULL

/* /proc/PID/task/TID/stat, whose length limits the others of its folder. */
#define NAME_LEN sizeof("task/4294967295/stat")

struct task {
	char command[16];
	char state;
	__u64 start_ticks; /* since boot */
};

static void close_folder(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Returns -ESRCH for the errors of files of a process that has ended. */
static int error_of(int error)
{
	return error == ENOENT ? -ESRCH : -error;
}

/* Parses a stat file. The command may have blanks and parentheses in it. */
static bool parse(const char *text, struct task *task)
{
	const char *begin = strchr(text, '('), *end = strrchr(text, ')');

	if (!begin || !end)
		return false;
	snprintf(task->command, sizeof(task->command), "%.*s", (int)(end - begin - 1),
		 begin + 1);
	make_printable(task->command, sizeof(task->command));
	/* the fields 3 and 22 of proc_pid_stat(5) */
	return sscanf(end + 1,
		      " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
		      " %*s %*s %*s %llu",
		      &task->state, &task->start_ticks) == 2;
}

static int read_stat(int folder, const char *name, struct task *task)
{
	_cleanup_(close_fd) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	char text[1024];
	ssize_t got;

	if (fd < 0)
		return error_of(errno);
	got = read(fd, text, sizeof(text) - 1);
	if (got < 0)
		return error_of(errno);
	text[got] = '\0';
	return parse(text, task) ? 0 : -EBADMSG;
}

/* PROC_PID_INIT_INO of the kernel: the inode of the initial PID namespace. */
#define INITIAL_PID_NAMESPACE 0xeffffffcU

bool process_sees_all(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == INITIAL_PID_NAMESPACE;
}

static int find_process(struct process *process, __u32 pid, __u64 start_ns)
{
	char name[sizeof("/proc/4294967295")];
	struct task task = {};
	int err;

	*process = (struct process){ .pid = pid, .lock = -1 };
	snprintf(name, sizeof(name), "/proc/%u", pid);
	process->folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process->folder < 0)
		return error_of(errno);
	err = read_stat(process->folder, "stat", &task);
	if (!err && start_ns / (NS_PER_SECOND / sysconf(_SC_CLK_TCK)) != task.start_ticks)
		err = -ESRCH;
	memcpy(process->command, task.command, sizeof(process->command));
	if (err)
		process_close(process);
	return err;
}

int process_open(struct process *process, __u32 pid, __u64 start_ns)
{
	int err = find_process(process, pid, start_ns);

	return err == -ESRCH && !process_sees_all() ? -EXDEV : err;
}

void process_close(struct process *process)
{
	close_fd(&process->folder);
	close_fd(&process->lock);
	process->folder = process->lock = -1;
}

/* Opens the file of locks, if it is ours alone: others could hold up a repair by their own. */
static int open_locks(void)
{
	int fd = open(PROCESS_LOCKS,
		      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0)
		return -ENOLCK;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & 077))
		return fd;
	close(fd);
	return -ENOLCK;
}

int process_lock(struct process *process)
{
	struct flock byte = { .l_type = F_WRLCK,
			      .l_whence = SEEK_SET,
			      .l_start = process->pid,
			      .l_len = 1 };

	if (process->lock < 0)
		process->lock = open_locks();
	if (process->lock < 0)
		return process->lock;
	if (!fcntl(process->lock, F_OFD_SETLK, &byte))
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

/*
 * Looks at each thread once. `*threads` becomes a number that differs if the threads do.
 * Those that have ended do not count; their leader may be one of them.
 */
static int look(const struct process *process, struct thread *thread, __u64 *threads)
{
	int fd = openat(process->folder, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(close_folder) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct task task;
	char name[NAME_LEN];
	int err;

	if (!dir)
		return error_of(errno);
	thread->tid = 0;
	*threads = 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "task/%.10s/stat", entry->d_name);
		err = read_stat(process->folder, name, &task);
		if (err && err != -ESRCH)
			return err;
		if (err || strchr("ZXx", task.state))
			continue;
		thread->tid = strtoul(entry->d_name, NULL, 10);
		thread->state = task.state;
		if (task.state != 'T' && task.state != 't')
			return 0;
		*threads = *threads * 31 + thread->tid;
	}
	return thread->tid ? 1 : -ESRCH;
}

/*
 * Looks twice: a thread may start another one after the first look has listed the threads
 * and before it has come to that thread. The second look then finds more threads. If it
 * finds the same, all had been stopped before it began, and none can have started
 * another.
 */
int process_is_stopped(const struct process *process, struct thread *thread)
{
	__u64 first, second;
	int stopped = look(process, thread, &first);

	if (stopped > 0)
		stopped = look(process, thread, &second);
	return stopped > 0 ? first == second : stopped;
}

static int open_of(const struct process *process, const struct thread *thread,
		   const char *file, int flags)
{
	char name[NAME_LEN];
	int fd;

	snprintf(name, sizeof(name), "task/%u/%s", thread->tid, file);
	fd = openat(process->folder, name, flags | O_CLOEXEC);
	return fd < 0 ? error_of(errno) : fd;
}

/* Returns 1 if something is mapped at the address, 0 if nothing is, or -errno. */
static int is_mapped(const struct process *process, const struct thread *thread,
		     __u64 address)
{
	int fd = open_of(process, thread, "maps", O_RDONLY);
	_cleanup_(close_file) FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	_cleanup_(free_ptr) char *line = NULL;
	unsigned long long begin, end;
	size_t size = 0;

	if (!maps)
		return fd < 0 ? fd : -errno;
	while (getline(&line, &size, maps) > 0)
		if (sscanf(line, "%llx-%llx", &begin, &end) == 2 && address >= begin &&
		    address < end)
			return 1;
	return ferror(maps) ? -EIO : 0;
}

/* Writes within one page. Returns true if the memory has the bytes now. */
static bool write_part(int memory, __u64 address, const char *bytes, size_t length)
{
	char found[length];

	return pwrite(memory, bytes, length, address) == (ssize_t)length &&
	       pread(memory, found, length, address) == (ssize_t)length &&
	       !memcmp(found, bytes, length);
}

int process_write(const struct process *process, const struct thread *thread,
		  __u64 address, const void *bytes, size_t length)
{
	_cleanup_(close_fd) int memory = open_of(process, thread, "mem", O_RDWR);
	__u64 page = sysconf(_SC_PAGESIZE);
	size_t done, part;
	int mapped;

	if (memory < 0)
		return memory;
	for (done = 0; done < length; done += part) {
		part = page - (address + done) % page;
		if (part > length - done)
			part = length - done;
		if (write_part(memory, address + done, (const char *)bytes + done, part))
			continue;
		mapped = is_mapped(process, thread, address + done);
		if (mapped)
			return mapped < 0 ? mapped : -EIO;
	}
	return 0;
}

int process_signal(const struct process *process, int signal)
{
	struct task task;

	/* the kernel accepts a folder in /proc as a pidfd */
	if (!syscall(SYS_pidfd_send_signal, process->folder, signal, NULL, 0))
		return 0;
	if (errno != ENOSYS)
		return -errno;
	if (read_stat(process->folder, "stat", &task))
		return -ESRCH;
	return kill(process->pid, signal) ? -errno : 0;
}
