// SPDX-License-Identifier: GPL-2.0
/*
 * dsnctl metrics: the counters of `status` and `dump` for Prometheus, text format 0.0.4.
 */
#include "cmd/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kernel/loaded.h"
#include "kernel/openers.h"
#include "kernel/pins.h"
#include "kernel/stats.h"
#include "model/key.h"
#include "model/policy.h"
#include "model/sitekey.h"
#include "lib/file.h"
#include "lib/message.h"
#include "lib/time.h"
#include "lib/util.h"

enum {
	LOADED,
	GUARANTEE,
	INFO,
	LOADED_TIME,
	DEVICE_READS,
	DEVICE_PASSED,
	DEVICE_TIME,
	CLAIM_OPEN,
	KEY_INFO,
	COUNTERS, /* those of stats_counters follow */
	METRICS = COUNTERS + STATS_COUNTERS,
};

struct metric {
	const char *name, *help, *type;
};

/* Counters start at 0 with the first load, and go on over later ones. */
static const struct metric metrics[COUNTERS] = {
	[LOADED] = { "loaded", "1 if the programs are loaded", "gauge" },
	[GUARANTEE] = { "guarantee", "1 for the level that holds, 0 for the others",
			"gauge" },
	[INFO] = { "info", "1; what is loaded, the preemption model and the default",
		   "gauge" },
	[LOADED_TIME] = { "loaded_timestamp_seconds",
			  "when the programs were loaded, in Unix time", "gauge" },
	[DEVICE_READS] = { "device_reads",
			   "reads of this function's serial that were rewritten",
			   "counter" },
	[DEVICE_PASSED] = { "device_passed",
			    "reads of this function's serial that pass let through",
			    "counter" },
	[DEVICE_TIME] = { "device_last_read_timestamp_seconds",
			  "when this function's serial was last read, in Unix time",
			  "gauge" },
	[CLAIM_OPEN] = { "claim_open",
			 "1 if a process has the function that this VM has claimed open",
			 "gauge" },
	[KEY_INFO] = { "key_info",
		       "1; the id of the key of derived serials, none or unusable",
		       "gauge" },
};

static struct metric metric_of(size_t i)
{
	const struct counter *counter;

	if (i < COUNTERS)
		return metrics[i];
	counter = &stats_counters[i - COUNTERS];
	return (struct metric){ counter->name, counter->help, counter->type };
}

#define METRIC_LEN 64

static void format_name(const struct metric *metric, char name[METRIC_LEN])
{
	snprintf(name, METRIC_LEN, "dsnctl_%s%s", metric->name,
		 strcmp(metric->type, "gauge") ? "_total" : "");
}

void help_metrics(void)
{
	char name[METRIC_LEN];
	size_t i;

	puts("");
	for (i = 0; i < METRICS; i++) {
		struct metric metric = metric_of(i);

		format_name(&metric, name);
		printf("%-41s %s\n", name, metric.help);
	}
}

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

static void add_loaded(struct samples *samples, const struct loaded *loaded,
		       const struct stats *stats)
{
	struct json_object *info = add(samples, INFO, 1);
	char value[VALUE_LEN];
	size_t i;

	label(info, "version", loaded->state.version);
	label(info, "hook", hook_name(stats->plan.hook));
	label(info, "check", check_name(stats->plan.check));
	label(info, "preemption", preemption_name(stats->running.model));
	rule_format_value(&stats->default_rule, value);
	label(info, "default", value);
	add(samples, LOADED_TIME, boot_to_unix_time(loaded->state.loaded_ns));
	for (i = 0; i < STATS_COUNTERS; i++)
		add(samples, COUNTERS + i, counter_value(stats, &stats_counters[i]));
}

static int add_devices(struct samples *samples, struct failure *failure)
{
	_cleanup_(counters_close) struct counters counters = {};
	struct dsn_device device;
	char bdf[BDF_LEN];
	size_t i = 0;

	if (counters_open(&counters, failure))
		return failure->status;
	while (counters_next(&counters, &i, &device)) {
		bdf_format(&device.key, bdf);
		label(add(samples, DEVICE_READS, device.reads), "bdf", bdf);
		label(add(samples, DEVICE_PASSED, device.passed), "bdf", bdf);
		label(add(samples, DEVICE_TIME, boot_to_unix_time(device.last_ns)), "bdf",
		      bdf);
	}
	return EXIT_DONE;
}

static bool is_open(const struct dsn_key *key, const struct opener *openers, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!key_compare(&openers[i].id.key, key))
			return true;
	return false;
}

static void add_claim(struct samples *samples, const struct claim *claim, bool open)
{
	struct json_object *labels = add(samples, CLAIM_OPEN, open);
	char bdf[BDF_LEN], uuid[UUID_LEN];

	bdf_format(&claim->key, bdf);
	uuid_format(claim->uuid, uuid);
	label(labels, "bdf", bdf);
	label(labels, "vm", claim->name);
	label(labels, "uuid", uuid);
}

/* Adds the claims; without knowing which devices are open there is nothing to add. */
static void add_claims(struct samples *samples, const struct stats *stats)
{
	_cleanup_(free_ptr) struct opener *openers = NULL;
	size_t count, i;

	if (!stats->claims || openers_find(stats->plan.hook, &openers, &count))
		return;
	for (i = 0; i < stats->set.claim_count; i++)
		add_claim(samples, &stats->set.claims[i],
			  is_open(&stats->set.claims[i].key, openers, count));
}

/* Adds the id of the site's key: hosts that share VMs must have the same. */
static void add_key(struct samples *samples)
{
	char error[SITE_KEY_ERROR], id[KEY_ID_LEN] = "unusable";
	struct site_key key;

	if (site_key_find(&key, error))
		site_key_format_id(&key, id);
	label(add(samples, KEY_INFO, 1), "id", id);
}

static int gather(struct samples *samples, struct failure *failure)
{
	_cleanup_(stats_free) struct stats stats = {};
	struct loaded loaded;
	int status = loaded_read(&loaded, failure);

	if (!status)
		status = stats_read(&loaded, &stats, failure);
	if (status)
		return status;
	add(samples, LOADED, loaded_runs(&loaded));
	add_level(samples, &stats.guarantee);
	if (!loaded_runs(&loaded))
		return EXIT_DONE;
	add_loaded(samples, &loaded, &stats);
	add_claims(samples, &stats);
	add_key(samples);
	return add_devices(samples, failure);
}

/* Prints a label's value, with backslash, quote and newline escaped. */
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
	char name[METRIC_LEN];
	size_t i, n;

	for (i = 0; i < METRICS; i++) {
		struct metric metric = metric_of(i);

		if (!samples->of[i])
			continue;
		format_name(&metric, name);
		fprintf(to, "# HELP %s %c%s.\n# TYPE %s %s\n", name,
			toupper(metric.help[0]), metric.help + 1, name, metric.type);
		for (n = 0; n < json_object_array_length(samples->of[i]); n++)
			print_sample(to, name,
				     json_object_array_get_idx(samples->of[i], n));
	}
}

static struct json_object *describe(size_t i, struct json_object *samples)
{
	struct json_object *object = json_object_new_object();
	struct metric metric = metric_of(i);
	char name[METRIC_LEN];

	format_name(&metric, name);
	json_object_object_add(object, "name", json_object_new_string(name));
	json_object_object_add(object, "type", json_object_new_string(metric.type));
	json_object_object_add(object, "samples", json_object_get(samples));
	return object;
}

static void print_json(struct samples *samples)
{
	struct json_object *object = json_result(), *list = json_object_new_array();
	size_t i;

	for (i = 0; i < METRICS; i++)
		if (samples->of[i])
			json_object_array_add(list, describe(i, samples->of[i]));
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
	struct failure failure;
	int status;

	(void)argc;
	(void)argv;
	if (geteuid()) {
		say_error(
			"this needs root: the counters are pinned in %s, which is root's",
			DSN_PIN_DIR);
		return EXIT_FAILED;
	}
	if (gather(&samples, &failure))
		return say_failure(&failure);
	status = options->textfile ? write_textfile(options->textfile, &samples)
				   : EXIT_DONE;
	if (status)
		return status;
	if (options->json)
		print_json(&samples);
	else if (!options->textfile)
		print_text(stdout, &samples);
	return EXIT_DONE;
}
