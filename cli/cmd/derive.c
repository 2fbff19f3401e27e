// SPDX-License-Identifier: GPL-2.0
/* dsnctl derive: print the serial of a VM and a label, and change nothing. */
#include "cmd/command.h"

#include <stdio.h>
#include "model/config.h"
#include "model/derive.h"
#include "model/rule.h"
#include "model/sitekey.h"
#include "lib/message.h"

static void report_json(const struct derivation *derivation, const struct site_key *key,
			const char *serial)
{
	struct json_object *object = json_result();
	char uuid[UUID_LEN], id[sizeof("01234567")];

	uuid_format(derivation->uuid, uuid);
	snprintf(id, sizeof(id), "%08x", site_key_id(key));
	json_object_object_add(object, "serial", json_object_new_string(serial));
	json_object_object_add(object, "uuid", json_object_new_string(uuid));
	json_object_object_add(object, "label",
			       json_object_new_string(derivation->label));
	json_object_object_add(object, "key_id",
			       key->length ? json_object_new_string(id) : NULL);
	json_print(object);
}

static int wrong(const char *word, const char *fault)
{
	say_error("%s: %s", word, fault);
	return EXIT_USAGE;
}

int cmd_derive(const struct options *options, int argc, char **argv)
{
	char error[SITE_KEY_ERROR], serial[SERIAL_LEN];
	struct derivation derivation;
	struct site_key key;
	const char *fault;
	int used;

	fault = derivation_parse(argv, argc, &derivation, &used);
	if (fault)
		return wrong(argv[used], fault);
	if (used < argc)
		return wrong(argv[used], "nothing may follow the label");
	if (!config_site_key(&key, error)) {
		say_error("%s", error);
		return EXIT_FAILED;
	}
	serial_format(derive_serial(&key, &derivation), serial);
	if (options->json)
		report_json(&derivation, &key, serial);
	else
		puts(serial);
	return EXIT_DONE;
}
