// SPDX-License-Identifier: GPL-2.0
/* dsnctl monitor: prints reads of serials as they happen. */
#include "cmd/command.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "kernel/cgroup.h"
#include "kernel/host.h"
#include "kernel/loaded.h"
#include "kernel/pins.h"
#include "kernel/stats.h"
#include "model/key.h"
#include "lib/message.h"
#include "lib/table.h"
#include "lib/time.h"
#include "lib/util.h"

/*
 * The time for which events are written unless the monitor renews it, and when it does.
 */
#define LEASE_NS (5 * 1000000000ULL)
#define RENEW_NS 1000000000ULL

/* The interval at which the buffer is read; events between two reads find room in it. */
#define PAUSE_US 100000
#define BATCH 1000 /* events in a row, before the rest is looked at */

enum {
	COL_TIME,
	COL_BDF,
	COL_PID,
	COL_TID,
	COL_COMM,
	COL_OFFSET,
	COL_LENGTH,
	COL_DONE,
	COL_REPAIRED,
	COL_REPEATS,
	COL_CGROUP,
	COL_REASON,
};

static const struct column columns[] = {
	[COL_TIME] = { "time", .width = sizeof("2026-01-01T00:00:00.000000+0000") - 1 },
	[COL_BDF] = { "bdf", .width = 12 },
	[COL_PID] = { "pid", true, 7 },
	[COL_TID] = { "tid", true, 7 },
	[COL_COMM] = { "comm", .width = 15 },
	[COL_OFFSET] = { "offset", true, 6 },
	[COL_LENGTH] = { "length", true, 6 },
	[COL_DONE] = { "done", .width = 8 },
	[COL_REPAIRED] = { "repaired", .width = 8 },
	[COL_REPEATS] = { "repeats", true, 7 },
	[COL_CGROUP] = { "cgroup", .width = 24 },
	[COL_REASON] = { "reason" },
};

struct watch {
	bool json;
	int status;
	struct dsn_monitor *listener; /* shared with the programs */
	struct ring_buffer *ring;
	struct cgroups cgroups;
	__u32 map_id;
	__u64 renewed_ns;
	__u64 shown;
	__u64 lost_before; /* when this monitor started */
	__u64 lost;	   /* since then, as far as reported */
	unsigned int batch;
};

static volatile sig_atomic_t asked_to_end;

static void ask_to_end(int signal)
{
	(void)signal;
	asked_to_end = 1;
}

/* Begins a line of JSON: a read, or another kind of report. */
static struct json_object *json_line(const char *kind)
{
	struct json_object *line = json_result();

	json_object_object_add(line, "event", json_object_new_string(kind));
	return line;
}

static void add_number(struct json_object *line, const char *name, __u64 number)
{
	json_object_object_add(line, name, json_object_new_uint64(number));
}

/* Fills a row. The offset is in hex for people; an unknown cgroup is its number. */
static void fill(struct watch *watch, struct table *table, const struct dsn_event *event)
{
	const char *path = cgroup_path(&watch->cgroups, event->cgroup);
	char when[TIME_US_LEN], bdf[BDF_LEN], text[32];

	format_boot_time_us(event->ns, when);
	table_text(table, COL_TIME, when);
	bdf_format(&event->key, bdf);
	table_text(table, COL_BDF, bdf);
	table_number(table, COL_PID, event->pid);
	table_number(table, COL_TID, event->tid);
	memcpy(text, event->command, sizeof(event->command));
	make_printable(text, sizeof(event->command));
	table_text(table, COL_COMM, text);
	if (event->length) {
		snprintf(text, sizeof(text), "0x%x", event->offset);
		if (watch->json)
			table_number(table, COL_OFFSET, event->offset);
		else
			table_text(table, COL_OFFSET, text);
		table_number(table, COL_LENGTH, event->length);
	}
	table_text(table, COL_DONE, fate_name(event));
	table_bool(table, COL_REPAIRED, event->repaired);
	table_number(table, COL_REPEATS, event->repeats);
	snprintf(text, sizeof(text), "%llu", event->cgroup);
	table_text(table, COL_CGROUP, path || watch->json ? path : text);
	table_text(table, COL_REASON, fate_reason(event));
}

/* Prints one event. Returns not 0 if it is time to look at something else. */
static int show(void *context, void *data, size_t size)
{
	_cleanup_(table_free) struct table table = {};
	const struct dsn_event *event = data;
	struct watch *watch = context;
	struct json_object *line;

	if (size < sizeof(*event) || table_init(&table, columns, ARRAY_SIZE(columns)) ||
	    table_row(&table))
		return -ENOMEM;
	fill(watch, &table, event);
	if (watch->json) {
		line = json_line("read");
		table_put_row(&table, line);
		add_number(line, "cgroup_id", event->cgroup);
		json_print(line);
	} else {
		table_print_line(&table);
	}
	watch->shown++;
	return ++watch->batch % BATCH ? 0 : -EAGAIN;
}

/* Skips events for an earlier monitor, which was killed. */
static int skip(void *context, void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return 0;
}

/* Prints the lost events; `lost` is NULL if they were not counted. */
static void report_lost(struct watch *watch, const __u64 *lost)
{
	struct json_object *line;
	char when[TIME_US_LEN];

	format_boot_time_us(boot_time_ns(), when);
	if (watch->json) {
		line = json_line("lost");
		json_object_object_add(line, "time", json_object_new_string(when));
		json_object_object_add(line, "lost",
				       lost ? json_object_new_uint64(*lost) : NULL);
		json_print(line);
		return;
	}
	if (lost)
		printf("%s  lost %llu events: they came faster than they were shown\n",
		       when, *lost);
	else
		printf("%s  lost an unknown number of events: the monitor was stopped for too long\n",
		       when);
}

static void count_lost(struct watch *watch)
{
	__u64 lost = __atomic_load_n(&watch->listener->lost, __ATOMIC_RELAXED) -
		     watch->lost_before;
	__u64 fresh = lost - watch->lost;

	if (fresh)
		report_lost(watch, &fresh);
	watch->lost = lost;
}

/*
 * Returns true if the pinned buffer is still ours, and not that of a later load. An error is no
 * reason to end.
 */
static bool is_loaded(const struct watch *watch)
{
	_cleanup_(close_fd) int map = pins_open(PIN_EVENTS);
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);

	if (map < 0)
		return map != -ENOENT;
	return bpf_obj_get_info_by_fd(map, &info, &length) || info.id == watch->map_id;
}

/* Reports that what was watched is not there any more. Returns an exit status. */
static int report_unloaded(void)
{
	struct failure failure;
	struct loaded loaded;

	if (loaded_read(&loaded, &failure))
		return say_failure(&failure);
	say_error(
		"unloaded: guests read the real serials, and no events are written; run 'dsnctl load'");
	return EXIT_UNPROTECTED;
}

/* Renews the time until which events are written. Returns the time before. */
static __u64 renew(struct watch *watch)
{
	watch->renewed_ns = boot_time_ns();
	return __atomic_exchange_n(&watch->listener->until_ns,
				   watch->renewed_ns + LEASE_NS, __ATOMIC_SEQ_CST);
}

/* Prints the events in the buffer. Returns true if there may be more. */
static bool drain(struct watch *watch)
{
	int err = ring_buffer__consume(watch->ring);

	if (err >= 0 || err == -EAGAIN)
		return err == -EAGAIN;
	say_error("cannot read %s/%s: %s", DSN_PIN_DIR, PIN_EVENTS, strerror(-err));
	watch->status = EXIT_FAILED;
	return false;
}

static void listen_on(struct watch *watch)
{
	bool more;

	while (!asked_to_end && !watch->status && !ferror(stdout)) {
		if (boot_time_ns() - watch->renewed_ns >= RENEW_NS) {
			if (!renew(watch))
				report_lost(watch, NULL);
			if (!is_loaded(watch))
				watch->status = report_unloaded();
		}
		more = drain(watch);
		count_lost(watch);
		if (!more && !asked_to_end && !watch->status)
			usleep(PAUSE_US);
	}
	__atomic_store_n(&watch->listener->until_ns, 0, __ATOMIC_SEQ_CST);
	while (!ferror(stdout) && drain(watch))
		;
	count_lost(watch);
}

/* Begins after the events and losses of an earlier monitor. */
static int start_over(struct watch *watch, int events)
{
	struct ring_buffer *old;

	__atomic_store_n(&watch->listener->until_ns, 0, __ATOMIC_SEQ_CST);
	old = ring_buffer__new(events, skip, NULL, NULL);
	if (!old)
		return -errno;
	ring_buffer__consume(old);
	ring_buffer__free(old);
	watch->lost_before = __atomic_load_n(&watch->listener->lost, __ATOMIC_RELAXED);
	watch->listener->pid = getpid();
	watch->ring = ring_buffer__new(events, show, watch, NULL);
	return watch->ring ? 0 : -errno;
}

/*
 * Locks the buffer, which has one reader. The pins have another lock, as they change
 * meanwhile. The kernel drops this one with its opener.
 */
static int lock_out_others(const struct dsn_monitor *listener)
{
	int fd = pins_lock_monitor();

	if (fd == -EWOULDBLOCK)
		say_error(
			"another monitor is running, process %u, and there can be only one; end that first",
			listener->pid);
	else if (fd < 0)
		say_error(
			"cannot lock out other monitors in %s: %s; run 'dsnctl load' first",
			DSN_PIN_DIR, strerror(-fd));
	return fd;
}

static void end_on_signals(void)
{
	/* a second signal ends it at once, should the output be stuck */
	struct sigaction action = { .sa_handler = ask_to_end,
				    .sa_flags = SA_RESTART | SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void report_start(const struct watch *watch)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (watch->json)
		json_print(json_line("start"));
	else
		table_print_heading(columns, ARRAY_SIZE(columns));
}

static void report_end(const struct watch *watch)
{
	struct json_object *line;

	if (!watch->json) {
		fprintf(stderr, "dsnctl: %llu events shown, %llu lost\n", watch->shown,
			watch->lost);
		return;
	}
	line = json_line("end");
	add_number(line, "shown", watch->shown);
	add_number(line, "lost", watch->lost);
	json_object_object_add(line, "status", json_object_new_int(watch->status));
	json_print(line);
}

static int run(struct watch *watch, int events)
{
	int err;

	libbpf_set_print(NULL);
	err = start_over(watch, events);
	if (err) {
		say_error("cannot read %s/%s: %s", DSN_PIN_DIR, PIN_EVENTS,
			  strerror(-err));
		return EXIT_FAILED;
	}
	end_on_signals();
	cgroups_open(&watch->cgroups);
	renew(watch);
	report_start(watch);
	listen_on(watch);
	report_end(watch);
	cgroups_close(&watch->cgroups);
	ring_buffer__free(watch->ring);
	return watch->status;
}

int cmd_monitor(const struct options *options, int argc, char **argv)
{
	_cleanup_(close_fd) int events = -1, map = -1, lock = -1;
	struct watch watch = { .json = options->json };
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	struct failure failure;
	struct loaded loaded;

	(void)argc;
	(void)argv;
	if (!loaded_need_maps(&loaded, &failure))
		events = loaded_map(PIN_EVENTS, &failure);
	if (events >= 0)
		map = loaded_map(PIN_MONITOR, &failure);
	if (map < 0)
		return say_failure(&failure);
	if (host_ringbuf_sleeps()) {
		say_error(
			"this real-time kernel may sleep while it writes an event (spinlock_t in struct bpf_ringbuf), which the programs must not: boot a later kernel; 'dsnctl dump' prints the last readers");
		return EXIT_UNABLE;
	}
	watch.listener = mmap(NULL, sizeof(*watch.listener), PROT_READ | PROT_WRITE,
			      MAP_SHARED, map, 0);
	if (watch.listener == MAP_FAILED ||
	    bpf_obj_get_info_by_fd(events, &info, &length)) {
		say_error("cannot map %s/%s: %s", DSN_PIN_DIR, PIN_MONITOR,
			  strerror(errno));
		return EXIT_FAILED;
	}
	watch.map_id = info.id;
	lock = lock_out_others(watch.listener);
	return lock < 0 ? EXIT_FAILED : run(&watch, events);
}
