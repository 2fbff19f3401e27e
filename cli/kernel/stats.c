// SPDX-License-Identifier: GPL-2.0
/* Statistics: the state and counters in force, the counters of functions, the fates of reads. */
#include "kernel/stats.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include "kernel/pins.h"
#include "kernel/program.h"
#include "kernel/rulemap.h"
#include "kernel/stopped.h"
#include "model/policy.h"
#include "lib/exit.h"
#include "lib/message.h"
#include "lib/util.h"

#define GAUGE(field, what)                                                               \
	{                                                                                \
#field, what, "gauge", offsetof(struct stats, field)                     \
	}
#define COUNTER(field, what)                                                             \
	{                                                                                \
#field, what, "counter", offsetof(struct stats, field)                   \
	}
#define TOTAL(field, what)                                                               \
	{                                                                                \
#field, what, "counter", offsetof(struct stats, totals.field)            \
	}

const struct counter stats_counters[STATS_COUNTERS] = {
	GAUGE(rules, "rules, without the default"),
	TOTAL(touched, "reads that reached a serial"),
	COUNTER(missed,
		"hook calls that the kernel skipped; without a check they may be leaks"),
	TOTAL(repaired, "reads that the check corrected after the hook"),
	TOTAL(answered, "reads of a serial answered without asking the device"),
	TOTAL(refused, "reads that cannot be made safe, refused before they began"),
	TOTAL(wholes, "whole reads, of all of config space, under the hook permission"),
	TOTAL(wholes_passed, "of the whole reads, those that got the real serial"),
	TOTAL(unchecked, "reads that the hook saw and the check did not; must be 0"),
	TOTAL(stops, "reads whose process was stopped until its memory was repaired"),
	TOTAL(kills, "readers killed because a read could not be made safe"),
	TOTAL(failed_writes, "of the kills, those whose buffer could not be written"),
	TOTAL(unkillable, "of the kills, those that the kernel refused; must be 0"),
	TOTAL(late,
	      "readers that a real-time kernel could only stop or kill late; must be 0"),
	TOTAL(uncounted, "reads that are missing in the counters of functions"),
	TOTAL(collapsed, "events merged into a later one of the same thread"),
	GAUGE(stopped, "processes that are stopped now; must be 0"),
};

__u64 counter_value(const struct stats *stats, const struct counter *counter)
{
	return *(const __u64 *)((const char *)stats + counter->offset);
}

/* Reads what `load` has recorded. */
static int read_state(struct dsn_state *state)
{
	_cleanup_(close_fd) int map = -1;
	__u32 zero = 0;
	int status;

	map = pins_map(PIN_STATE, &status);
	if (map < 0)
		return status;
	if (bpf_map_lookup_elem(map, &zero, state)) {
		say_error("cannot read %s/%s: %s", DSN_PIN_DIR, PIN_STATE,
			  strerror(errno));
		return EXIT_FAILED;
	}
	state->version[sizeof(state->version) - 1] = '\0';
	state->hook_reason[sizeof(state->hook_reason) - 1] = '\0';
	state->check_reason[sizeof(state->check_reason) - 1] = '\0';
	return EXIT_DONE;
}

static int read_totals(struct dsn_totals *totals)
{
	_cleanup_(close_fd) int map = -1;
	__u32 zero = 0;
	int status;

	map = pins_map(PIN_TOTALS, &status);
	if (map < 0)
		return status;
	if (!bpf_map_lookup_elem(map, &zero, totals))
		return EXIT_DONE;
	say_error("cannot read the counters: %s", strerror(errno));
	return EXIT_FAILED;
}

static int read_rules(struct stats *stats)
{
	_cleanup_(ruleset_free) struct ruleset set = {};
	_cleanup_(close_fd) int map = -1;
	int status, err;

	map = pins_map(PIN_RULESETS, &status);
	if (map < 0)
		return status;
	err = rulemap_read(map, &set);
	if (err) {
		say_error("cannot read the rules: %s", strerror(-err));
		return EXIT_FAILED;
	}
	stats->default_rule = policy_default(&set);
	stats->rules = set.count - !!ruleset_find(&set, &default_key);
	return EXIT_DONE;
}

/* Finds the guarantee, with what was counted against it. */
static int judge(struct stats *stats)
{
	struct faults faults = { .unchecked = stats->totals.unchecked,
				 .late = stats->totals.late,
				 .unkillable = stats->totals.unkillable };
	struct reasons reasons = {};
	unsigned long long missed;

	if (program_missed(stats->plan.hook, &missed)) {
		say_error("cannot read the programs' counters");
		return EXIT_FAILED;
	}
	stats->missed = stats->state.missed + missed;
	faults.lost = missed;
	memcpy(reasons.check, stats->state.check_reason, sizeof(reasons.check));
	plan_guarantee(&stats->plan, &stats->running, &faults, &reasons,
		       &stats->guarantee);
	return EXIT_DONE;
}

/* Counts the processes that wait for `dsnctl repair`. */
static size_t count_stopped(void)
{
	_cleanup_(close_fd) int map = pins_open(PIN_REPAIRS);
	struct dsn_repairs *repairs = map < 0 ? NULL : stopped_map(map);
	struct stopped list[DSN_REPAIRS];
	size_t count = 0;

	if (repairs) {
		count = stopped_list(repairs, list);
		stopped_unmap(repairs);
	}
	return count;
}

int stats_read(struct stats *stats)
{
	static const struct faults none;
	int status;

	*stats = (struct stats){ .running = host_running() };
	program_find(&stats->plan);
	if (!stats->plan.hook && !stats->plan.check) {
		plan_guarantee(&stats->plan, &stats->running, &none, NULL,
			       &stats->guarantee);
		return EXIT_UNPROTECTED;
	}
	status = read_state(&stats->state);
	stats->plan.options |=
		stats->state.options & (DSN_OPTION_WHOLE | DSN_OPTION_VMMS);
	if (!status)
		status = read_totals(&stats->totals);
	if (!status)
		status = read_rules(stats);
	if (!status)
		status = judge(stats);
	stats->stopped = count_stopped();
	return status ? EXIT_FAILED : EXIT_DONE;
}

#define COUNTERS_SIZE (DSN_MAX_DEVICES * sizeof(struct dsn_device))

int counters_open(struct counters *counters)
{
	_cleanup_(close_fd) int map = -1;
	void *devices;
	int status;

	map = pins_map(PIN_COUNTERS, &status);
	if (map < 0)
		return status;
	devices = mmap(NULL, COUNTERS_SIZE, PROT_READ, MAP_SHARED, map, 0);
	if (devices == MAP_FAILED) {
		say_error("cannot map %s/%s: %s", DSN_PIN_DIR, PIN_COUNTERS,
			  strerror(errno));
		return EXIT_FAILED;
	}
	counters->devices = devices;
	return EXIT_DONE;
}

struct dsn_device counters_of(const struct counters *counters, const struct dsn_key *key)
{
	struct dsn_key used = *key;
	struct dsn_device device;
	__u32 i;

	used.reserved = 1;
	for (i = 0; i < DSN_DEVICE_TRIES; i++) {
		device = counters->devices[(dsn_device_index(key) + i) % DSN_MAX_DEVICES];
		if (!memcmp(&device.key, &used, sizeof(used)))
			return device;
		if (!device.key.reserved)
			break;
	}
	return (struct dsn_device){};
}

bool counters_next(const struct counters *counters, size_t *i, struct dsn_device *device)
{
	while (*i < DSN_MAX_DEVICES) {
		*device = counters->devices[(*i)++];
		if (device->reads || device->passed) {
			device->key.reserved = 0;
			return true;
		}
	}
	return false;
}

void counters_close(struct counters *counters)
{
	if (counters->devices)
		munmap((void *)counters->devices, COUNTERS_SIZE);
	counters->devices = NULL;
}

const char *fate_name(const struct dsn_event *event)
{
	if (event->fate == DSN_FATE_KILLED)
		return "killed";
	if (event->fate == DSN_FATE_REFUSED)
		return "refused";
	if (event->fate == DSN_FATE_STOPPED)
		return "stopped";
	switch (event->policy) {
	case DSN_SERIAL:
		return "serial";
	case DSN_PASS:
		return "passed";
	case DSN_HIDE:
		return "hidden";
	default:
		return "scrubbed";
	}
}

const char *fate_reason(const struct dsn_event *event)
{
	if (event->reason)
		return reason_text(event->reason);
	if (event->fate == DSN_FATE_REFUSED)
		return "io_uring, which cannot be made safe";
	return NULL;
}

const char *reason_text(__u32 reason)
{
	switch (reason) {
	case DSN_REASON_WRITE:
		return "its buffer could not be written";
	case DSN_REASON_PLACE:
		return "config space could not be read";
	case DSN_REASON_MISSED:
		return "io_uring, or a call whose buffer cannot be found";
	case DSN_REASON_UNANSWERED:
		return "it contains a serial, which cannot be overwritten here";
	case DSN_REASON_WHOLE:
		return "a whole read; 'load --vmm PATH' lets those of a VMM through";
	case DSN_REASON_WHOLE_PASSED:
		return "a whole read that got the real serial";
	default:
		return "unknown";
	}
}
