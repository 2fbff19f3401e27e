// SPDX-License-Identifier: GPL-2.0
/* Puts many made-up rules in force, through the command line's own code. */
#include <err.h>
#include <stdlib.h>
#include "kernel/loaded.h"
#include "kernel/pins.h"
#include "kernel/rulemap.h"
#include "model/ruleset.h"

int main(int argc, char **argv)
{
	unsigned int i, count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	int lock, rulesets, types, error = 0;
	struct ruleset set = {};
	struct failure failure;
	struct loaded loaded;

	lock = loaded_lock(&loaded, &failure);
	rulesets = loaded_map(PIN_RULESETS, &failure);
	types = loaded_map(PIN_COUNTERS, &failure);
	if (lock < 0 || rulesets < 0 || types < 0)
		errx(1, "%s", failure.text);
	for (i = 0; i < count && !error; i++) {
		struct dsn_key key = { .domain = 0x10000 + (i >> 16),
				       .bus = i >> 8,
				       .devfn = i };
		struct dsn_rule rule = { .serial = 0x0200000000000000 + i,
					 .policy = DSN_SERIAL };

		error = ruleset_put(&set, &key, &rule);
	}
	if (!error)
		error = rulemap_switch(rulesets, types, &set);
	if (error)
		errx(1, "%u rules: error %d", count, error);
	return 0;
}
