// SPDX-License-Identifier: GPL-2.0
/* dsnctl metrics: the stats of `status` and `dump` for Prometheus, text format 0.0.4. */
#include "cmd/command.h"
#include "kernel/stats.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kernel/pins.h"
#include "kernel/program.h"
#include "kernel/stopped.h"
#include "model/key.h"
#include "model/policy.h"
#include "lib/file.h"
#include "lib/message.h"
#include "lib/time.h"
#include "lib/util.h"

enum {
	LOADED,
	GUARANTEE,
	INFO,
	LOADED_TIME,
	RULES,
	TOUCHED,
	MISSED,
	REPAIRED,
	ANSWERED,
	REFUSED,
	WHOLES,
	WHOLES_PASSED,
	UNCHECKED,
	STOPS,
	STOPPED,
	KILLS,
	FAILED_WRITES,
	UNKILLABLE,
	LATE,
	UNCOUNTED,
	COLLAPSED,
	DEVICE_READS,
	DEVICE_PASSED,
	DEVICE_TIME,
	METRICS,
};

/* Counters start at 0 with the first load, and go on over later ones. */
static const struct {
	const char *name, *type, *help;
} metrics[METRICS] = {
	[LOADED] = { "dsnctl_loaded", "gauge", "1 if the programs are loaded." },
	[GUARANTEE] = { "dsnctl_guarantee", "gauge",
			"1 for the level that holds: proven, withheld, vmm-trusted, best-effort or not protected." },
	[INFO] = { "dsnctl_info", "gauge",
		   "1; what is loaded, and the preemption model and the default policy." },
	[LOADED_TIME] = { "dsnctl_loaded_timestamp_seconds", "gauge",
			  "When the programs were loaded, in Unix time." },
	[RULES] = { "dsnctl_rules", "gauge", "Rules, without the default." },
	[TOUCHED] = { "dsnctl_touched_total", "counter", "Reads that reached a serial." },
	[MISSED] = { "dsnctl_missed_total", "counter",
		     "Hook calls that the kernel skipped; with no check they may be leaks." },
	[REPAIRED] = { "dsnctl_repaired_total", "counter",
		       "Reads that the check corrected after the hook." },
	[ANSWERED] = { "dsnctl_answered_total", "counter",
		       "Reads of a serial that did not get to the device." },
	[REFUSED] = { "dsnctl_refused_total", "counter",
		      "Reads that cannot be made safe and were not let begin." },
	[WHOLES] = { "dsnctl_wholes_total", "counter",
		     "Reads of all of config space under the hook permission." },
	[WHOLES_PASSED] = { "dsnctl_wholes_passed_total", "counter",
			    "Of those, the ones that got the real serial." },
	[UNCHECKED] = { "dsnctl_unchecked_total", "counter",
			"Reads that the hook saw and the check did not; must be 0." },
	[STOPS] = { "dsnctl_stops_total", "counter",
		    "Reads whose process was stopped until its memory was repaired." },
	[STOPPED] = { "dsnctl_stopped", "gauge",
		      "Processes that are stopped now; must be 0." },
	[KILLS] = { "dsnctl_kills_total", "counter",
		    "Readers killed because a read could not be made safe." },
	[FAILED_WRITES] = { "dsnctl_failed_writes_total", "counter",
			    "Of the kills, those whose buffer could not be written." },
	[UNKILLABLE] = { "dsnctl_unkillable_total", "counter",
			 "Of the kills, those that the kernel refused; must be 0." },
	[LATE] = { "dsnctl_late_total", "counter",
		   "Readers that a real-time kernel could only stop or kill late; must be 0." },
	[UNCOUNTED] = { "dsnctl_uncounted_total", "counter",
			"Reads that are missing in the counters of devices." },
	[COLLAPSED] = { "dsnctl_collapsed_total", "counter",
			"Events merged into a later one of the same thread." },
	[DEVICE_READS] = { "dsnctl_device_reads_total", "counter",
			   "Reads of this device's serial that were rewritten." },
	[DEVICE_PASSED] = { "dsnctl_device_passed_total", "counter",
			    "Reads of this device's serial that pass let through." },
	[DEVICE_TIME] = { "dsnctl_device_last_read_timestamp_seconds", "gauge",
			  "When this device's serial was last read, in Unix time." },
};

/* The samples of each metric, as JSON: {"labels": {...}, "value": N}. */
struct samples {
	struct json_object *of[METRICS];
};

static void drop_samples(struct samples *samples)
{
	size_t i;

	for (i = 0; i < METRICS; i++)
		json_object_put(samples->of[i]);
}

static struct json_object *add(struct samples *samples, size_t metric, __u64 value)
{
	struct json_object *sample = json_object_new_object();
	struct json_object *labels = json_object_new_object();

	if (!samples->of[metric])
		samples->of[metric] = json_object_new_array();
	json_object_object_add(sample, "labels", labels);
	json_object_object_add(sample, "value", json_object_new_uint64(value));
	json_object_array_add(samples->of[metric], sample);
	return labels;
}

static void label(struct json_object *labels, const char *name, const char *value)
{
	json_object_object_add(labels, name, json_object_new_string(value));
}

static void add_level(struct samples *samples, const struct guarantee *guarantee)
{
	enum level level;

	for (level = LEVEL_NOT_PROTECTED; level <= LEVEL_PROVEN; level++)
		label(add(samples, GUARANTEE, level == guarantee->level), "level",
		      level_name(level));
}

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

static void add_loaded(struct samples *samples, const struct stats *stats)
{
	const struct dsn_totals *totals = &stats->totals;
	struct json_object *info = add(samples, INFO, 1);

	label(info, "version", stats->state.version);
	label(info, "hook", hook_name(stats->plan.hook));
	label(info, "check", check_name(stats->plan.check));
	label(info, "preemption", preemption_name(stats->running.model));
	label(info, "default", policy_name(stats->default_rule.policy));
	add(samples, LOADED_TIME, boot_to_unix_time(stats->state.loaded_ns));
	add(samples, RULES, stats->rules);
	add(samples, TOUCHED, totals->touched);
	add(samples, MISSED, stats->missed);
	add(samples, REPAIRED, totals->repaired);
	add(samples, ANSWERED, totals->answered);
	add(samples, REFUSED, totals->refused);
	add(samples, WHOLES, totals->wholes);
	add(samples, WHOLES_PASSED, totals->wholes_passed);
	add(samples, UNCHECKED, totals->unchecked);
	add(samples, STOPS, totals->stops);
	add(samples, STOPPED, count_stopped());
	add(samples, KILLS, totals->kills);
	add(samples, FAILED_WRITES, totals->failed_writes);
	add(samples, UNKILLABLE, totals->unkillable);
	add(samples, LATE, totals->late);
	add(samples, UNCOUNTED, totals->uncounted);
	add(samples, COLLAPSED, totals->collapsed);
}

static int add_devices(struct samples *samples)
{
	_cleanup_(counters_close) struct counters counters = {};
	struct dsn_device device;
	char bdf[BDF_LEN];
	size_t i = 0;

	if (counters_open(&counters) != EXIT_DONE)
		return EXIT_FAILED;
	while (counters_next(&counters, &i, &device)) {
		bdf_format(&device.key, bdf);
		label(add(samples, DEVICE_READS, device.reads), "bdf", bdf);
		label(add(samples, DEVICE_PASSED, device.passed), "bdf", bdf);
		label(add(samples, DEVICE_TIME, boot_to_unix_time(device.last_ns)), "bdf",
		      bdf);
	}
	return EXIT_DONE;
}

static int gather(struct samples *samples)
{
	struct stats stats;
	int status = stats_read(&stats);

	if (status == EXIT_FAILED)
		return status;
	add(samples, LOADED, status == EXIT_DONE);
	add_level(samples, &stats.guarantee);
	if (status != EXIT_DONE)
		return EXIT_DONE;
	add_loaded(samples, &stats);
	return add_devices(samples);
}

/* A label's value: backslash, quote and newline are escaped. */
static void print_quoted(FILE *to, const char *text)
{
	putc('"', to);
	for (; *text; text++)
		if (*text == '\n')
			fputs("\\n", to);
		else
			fprintf(to, "%s%c", strchr("\\\"", *text) ? "\\" : "", *text);
	putc('"', to);
}

static void print_sample(FILE *to, const char *name, struct json_object *sample)
{
	struct json_object *labels = json_object_object_get(sample, "labels");
	char before = '{';

	fputs(name, to);
	json_object_object_foreach(labels, key, value)
	{
		fprintf(to, "%c%s=", before, key);
		print_quoted(to, json_object_get_string(value));
		before = ',';
	}
	fprintf(to, "%s %s\n", before == ',' ? "}" : "",
		json_object_get_string(json_object_object_get(sample, "value")));
}

static void print_text(FILE *to, const struct samples *samples)
{
	size_t i, n;

	for (i = 0; i < METRICS; i++) {
		if (!samples->of[i])
			continue;
		fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", metrics[i].name,
			metrics[i].help, metrics[i].name, metrics[i].type);
		for (n = 0; n < json_object_array_length(samples->of[i]); n++)
			print_sample(to, metrics[i].name,
				     json_object_array_get_idx(samples->of[i], n));
	}
}

static void print_json(struct samples *samples)
{
	struct json_object *object = json_result(), *list = json_object_new_array();
	struct json_object *metric;
	size_t i;

	for (i = 0; i < METRICS; i++) {
		if (!samples->of[i])
			continue;
		metric = json_object_new_object();
		json_object_object_add(metric, "name",
				       json_object_new_string(metrics[i].name));
		json_object_object_add(metric, "type",
				       json_object_new_string(metrics[i].type));
		json_object_object_add(metric, "samples",
				       json_object_get(samples->of[i]));
		json_object_array_add(list, metric);
	}
	json_object_object_add(object, "metrics", list);
	json_print(object);
}

static int write_textfile(const char *path, const struct samples *samples)
{
	_cleanup_(free_ptr) char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);
	int err = -ENOMEM;

	if (memory) {
		print_text(memory, samples);
		if (!fclose(memory))
			err = file_replace(path, text, length);
	}
	if (!err)
		return EXIT_DONE;
	say_error("cannot write %s: %s; what was there before is unchanged", path,
		  strerror(-err));
	return EXIT_FAILED;
}

int cmd_metrics(const struct options *options, int argc, char **argv)
{
	_cleanup_(drop_samples) struct samples samples = {};
	int status;

	(void)argc;
	(void)argv;
	if (geteuid()) {
		say_error(
			"this needs root: the counters are pinned in %s, which is root's",
			DSN_PIN_DIR);
		return EXIT_FAILED;
	}
	status = gather(&samples);
	if (!status && options->textfile)
		status = write_textfile(options->textfile, &samples);
	if (status)
		return status;
	if (options->json)
		print_json(&samples);
	else if (!options->textfile)
		print_text(stdout, &samples);
	return EXIT_DONE;
}
