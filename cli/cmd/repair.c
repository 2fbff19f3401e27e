// SPDX-License-Identifier: GPL-2.0
/* dsnctl repair: corrects the memory of stopped processes, and continues them. */
#include "cmd/command.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include "kernel/loaded.h"
#include "kernel/pins.h"
#include "kernel/stopped.h"
#include "model/journal.h"
#include "model/key.h"
#include "lib/message.h"
#include "lib/time.h"
#include "lib/util.h"

#define NS_PER_SECOND 1000000000ULL

/* The time after which a repair that waits is reported. */
#define QUIET_MS 3000
/* The time after which a repair by hand gives up. */
#define GIVE_UP_MS 30000

/* The intervals at which --follow tries a failed repair again, and reports it again. */
#define RETRY_US 1000000
#define REPORT_NS (600 * NS_PER_SECOND)

/*
 * The time in which a replaced map may still get elements, from reads that began before.
 */
#define REPLACED_NS (2 * NS_PER_SECOND)

#define PROCESS_LEN sizeof("process 4294967295 (qemu-system-x86)")

static char *describe(const struct stopped *who, char text[PROCESS_LEN])
{
	snprintf(text, PROCESS_LEN, "process %u (%s)", who->pid,
		 *who->command ? who->command : "?");
	return text;
}

/* Lists the functions' addresses, with commas. The caller frees the text. */
static char *list_functions(const struct repair *repair)
{
	char *text = malloc(repair->functions * (BDF_LEN + 2) + 1), *end = text;
	size_t i;

	if (!text)
		return NULL;
	*text = '\0';
	for (i = 0; i < repair->functions; i++) {
		if (i)
			end = stpcpy(end, ", ");
		end = bdf_format(&repair->keys[i], end);
	}
	return text;
}

static const char *name_outcome(const struct repair *repair, bool failed)
{
	static const char *const names[] = {
		[REPAIR_NOTHING] = "nothing",
		[REPAIR_DONE] = "repaired",
		[REPAIR_GONE] = "gone",
		[REPAIR_KILLED] = "killed",
	};

	return failed ? "failed" : names[repair->outcome];
}

static struct json_object *to_json(const struct stopped *who, const struct repair *repair,
				   bool failed)
{
	struct json_object *row = json_object_new_object();
	struct json_object *functions = json_object_new_array(), *name = NULL, *us = NULL;
	char bdf[BDF_LEN];
	size_t i;

	for (i = 0; i < repair->functions; i++) {
		bdf_format(&repair->keys[i], bdf);
		json_object_array_add(functions, json_object_new_string(bdf));
	}
	if (*who->command)
		name = json_object_new_string(who->command);
	if (repair->outcome == REPAIR_DONE)
		us = json_object_new_uint64(repair->stopped_ns / 1000);
	json_object_object_add(row, "pid", json_object_new_int64(who->pid));
	json_object_object_add(row, "process", name);
	json_object_object_add(row, "outcome",
			       json_object_new_string(name_outcome(repair, failed)));
	json_object_object_add(row, "functions", functions);
	json_object_object_add(row, "bytes", json_object_new_uint64(repair->bytes));
	json_object_object_add(row, "stopped_us", us);
	return row;
}

static void print_json(struct json_object *rows)
{
	struct json_object *result = json_result();

	json_object_object_add(result, "repairs", rows);
	json_print(result);
}

static void report_killed(const struct stopped *who, const char *functions)
{
	char process[PROCESS_LEN], text[256];

	snprintf(text, sizeof(text),
		 "%s was killed: its memory for a read of %s takes no bytes",
		 describe(who, process), functions);
	say_error("%s; start its guest again", text);
	say_unlogged(journal_repair(LOG_CRIT, who->pid, functions, text));
}

/* Prints one repair, unless as JSON, and logs it to the journal. */
static void report(const struct stopped *who, const struct repair *repair, bool print)
{
	_cleanup_(free_ptr) char *list = list_functions(repair);
	const char *functions = list ? list : "?";
	char process[PROCESS_LEN], text[256];

	if (repair->outcome == REPAIR_KILLED)
		report_killed(who, functions);
	if (repair->outcome == REPAIR_GONE && print)
		printf("%s has ended\n", describe(who, process));
	if (repair->outcome != REPAIR_DONE)
		return;
	snprintf(text, sizeof(text),
		 "%s: %zu byte%s for reads of %s, stopped for %.1f ms",
		 describe(who, process), repair->bytes, repair->bytes == 1 ? "" : "s",
		 functions, repair->stopped_ns / 1e6);
	say_unlogged(journal_repair(LOG_NOTICE, who->pid, functions, text));
	if (print)
		printf("%s\n", text);
}

/* Reports why a repair has to wait, or has failed. */
static void complain(const struct stopped *who, const struct repair *repair, int err,
		     bool waits)
{
	char process[PROCESS_LEN], cause[160];
	const char *next =
		waits ? "still trying" : "it stays stopped; try 'dsnctl repair' again";

	if (err == -ETIMEDOUT)
		snprintf(
			cause, sizeof(cause),
			"its thread %u has not stopped: state %c, see /proc/%u/task/%u/stack",
			repair->thread.tid, repair->thread.state, who->pid,
			repair->thread.tid);
	else if (err == -EBUSY)
		snprintf(cause, sizeof(cause), "another dsnctl is repairing it");
	else if (err == -ENOLCK)
		snprintf(cause, sizeof(cause),
			 "cannot lock %s, which must be a file of root's with mode 0600",
			 PROCESS_LOCKS);
	else if (err == -EACCES || err == -EPERM)
		snprintf(
			cause, sizeof(cause),
			"no access to its memory or signals: %s; if sysctl kernel.yama.ptrace_scope is 3, no process has",
			strerror(-err));
	else
		snprintf(cause, sizeof(cause), "cannot repair it: %s", strerror(-err));
	if (waits)
		say_warning("%s: %s; %s", describe(who, process), cause, next);
	else
		say_error("%s: %s; %s", describe(who, process), cause, next);
}

/* Waits for one process in two steps, to report the first. Returns 0 or -errno. */
static int repair_one(struct dsn_repairs *repairs, const struct stopped *who,
		      struct repair *repair)
{
	int err = stopped_repair(repairs, who, QUIET_MS, repair);

	if (err == -ETIMEDOUT || err == -EBUSY) {
		complain(who, repair, err, true);
		err = stopped_repair(repairs, who, GIVE_UP_MS - QUIET_MS, repair);
	}
	if (err)
		complain(who, repair, err, false);
	return err;
}

/* Repairs every process, or the one with this pid, once. Returns an exit status. */
static int repair_now(struct dsn_repairs *repairs, __u32 pid, bool json)
{
	struct json_object *rows = json_object_new_array();
	struct stopped list[DSN_REPAIRS];
	size_t i, count = stopped_find(repairs, list), found = 0;
	int status = EXIT_DONE, err;
	struct repair repair;

	for (i = 0; i < count; i++) {
		if (pid && list[i].pid != pid)
			continue;
		found++;
		err = repair_one(repairs, &list[i], &repair);
		if (err || repair.outcome == REPAIR_KILLED)
			status = EXIT_FAILED;
		if (!err)
			report(&list[i], &repair, !json);
		json_object_array_add(rows, to_json(&list[i], &repair, err));
	}
	if (!json && !found)
		puts("no process is stopped");
	if (json)
		print_json(rows);
	else
		json_object_put(rows);
	return status;
}

/* A process that a child repairs. */
struct job {
	__u32 pid;
	__u64 start_ns;
	pid_t child;
};

struct follow {
	bool json;
	sigset_t signals;	     /* blocked except during the wait */
	struct dsn_repairs *repairs; /* NULL while nothing is loaded */
	struct ring_buffer *ring;    /* NULL if there is none */
	__u32 map_id;
	__u64 replaced_ns; /* when another map was first seen in its place, or 0 */
	struct job jobs[DSN_REPAIRS];
	size_t count;
};

static volatile sig_atomic_t asked_to_end;

static void ask_to_end(int signal)
{
	asked_to_end |= signal != SIGCHLD;
}

/* Blocks signals except during the wait. */
static void take_signals(struct follow *follow)
{
	struct sigaction action = { .sa_handler = ask_to_end };
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &follow->signals);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Reads a wakeup, which has no content. */
static int skip(void *context, void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return 0;
}

/*
 * Opens the pinned map `repairs` of this version, without a message. Returns an fd or
 * -errno.
 */
static int open_repairs(__u32 *map_id)
{
	_cleanup_(close_fd) int state = pins_open(PIN_STATE);
	struct bpf_map_info info = {};
	struct dsn_state value = {};
	__u32 length = sizeof(info), zero = 0;
	int fd, err;

	if (state < 0)
		return state;
	if (bpf_map_lookup_elem(state, &zero, &value))
		return -errno;
	if (value.layout != DSN_LAYOUT)
		return -EPROTO;
	fd = pins_open(PIN_REPAIRS);
	if (fd < 0 || !bpf_obj_get_info_by_fd(fd, &info, &length)) {
		*map_id = info.id;
		return fd;
	}
	err = -errno;
	close(fd);
	return err;
}

static void disconnect(struct follow *follow)
{
	ring_buffer__free(follow->ring);
	stopped_unmap(follow->repairs);
	follow->ring = NULL;
	follow->repairs = NULL;
	follow->replaced_ns = 0;
}

/* Opens the wakeups; without them it polls. */
static void connect_to(struct follow *follow, int fd, __u32 map_id)
{
	_cleanup_(close_fd) int wakeups = pins_open(PIN_WAKEUPS);

	follow->repairs = stopped_map(fd);
	if (!follow->repairs) {
		say_error("cannot map %s/%s: %s; trying again", DSN_PIN_DIR, PIN_REPAIRS,
			  strerror(errno));
		return;
	}
	follow->map_id = map_id;
	if (wakeups >= 0)
		follow->ring = ring_buffer__new(wakeups, skip, NULL, NULL);
}

/* Follows an unload and a load, once the children know all that the former map had. */
static void look_at_pins(struct follow *follow)
{
	__u32 map_id = 0;
	_cleanup_(close_fd) int fd = open_repairs(&map_id);

	if (follow->repairs && fd >= 0 && map_id == follow->map_id) {
		follow->replaced_ns = 0;
		return;
	}
	if (follow->repairs && !follow->replaced_ns)
		follow->replaced_ns = boot_time_ns();
	if (follow->repairs && boot_time_ns() - follow->replaced_ns < REPLACED_NS)
		return;
	disconnect(follow);
	if (fd >= 0)
		connect_to(follow, fd, map_id);
}

/* Repairs one process, however long that takes, until it is asked to end. */
static bool repair_patiently(const struct follow *follow, const struct stopped *who,
			     struct repair *repair)
{
	__u64 reported_ns = 0;
	int err;

	while (!asked_to_end) {
		err = stopped_repair(follow->repairs, who, QUIET_MS, repair);
		if (!err)
			return true;
		if (err == -EINTR)
			continue;
		if (!reported_ns || boot_time_ns() - reported_ns > REPORT_NS) {
			reported_ns = boot_time_ns();
			complain(who, repair, err, true);
		}
		usleep(RETRY_US);
	}
	return false;
}

static void run_child(const struct follow *follow, const struct stopped *who)
{
	struct json_object *rows;
	struct repair repair;

	if (!repair_patiently(follow, who, &repair))
		return;
	report(who, &repair, !follow->json);
	if (!follow->json || repair.outcome == REPAIR_NOTHING)
		return;
	rows = json_object_new_array();
	json_object_array_add(rows, to_json(who, &repair, false));
	print_json(rows);
}

/*
 * Starts a child for a process, so that one whose threads do not stop, or whose pages do
 * not come, delays no other.
 */
static pid_t start_child(const struct follow *follow, const struct stopped *who)
{
	pid_t child = fork();

	if (child)
		return child;
	sigprocmask(SIG_SETMASK, &follow->signals, NULL);
	run_child(follow, who);
	fflush(stdout);
	_exit(0);
}

static bool has_job(const struct follow *follow, const struct stopped *who)
{
	size_t i;

	for (i = 0; i < follow->count; i++)
		if (follow->jobs[i].pid == who->pid &&
		    follow->jobs[i].start_ns == who->start_ns)
			return true;
	return false;
}

static void start_jobs(struct follow *follow)
{
	struct stopped list[DSN_REPAIRS];
	size_t i, count = stopped_find(follow->repairs, list);
	pid_t child;

	for (i = 0; i < count; i++) {
		if (has_job(follow, &list[i]) || follow->count == DSN_REPAIRS)
			continue;
		child = start_child(follow, &list[i]);
		if (child < 0) {
			say_error("cannot fork: %s; trying again", strerror(errno));
			return;
		}
		follow->jobs[follow->count++] =
			(struct job){ list[i].pid, list[i].start_ns, child };
	}
}

static void reap(struct follow *follow)
{
	size_t i;
	pid_t child;

	while ((child = waitpid(-1, NULL, WNOHANG)) > 0)
		for (i = 0; i < follow->count; i++)
			if (follow->jobs[i].child == child)
				follow->jobs[i] = follow->jobs[--follow->count];
}

/* Waits for a wakeup, a child or a signal, at most a second. */
static void wait_for_work(const struct follow *follow)
{
	static const struct timespec second = { .tv_sec = 1 };
	struct pollfd wakeups = { .fd = -1, .events = POLLIN };

	if (follow->ring)
		wakeups.fd = ring_buffer__epoll_fd(follow->ring);
	ppoll(&wakeups, 1, &second, &follow->signals);
}

static int follow_on(bool json)
{
	struct follow follow = { .json = json };

	if (geteuid()) {
		say_error("this needs root: it writes into other processes");
		return EXIT_FAILED;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(NULL);
	take_signals(&follow);
	while (!asked_to_end) {
		look_at_pins(&follow);
		if (follow.ring)
			ring_buffer__consume(follow.ring);
		if (follow.repairs)
			start_jobs(&follow);
		wait_for_work(&follow);
		reap(&follow);
	}
	disconnect(&follow);
	return EXIT_DONE;
}

/* Returns 0 if it is none. */
static __u32 parse_pid(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits < 10 && !text[digits] ? strtoul(text, NULL, 10) : 0;
}

int cmd_repair(const struct options *options, int argc, char **argv)
{
	_cleanup_(close_fd) int fd = -1;
	__u32 pid = argc ? parse_pid(argv[0]) : 0;
	struct dsn_repairs *repairs;
	struct failure failure;
	struct loaded loaded;
	int status;

	if (argc && options->follow) {
		say_error("%s: --follow is for all processes, and takes no PID", argv[0]);
		return EXIT_USAGE;
	}
	if (argc && !pid) {
		say_error("%s: not a process id", argv[0]);
		return EXIT_USAGE;
	}
	if (!process_sees_all()) {
		say_error(
			"cannot tell which processes are stopped: this PID namespace hides the host's processes; run it on the host");
		return EXIT_CANNOT_TELL;
	}
	if (options->follow)
		return follow_on(options->json);
	if (!loaded_need_maps(&loaded, &failure))
		fd = loaded_map(PIN_REPAIRS, &failure);
	if (fd < 0)
		return say_failure(&failure);
	repairs = stopped_map(fd);
	if (!repairs) {
		say_error("cannot map %s/%s: %s", DSN_PIN_DIR, PIN_REPAIRS,
			  strerror(errno));
		return EXIT_FAILED;
	}
	status = repair_now(repairs, pid, options->json);
	stopped_unmap(repairs);
	return status;
}
