// SPDX-License-Identifier: GPL-2.0
/* dsnctl verify: reads serials and VPD as a VMM does, and compares them with the rules. */
#include "cmd/command.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "kernel/loaded.h"
#include "kernel/openers.h"
#include "kernel/readback.h"
#include "kernel/rulemap.h"
#include "kernel/vfio.h"
#include "model/key.h"
#include "model/policy.h"
#include "model/vpd.h"
#include "lib/message.h"
#include "lib/table.h"
#include "lib/util.h"

enum {
	COL_BDF,
	COL_POLICY,
	COL_PATH,
	COL_RESULT,
	COL_DETAIL,
};

static const struct column columns[] = {
	[COL_BDF] = { "bdf" },	     [COL_POLICY] = { "policy" }, [COL_PATH] = { "path" },
	[COL_RESULT] = { "result" }, [COL_DETAIL] = { "detail" },
};

/* The result of all functions. */
struct outcome {
	struct loaded loaded;
	struct table table;
	size_t verified; /* functions that were read, in every way */
	bool failed;	 /* something could not be read, or is not what the rules say */
	bool real;	 /* something of a real serial was readable */
	bool whole;	 /* by a whole read, which the operator lets through */
	bool withheld;	 /* what runs answers or refuses, and writes nothing */
	bool whole_passes;
};

static void add_row(struct outcome *outcome, const char *bdf, const struct dsn_rule *rule,
		    const char *path, const char *result, const char *detail)
{
	struct table *table = &outcome->table;

	if (table_row(table))
		return;
	table_text(table, COL_BDF, bdf);
	table_text(table, COL_POLICY, policy_name(rule->policy));
	table_text(table, COL_PATH, path);
	table_text(table, COL_RESULT, result);
	table_text(table, COL_DETAIL, detail);
}

/* Names what a way of reading reads. */
static const char *object_of(const struct reading *reading)
{
	return !strncmp(reading->path, "vpd", 3) ? "VPD"
	       : !strcmp(reading->path, "gaps")	 ? "capability that vfio unlinks"
						 : "serial";
}

static void add_reading(struct outcome *outcome, const char *bdf,
			const struct dsn_rule *rule, const struct reading *reading)
{
	bool refused = outcome->withheld && reading->error == -EPERM;
	bool whole =
		outcome->whole_passes && reading->real && !strcmp(reading->path, "whole");
	char detail[96] = "";

	if (refused)
		strcpy(detail, "nothing could have been written over it");
	else if (reading->error)
		snprintf(detail, sizeof(detail), "%s", strerror(-reading->error));
	else if (whole)
		strcpy(detail,
		       "the real serial, let through by 'load --whole-reads allow'");
	else if (!reading->match)
		snprintf(detail, sizeof(detail), "not what the rules say%s the real %s%s",
			 reading->real ? ":" : ", and not", object_of(reading),
			 reading->real ? " was readable" : "");
	add_row(outcome, bdf, rule, reading->path,
		refused		 ? "refused"
		: reading->error ? "failed"
		: reading->match ? "match"
		: whole		 ? "passed"
				 : "MISMATCH",
		*detail ? detail : NULL);
	outcome->failed |= !reading->match && !refused && !whole;
	outcome->real |= reading->real && !whole;
	outcome->whole |= whole;
}

/* Finds the effective rule of a function. Prints the error. */
static int find_rule(const struct outcome *outcome, const struct dsn_key *key,
		     struct dsn_rule *rule)
{
	_cleanup_(ruleset_free) struct ruleset set = {};
	struct failure failure;
	struct policy policy;

	if (rulemap_read_pinned(&set, &failure))
		return say_failure(&failure);
	policy = policy_of(&set, key);
	*rule = policy_under(outcome->loaded.effect, &policy.rule);
	return EXIT_DONE;
}

/* Reads the device itself through sysfs, which does not pass the hook. */
static int read_hardware(const char *bdf, struct readback *readback)
{
	_cleanup_(close_fd) int fd = -1;
	char path[64];
	ssize_t got;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = pread(fd, readback->hardware, sizeof(readback->hardware), 0);
	if (got < 0)
		return -errno;
	readback->size = got;
	return 0;
}

#define MAX_READINGS (READINGS + VPD_READINGS + 1)

/* Reads what the function has in every way. Returns the number of readings. */
static size_t read_by_rule(const struct outcome *outcome, const struct vfio *vfio,
			   struct readback *readback, const struct dsn_rule *rule,
			   struct reading readings[MAX_READINGS])
{
	bool withheld = outcome->withheld;
	size_t count = 0;

	readback_expect(readback, rule, withheld && rule->policy != DSN_PASS);
	if (readback->count) {
		readback_read(readback, vfio->device, vfio->config, readings);
		count = READINGS;
	}
	if (readback->vpd) {
		readback_vpd(readback, rule, withheld, vfio->device, vfio->config,
			     readings + count);
		count += VPD_READINGS;
	}
	if (rule->more & DSN_GAPS_ZERO)
		count += readback_gaps(readback, withheld, vfio->device, vfio->config,
				       readings + count);
	return count;
}

/* Reads the function in every way, and again if its rule was changed meanwhile. */
static int read_function(struct outcome *outcome, const struct dsn_key *key,
			 const char *bdf, const struct vfio *vfio,
			 struct readback *readback)
{
	struct reading readings[MAX_READINGS];
	struct dsn_rule rule, after;
	size_t count = 0, i;
	int status;

	status = find_rule(outcome, key, &rule);
	for (; !status; rule = after) {
		count = read_by_rule(outcome, vfio, readback, &rule, readings);
		status = find_rule(outcome, key, &after);
		if (!status && rule_equal(&rule, &after))
			break;
	}
	for (i = 0; !status && i < count; i++)
		add_reading(outcome, bdf, &rule, &readings[i]);
	return status;
}

/* Formats the opener; if there is none, a neighbour in the group is open. */
static void find_opener(enum dsn_hook hook, const struct dsn_key *key, char who[80])
{
	_cleanup_(free_ptr) struct opener *openers = NULL;
	char process[OPENER_LEN];
	size_t count = 0, i;

	snprintf(who, 80, "its IOMMU group is open");
	if (openers_find(hook, &openers, &count))
		return;
	for (i = 0; i < count; i++)
		if (!key_compare(&openers[i].id.key, key)) {
			opener_format(&openers[i], process);
			snprintf(who, 80, "process %s has it open", process);
			return;
		}
}

static int verify_function(struct outcome *outcome, const struct dsn_key *key)
{
	_cleanup_(vfio_close) struct vfio vfio = VFIO_CLOSED;
	static __u8 vpd[VPD_SIZE];
	struct readback readback = { .vpd_data = vpd };
	struct dsn_rule rule;
	char bdf[BDF_LEN];
	long length;
	const char *step;
	int status, err;
	char who[80];

	bdf_format(key, bdf);
	status = find_rule(outcome, key, &rule);
	if (status)
		return status;
	err = vfio_open(&vfio, key, &step);
	if (!err) {
		step = "its config space cannot be read in sysfs";
		err = read_hardware(bdf, &readback);
	}
	if (!err) {
		length = vpd_read(key, vpd);
		readback.vpd_length = length < 0 ? 0 : length;
		outcome->verified++;
		return read_function(outcome, key, bdf, &vfio, &readback);
	}
	outcome->failed = true;
	if (err == -EBUSY) {
		find_opener(outcome->loaded.attached.plan.hook, key, who);
		say_error("%s: busy: %s; verify it when no guest uses it", bdf, who);
		add_row(outcome, bdf, &rule, NULL, "busy", who);
	} else {
		say_error("%s: %s: %s", bdf, step, strerror(-err));
		add_row(outcome, bdf, &rule, NULL, "failed", step);
	}
	return EXIT_DONE;
}

/* Finds the function that was asked for. Prints why it cannot be verified. */
static const struct pci_function *find_device(const struct pci_function *devices,
					      size_t count, const struct dsn_key *key,
					      const char *bdf)
{
	size_t i;

	for (i = 0; i < count && key_compare(&devices[i].key, key); i++)
		;
	if (i == count)
		say_error("%s: no such function", bdf);
	else if (!devices[i].has_dsn && !devices[i].has_vpd)
		say_error(
			"%s: no Device Serial Number capability and no VPD: nothing to verify",
			bdf);
	else if (!pci_is_vfio(&devices[i]))
		say_error("%s: bound to %s, not to vfio-pci: no guest can read it", bdf,
			  *devices[i].driver ? devices[i].driver : "no driver");
	else
		return &devices[i];
	return NULL;
}

static int verify(struct outcome *outcome, const struct dsn_key *key)
{
	_cleanup_(free_ptr) struct pci_function *devices = NULL;
	const struct pci_function *device;
	char error[128], bdf[BDF_LEN];
	size_t count, i;
	int status = EXIT_DONE;

	if (pci_scan(NULL, &devices, &count, error)) {
		say_error("cannot read the PCI functions: %s", error);
		return EXIT_FAILED;
	}
	if (key) {
		bdf_format(key, bdf);
		device = find_device(devices, count, key, bdf);
		return device ? verify_function(outcome, key) : EXIT_FAILED;
	}
	for (i = 0; !status && i < count; i++)
		if ((devices[i].has_dsn || devices[i].has_vpd) &&
		    pci_is_vfio(&devices[i]))
			status = verify_function(outcome, &devices[i].key);
	if (!status && !json_object_array_length(outcome->table.rows))
		say_warning(
			"no function with a serial or VPD is bound to vfio-pci: nothing was verified");
	return status;
}

static int print(struct outcome *outcome, bool json)
{
	struct json_object *object;

	if (!json)
		return json_object_array_length(outcome->table.rows)
			       ? table_print(&outcome->table)
			       : 0;
	object = json_result();
	if (!object)
		return -ENOMEM;
	json_object_object_add(object, "verified",
			       json_object_new_uint64(outcome->verified));
	json_object_object_add(object, "real_readable",
			       json_object_new_boolean(outcome->real || outcome->whole));
	json_object_object_add(object, "reads", table_take_rows(&outcome->table));
	json_print(object);
	return 0;
}

static void drop_outcome(struct outcome *outcome)
{
	table_free(&outcome->table);
}

/* Reads what is loaded, and how it treats reads. Prints the error. */
static int read_loaded(struct outcome *outcome)
{
	struct failure failure;

	if (loaded_need(&outcome->loaded, &failure))
		return say_failure(&failure);
	outcome->withheld = outcome->loaded.effect == EFFECT_WITHHOLD;
	outcome->whole_passes =
		outcome->withheld && outcome->loaded.state.options & DSN_OPTION_WHOLE;
	return EXIT_DONE;
}

int cmd_verify(const struct options *options, int argc, char **argv)
{
	_cleanup_(drop_outcome) struct outcome outcome = {};
	struct dsn_key key;
	const char *error;
	int status;

	error = argc ? bdf_parse(argv[0], &key) : NULL;
	if (error) {
		say_error("%s: %s", argv[0], error);
		return EXIT_USAGE;
	}
	status = read_loaded(&outcome);
	if (status)
		return status;
	if (table_init(&outcome.table, columns, ARRAY_SIZE(columns))) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	status = verify(&outcome, argc ? &key : NULL);
	if (status)
		return status;
	if (print(&outcome, options->json)) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	if (outcome.whole)
		say_warning(
			"whole reads show the real serial, because of 'load --whole-reads allow': fine only for VMMs that ask the device again for each read by a guest");
	if (outcome.real) {
		say_error(
			"not protected: bytes of a device that the rules hide were readable; see 'dsnctl status'");
		return EXIT_UNPROTECTED;
	}
	return outcome.failed ? EXIT_FAILED : EXIT_DONE;
}
