// SPDX-License-Identifier: GPL-2.0
/* Statistics: the state and counters in force, the counters of functions, the fates of reads. */
#include "kernel/stats.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include "kernel/pins.h"
#include "kernel/rulemap.h"
#include "kernel/stopped.h"
#include "model/policy.h"
#include "lib/exit.h"
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
	GAUGE(claims, "functions that VMs have claimed"),
	TOTAL(touched, "reads that reached a serial"),
	TOTAL(vpd, "reads that reached hidden VPD"),
	TOTAL(gaps, "reads that reached bytes without a capability, shown as zeros"),
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

static int read_totals(struct dsn_totals *totals, struct failure *failure)
{
	_cleanup_(close_fd) int map = loaded_map(PIN_TOTALS, failure);
	__u32 zero = 0;

	if (map < 0)
		return failure->status;
	if (!bpf_map_lookup_elem(map, &zero, totals))
		return EXIT_DONE;
	return failure_set(failure, EXIT_FAILED, "cannot read the counters: %s",
			   strerror(errno));
}

static int read_rules(struct stats *stats, struct failure *failure)
{
	int status = rulemap_read_pinned(&stats->set, failure);

	if (status)
		return status;
	stats->default_rule = policy_default(&stats->set);
	stats->rules = stats->set.count - !!ruleset_find(&stats->set, &default_key);
	stats->claims = stats->set.claim_count;
	return EXIT_DONE;
}

/* Finds the guarantee, with what was counted against it. */
static void judge(const struct loaded *loaded, struct stats *stats)
{
	struct faults faults = { .lost = loaded->attached.missed,
				 .unchecked = stats->totals.unchecked,
				 .late = stats->totals.late,
				 .unkillable = stats->totals.unkillable };
	struct reasons reasons = {};

	memcpy(reasons.check, loaded->state.check_reason, sizeof(reasons.check));
	plan_guarantee(&stats->plan, &stats->running, &faults, &reasons,
		       &stats->guarantee);
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

int stats_read(const struct loaded *loaded, struct stats *stats, struct failure *failure)
{
	int status = EXIT_DONE;

	*stats = (struct stats){
		.running = host_running(),
		.plan = loaded->attached.plan,
		.missed = loaded->state.missed + loaded->attached.missed,
	};
	stats->plan.options |=
		loaded->state.options & (DSN_OPTION_WHOLE | DSN_OPTION_VMMS);
	if (loaded_runs(loaded)) {
		status = loaded_check_maps(loaded, failure);
		if (!status)
			status = read_totals(&stats->totals, failure);
		if (!status)
			status = read_rules(stats, failure);
	}
	stats->stopped = count_stopped();
	judge(loaded, stats);
	return status;
}

void stats_free(struct stats *stats)
{
	ruleset_free(&stats->set);
}

#define COUNTERS_SIZE (DSN_MAX_DEVICES * sizeof(struct dsn_device))

int counters_open(struct counters *counters, struct failure *failure)
{
	_cleanup_(close_fd) int map = loaded_map(PIN_COUNTERS, failure);
	void *devices;

	if (map < 0)
		return failure->status;
	devices = mmap(NULL, COUNTERS_SIZE, PROT_READ, MAP_SHARED, map, 0);
	if (devices == MAP_FAILED)
		return failure_set(failure, EXIT_FAILED, "cannot map %s/%s: %s",
				   DSN_PIN_DIR, PIN_COUNTERS, strerror(errno));
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
