// SPDX-License-Identifier: GPL-2.0
/* dsnctl plan: print what a VM with these functions is to claim, and change nothing. */
#include "cmd/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/config.h"
#include "model/key.h"
#include "model/pci.h"
#include "model/rule.h"
#include "model/vm.h"
#include "lib/message.h"
#include "lib/table.h"
#include "lib/util.h"

enum { BDF, VALUE, LABEL, CLAIM, LINE, COLUMNS };

static const struct column columns[COLUMNS] = {
	[BDF] = { .name = "bdf" },     [VALUE] = { .name = "value" },
	[LABEL] = { .name = "label" }, [CLAIM] = { .name = "claim" },
	[LINE] = { .name = "line" },
};

/* The VM and the functions that it has. */
struct request {
	__u8 uuid[16];
	struct vm_device *devices;
	size_t count;
};

static void request_free(struct request *request)
{
	free(request->devices);
}

static int wrong(const char *word, const char *fault)
{
	say_error("%s: %s", word, fault);
	return EXIT_USAGE;
}

/* Reads a name of the last function. */
static int take_name(struct request *request, const char *word)
{
	static const char *const kinds[VM_NAMES] = { "alias ", "mac ", "slot " };
	struct vm_device *device = &request->devices[request->count - 1];
	char label[LABEL_LEN];
	const char *fault = vm_device_parse(word, label);
	int i = 0;

	if (fault)
		return wrong(word, fault);
	while (strncmp(label, kinds[i], strlen(kinds[i])))
		i++;
	if (*device->names[i])
		return wrong(word, "the function has such a name already");
	strcpy(device->names[i], label);
	return EXIT_DONE;
}

/* Reads UUID BDF [DEVICE...] [BDF [DEVICE...]]... */
static int take_request(struct request *request, int argc, char **argv)
{
	const char *fault = uuid_parse(argv[0], request->uuid);
	struct vm_device device = {};
	int status = EXIT_DONE, i;

	if (fault)
		return wrong(argv[0], fault);
	request->devices = calloc(argc, sizeof(*request->devices));
	if (!request->devices) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	for (i = 1; !status && i < argc; i++) {
		fault = bdf_parse(argv[i], &device.key);
		if (!fault)
			request->devices[request->count++] = device;
		else if (i == 1)
			status = wrong(argv[i], fault);
		else
			status = take_name(request, argv[i]);
	}
	return status;
}

/* Computes the serial that a claim of the device would show. */
static bool resolve(const struct config *config, const struct request *request,
		    const struct vm_device *device, const struct vm_value *value,
		    struct dsn_rule *rule)
{
	struct derivation derivation;
	char bdf[BDF_LEN];
	__u64 real = 0;

	*rule = value->rule;
	if (!value->is_derived)
		return true;
	bdf_format(&device->key, bdf);
	if (!vm_label(device)) {
		say_error(
			"%s: has no name to derive a serial from: add ua-NAME, mac:ADDRESS or slot:ADDRESS",
			bdf);
		return false;
	}
	memcpy(derivation.uuid, request->uuid, sizeof(derivation.uuid));
	strcpy(derivation.label, vm_label(device));
	rule->serial = derive_serial(&config->key, &derivation);
	if (value->keeps && !pci_serial(&device->key, &real)) {
		say_error(
			"%s: has no real serial to keep bits of, or it cannot be read: run this as root",
			bdf);
		return false;
	}
	if (value->keeps)
		rule->serial = vm_keep_real(rule->serial, real);
	return true;
}

/* Fills the cells about the line that counts. */
static void fill(struct table *table, const struct config *config,
		 const struct vm_line *line, const struct vm_device *device,
		 const struct dsn_rule *rule)
{
	_cleanup_(free_ptr) char *where = NULL;
	char text[VM_CLAIM_LEN], value[SERIAL_LEN];

	value_format(rule, value);
	vm_claim_format(&line->value, device, text);
	if (asprintf(&where, "%s:%u", config->files[line->file], line->line) < 0)
		where = NULL;
	table_text(table, VALUE, value);
	table_text(table, LABEL, line->value.is_derived ? vm_label(device) : NULL);
	table_text(table, CLAIM, text);
	table_text(table, LINE, where);
}

static int add_row(struct table *table, const struct config *config,
		   const struct request *request, const struct vm_device *device)
{
	static const struct vm_lines no_metadata;
	const struct vm_line *line =
		vm_choose(&config->vms, &no_metadata, request->uuid, device);
	struct dsn_rule rule;
	char bdf[BDF_LEN];

	if (line && !resolve(config, request, device, &line->value, &rule))
		return EXIT_FAILED;
	if (table_row(table)) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	bdf_format(&device->key, bdf);
	table_text(table, BDF, bdf);
	if (line)
		fill(table, config, line, device, &rule);
	return EXIT_DONE;
}

static int report(const struct options *options, struct table *table,
		  const struct request *request)
{
	struct json_object *object;
	char uuid[UUID_LEN];

	if (!options->json)
		return table_print(table) ? EXIT_FAILED : EXIT_DONE;
	object = json_result();
	uuid_format(request->uuid, uuid);
	json_object_object_add(object, "uuid", json_object_new_string(uuid));
	json_object_object_add(object, "functions", table_take_rows(table));
	json_print(object);
	return EXIT_DONE;
}

int cmd_plan(const struct options *options, int argc, char **argv)
{
	_cleanup_(request_free) struct request request = {};
	_cleanup_(config_free) struct config config = {};
	_cleanup_(table_free) struct table table = {};
	int status = take_request(&request, argc, argv);
	size_t i;

	if (status)
		return status;
	if (!read_config(NULL, 0, &config))
		return EXIT_FAILED;
	if (table_init(&table, columns, COLUMNS)) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	for (i = 0; !status && i < request.count; i++)
		status = add_row(&table, &config, &request, &request.devices[i]);
	return status ? status : report(options, &table, &request);
}
