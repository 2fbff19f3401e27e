// SPDX-License-Identifier: GPL-2.0
/* The items of Vital Product Data, well-formed and not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "model/vpd.h"

/* "ID=name SN=serial ...": the items that tell cards apart. */
static const char *items_of(const char *data, size_t length)
{
	static char all[4 * VPD_TEXT_LEN];
	struct vpd vpd = { .data = (const unsigned char *)data, .length = length };
	char text[VPD_TEXT_LEN], *at = all;
	struct vpd_item item;

	*at = '\0';
	while (vpd_next(&vpd, &item)) {
		if (!vpd_is_telling(&item))
			continue;
		vpd_text(&item, text);
		at += sprintf(at, "%s%s=%s", at == all ? "" : " ", item.name, text);
	}
	assert_true(vpd.at <= length);
	return all;
}

#define ITEMS(text) items_of(text, sizeof(text) - 1)
#define NAME "\x82\x03\0NIC"

static void well_formed(void **state)
{
	(void)state;
	assert_string_equal(
		ITEMS(NAME "\x90\x12\0PN\3A-1SN\2X9EC\1aRV\0\x91\x0b\0V0\2u1RW\3abc\x78"),
		"ID=NIC PN=A-1 SN=X9 V0=u1");
	assert_string_equal(ITEMS("\x78"), "");
	assert_string_equal(ITEMS(""), "");
	/* unknown tags, small and large, are skipped; nothing counts after the end tag */
	assert_string_equal(ITEMS("\x22zz\x84\2\0zz" NAME "\x79\xff" NAME), "ID=NIC");
}

static void not_well_formed(void **state)
{
	(void)state;
	/* a name, an area and a keyword that are longer than what holds them */
	assert_string_equal(ITEMS("\x82\x04\0NIC"), "");
	assert_string_equal(ITEMS("\x82\x03"), "");
	assert_string_equal(ITEMS(NAME "\x90\x07\0SN\2X9"), "ID=NIC");
	assert_string_equal(ITEMS(NAME "\x90\x05\0SN\3X9\x91\x05\0V1\2ab\x78"),
			    "ID=NIC V1=ab");
	/* an area without room for a keyword, and an empty one */
	assert_string_equal(ITEMS("\x90\x02\0SN\x91\0\0" NAME), "ID=NIC");
	/* all zeros, and all ones: neither ends in a tag */
	assert_string_equal(ITEMS("\0\0\0\0"), "");
	assert_string_equal(ITEMS("\xff\xff\xff\xff"), "");
}

static void text_for_terminals(void **state)
{
	char name[3 + 400] = "\x82\x90\x01", expected[4 + VPD_TEXT_BYTES] = "ID=";

	(void)state;
	assert_string_equal(ITEMS("\x90\x0b\0SN\x08"
				  "a\x1b[2J\x80"
				  "b "),
			    "SN=a<1b>[2J<80>b");
	assert_string_equal(ITEMS("\x90\x07\0SN\4\0a\0\0"), "SN=<00>a");
	memset(name + 3, 'n', 400);
	memset(expected + 3, 'n', VPD_TEXT_BYTES);
	assert_string_equal(items_of(name, sizeof(name)), expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed),
		cmocka_unit_test(not_well_formed),
		cmocka_unit_test(text_for_terminals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
