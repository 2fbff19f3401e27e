// SPDX-License-Identifier: GPL-2.0
/* Lines for VMs: which one counts for a device, and what is claimed then. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "model/vm.h"
#include "lib/util.h"

#define VM "7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07"

/* Reads a line of words that are separated by single spaces. */
static struct vm_line line_of(const char *text)
{
	char copy[256], error[RULE_ERROR], *words[VM_WORDS + 1], *word, *rest = copy;
	struct vm_line line;
	int count = 0;

	strcpy(copy, text);
	while ((word = strsep(&rest, " ")))
		words[count++] = word;
	if (!vm_line_parse(words, count, &line, error))
		fail_msg("%s: %s", text, error);
	return line;
}

static const struct vm_device nic = { .names = { "alias ua-nic0", "mac 52:54:00:12:34:56",
						 "slot 0000:01:00" } };

/* Claims of the device by these lines, the first that counts being taken away each time. */
static void the_most_specific_line_counts(void **state)
{
	static const struct {
		bool is_metadata;
		const char *text, *claim;
	} rows[] = {
		{ false, "vm " VM " device ua-nic0 02-00-5e-10-00-00-00-01",
		  "02-00-5e-10-00-00-00-01" },
		{ false, "vm " VM " device mac:52:54:00:12:34:56 derive keep 16",
		  "derive:alias ua-nic0 keep 16" },
		{ false, "vm " VM " device slot:0000:01:00 02-00-5e-10-00-00-00-02",
		  "02-00-5e-10-00-00-00-02" },
		{ false, "vm " VM " hide", "hide" },
		{ true, "vm " VM " device ua-nic0 02-00-5e-10-00-00-00-03",
		  "02-00-5e-10-00-00-00-03" },
		{ true, "vm " VM " scrub", "scrub" },
		{ false, "vm default derive", "derive:alias ua-nic0" },
	};
	struct vm_line files[ARRAY_SIZE(rows)], metadata[ARRAY_SIZE(rows)];
	char text[VM_CLAIM_LEN];
	size_t first, i;
	__u8 vm[16];

	(void)state;
	assert_null(uuid_parse(VM, vm));
	for (first = 0; first <= ARRAY_SIZE(rows); first++) {
		struct vm_lines in_files = { files, 0 }, in_metadata = { metadata, 0 };
		const struct vm_line *line;

		for (i = ARRAY_SIZE(rows); i > first; i--) {
			struct vm_lines *to =
				rows[i - 1].is_metadata ? &in_metadata : &in_files;

			to->lines[to->count++] = line_of(rows[i - 1].text);
		}
		line = vm_choose(&in_files, &in_metadata, vm, &nic);
		if (first == ARRAY_SIZE(rows)) {
			assert_null(line);
			continue;
		}
		assert_non_null(line);
		assert_true(vm_claim_format(&line->value, &nic, text));
		assert_string_equal(text, rows[first].claim);
	}
}

static void lines_of_others_do_not_count(void **state)
{
	struct vm_line lines[] = {
		line_of("vm 7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b08 hide"),
		line_of("vm " VM " device ua-nic1 hide"),
	};
	struct vm_lines files = { lines, 2 }, none = {};
	__u8 vm[16];

	(void)state;
	assert_null(uuid_parse(VM, vm));
	assert_null(vm_choose(&files, &none, vm, &nic));
}

static void labels(void **state)
{
	struct vm_value derive = line_of("vm default derive").value;
	struct vm_device device = nic;
	char text[VM_CLAIM_LEN];

	(void)state;
	*device.names[VM_ALIAS] = '\0';
	assert_true(vm_claim_format(&derive, &device, text));
	assert_string_equal(text, "derive:mac 52:54:00:12:34:56");
	*device.names[VM_MAC] = '\0';
	assert_true(vm_claim_format(&derive, &device, text));
	assert_string_equal(text, "derive:slot 0000:01:00");
	*device.names[VM_SLOT] = '\0';
	assert_false(vm_claim_format(&derive, &device, text));
	assert_true(vm_keep_real(0xeac70c92a37b21ee, 0x00154d12345610ff) ==
		    0xeac70c92a37b10ff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_specific_line_counts),
		cmocka_unit_test(lines_of_others_do_not_count),
		cmocka_unit_test(labels),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
