// SPDX-License-Identifier: GPL-2.0
/* Derived serials: RFC 4231, the manual's vectors, a million serials, and key files. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "model/derive.h"
#include "model/rule.h"
#include "model/sitekey.h"
#include "lib/util.h"

#define VM "7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07"

static const struct site_key no_key;

/* The bytes 00 01 .. 1f. */
static struct site_key counting_key(void)
{
	struct site_key key = { .length = 32 };
	int i;

	for (i = 0; i < 32; i++)
		key.bytes[i] = i;
	return key;
}

/* The test cases of RFC 4231, section 4; the fifth is one whose digest is cut. */
static void rfc4231(void **state)
{
	static const struct {
		const char *key, *message, *digest;
		__u8 key_byte, message_byte; /* repeated, in place of a text */
		size_t key_length, length;
	} cases[] = {
		{ .key_byte = 0x0b,
		  .key_length = 20,
		  .message = "Hi There",
		  .digest =
			  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ .key = "Jefe",
		  .message = "what do ya want for nothing?",
		  .digest =
			  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ .key_byte = 0xaa,
		  .key_length = 20,
		  .message_byte = 0xdd,
		  .length = 50,
		  .digest =
			  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ .key = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
			 "\x11\x12\x13\x14\x15\x16\x17\x18\x19",
		  .message_byte = 0xcd,
		  .length = 50,
		  .digest =
			  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
		{ .key_byte = 0x0c,
		  .key_length = 20,
		  .message = "Test With Truncation",
		  .digest = "a3b6167473100ee06e0c796c2955552b" },
		{ .key_byte = 0xaa,
		  .key_length = 131,
		  .message = "Test Using Larger Than Block-Size Key - Hash Key First",
		  .digest =
			  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
		{ .key_byte = 0xaa,
		  .key_length = 131,
		  .message =
			  "This is a test using a larger than block-size key and a larger than "
			  "block-size data. The key needs to be hashed before being used by the "
			  "HMAC algorithm.",
		  .digest =
			  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
	};
	__u8 digest[HMAC_LEN];
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t key_length =
			cases[i].key ? strlen(cases[i].key) : cases[i].key_length;
		size_t length =
			cases[i].message ? strlen(cases[i].message) : cases[i].length;
		char key[256], message[256], printed[2 * HMAC_LEN + 1], *end = printed;

		memset(key, cases[i].key_byte, sizeof(key));
		memset(message, cases[i].message_byte, sizeof(message));
		if (cases[i].key)
			memcpy(key, cases[i].key, key_length);
		if (cases[i].message)
			memcpy(message, cases[i].message, length);
		hmac_sha256(key, key_length, message, length, digest);
		for (n = 0; n < strlen(cases[i].digest) / 2; n++)
			end += sprintf(end, "%02x", digest[n]);
		assert_string_equal(printed, cases[i].digest);
	}
}

static void assert_serial(const struct site_key *key, char *label, const char *serial)
{
	char *words[] = { VM, label }, text[SERIAL_LEN];
	struct derivation derivation;
	int used;

	assert_null(derivation_parse(words, 2, &derivation, &used));
	assert_int_equal(used, 2);
	serial_format(derive_serial(key, &derivation), text);
	assert_string_equal(text, serial);
}

static void vectors(void **state)
{
	struct site_key key = counting_key();

	(void)state;
	assert_serial(&no_key, "alias ua-nic0", "ea-c7-0c-92-a3-7b-21-ee");
	assert_serial(&no_key, "alias ua-nic1", "1a-b7-06-db-cd-5d-40-73");
	assert_serial(&no_key, "slot 0000:01:00", "42-9c-5b-a0-dd-7b-78-0c");
	assert_serial(&no_key, "mac 52:54:00:12:34:56", "de-db-cd-e0-98-dd-e3-3a");
	/* FF-FF and FF-FE before the bit is cleared */
	assert_serial(&no_key, "nic3788", "8e-a1-76-7f-ff-e0-5d-c6");
	assert_serial(&no_key, "nic12651", "4e-09-29-7f-fe-2c-2a-ba");
	assert_serial(&key, "alias ua-nic0", "9a-92-54-40-41-e4-b7-8f");
	assert_serial(&key, "alias ua-nic1", "8a-88-17-9c-f3-6d-96-3c");
	assert_serial(&key, "slot 0000:01:00", "a6-ea-49-3f-1e-c2-27-8c");
	assert_serial(&key, "mac 52:54:00:12:34:56", "6a-d3-91-8b-27-af-48-3e");
	assert_int_equal(site_key_id(&key), 0x4d718762);
}

static void own_bits(void **state)
{
	static const struct {
		__u64 from, to;
	} cases[] = {
		{ 0, 0x0200000000000000 },
		{ ~0ULL, 0xfeffff7fffffffff },
		{ 0x0100000000000000, 0x0200000000000000 },
		{ 0xabcdef0123456789, 0xaacdef0123456789 },
		{ 0x525400ffff123456, 0x5254007fff123456 },
		{ 0x525400fffe123456, 0x5254007ffe123456 },
		{ 0x525400fffd123456, 0x525400fffd123456 },
		{ 0x5254007fff123456, 0x5254007fff123456 },
		{ 0x525400feff123456, 0x525400feff123456 },
		{ 0x5254ffffff123456, 0x5254ff7fff123456 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_true(derive_own_bits(cases[i].from) == cases[i].to);
}

static int compare_serials(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

#define MANY 1000000

/* Derives for many VMs that differ in little, with several labels and keys. */
static void a_million(void **state)
{
	static const char *const labels[] = { "alias ua-nic0", "alias ua-nic1", "nic",
					      "slot 0000:01:00" };
	_cleanup_(free_ptr) __u64 *serials = calloc(MANY, sizeof(*serials));
	struct site_key key = counting_key();
	__u32 i, middle;

	(void)state;
	assert_non_null(serials);
	for (i = 0; i < MANY; i++) {
		struct derivation one = {};
		__u32 vm = i / 8;

		memcpy(one.uuid + 4, &vm, sizeof(vm));
		strcpy(one.label, labels[i % 4]);
		serials[i] = derive_serial(i & 4 ? &key : &no_key, &one);
		assert_int_equal(serials[i] >> 56 & 3, 2);
		middle = serials[i] >> 24 & 0xffff;
		assert_true(middle != 0xffff && middle != 0xfffe);
		assert_true(serials[i] && serials[i] != ~0ULL);
	}
	qsort(serials, MANY, sizeof(*serials), compare_serials);
	for (i = 1; i < MANY; i++)
		assert_true(serials[i - 1] != serials[i]);
}

/* A UUID and label as derivation_format() prints them, or NULL. */
static const char *parsed(char *const words[], int count)
{
	static char text[DERIVATION_LEN];
	struct derivation derivation;
	int used;

	if (derivation_parse(words, count, &derivation, &used)) {
		assert_true(used < count || !count);
		return NULL;
	}
	derivation_format(&derivation, text);
	return text;
}

static void labels(void **state)
{
	static const struct {
		char *words[4];
		int count;
		const char *printed; /* NULL: refused */
	} cases[] = {
		{ { VM, "nic0" }, 2, VM " nic0" },
		{ { VM, "nic0", "expect" }, 3, VM " nic0" },
		{ { VM, "alias", "ua-nic0" }, 3, VM " alias ua-nic0" },
		{ { VM, "alias ua-nic0", "expect" }, 3, VM " alias ua-nic0" },
		{ { VM, "mac", "52:54:00:ab:cd:ef" }, 3, VM " mac 52:54:00:ab:cd:ef" },
		{ { VM, "slot", "0000:01:1f", "expect" }, 4, VM " slot 0000:01:1f" },
		{ { "7C1E7A52-0D5A-4B6E-9D0F-0C3F7A0E5B07", "a.b_c-1" },
		  2,
		  VM " a.b_c-1" },
		{ { VM,
		    "1234567890123456789012345678901234567890123456789012345678901234" },
		  2,
		  VM
		  " 1234567890123456789012345678901234567890123456789012345678901234" },
		{ { VM,
		    "12345678901234567890123456789012345678901234567890123456789012345" },
		  2,
		  NULL },
		{ { VM }, 1, NULL },
		{ { VM, "" }, 2, NULL },
		{ { VM, "expect" }, 2, NULL },
		{ { VM, "alias" }, 2, NULL },
		{ { VM, "alias", "hostdev0" }, 3, NULL },
		{ { VM, "alias", "ua-" }, 3, NULL },
		{ { VM, "alias", "expect" }, 3, NULL },
		{ { VM, "alias  ua-nic0" }, 2, NULL },
		{ { VM, "alias ua-nic0 " }, 2, NULL },
		{ { VM, "alias ua-nic0", "ua-nic0" }, 3, VM " alias ua-nic0" },
		{ { VM, "ua-nic0" }, 2, NULL },
		{ { VM, "mac", "52:54:00:AB:CD:EF" }, 3, NULL },
		{ { VM, "mac", "52:54:00:ab:cd" }, 3, NULL },
		{ { VM, "52:54:00:ab:cd:ef" }, 2, NULL },
		{ { VM, "slot", "0000:01:00.0" }, 3, NULL },
		{ { VM, "slot", "01:00" }, 3, NULL },
		{ { VM, "slot", "0000:01:20" }, 3, NULL },
		{ { VM, "two words" }, 2, NULL },
		{ { VM, "-nic" }, 2, NULL },
		{ { "00000000-0000-0000-0000-000000000000", "nic0" }, 2, NULL },
		{ { "7c1e7a520d5a4b6e9d0f0c3f7a0e5b07", "nic0" }, 2, NULL },
		{ { "7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b0", "nic0" }, 2, NULL },
		{ { "7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b071", "nic0" }, 2, NULL },
		{ { "7c1e7a52-0d5a-4b6e-9d0f0-c3f7a0e5b07", "nic0" }, 2, NULL },
		{ { "7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5bg7", "nic0" }, 2, NULL },
		{ { "", "nic0" }, 2, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *printed = parsed(cases[i].words, cases[i].count);

		if (!printed != !cases[i].printed)
			fail_msg("case %zu: %s", i, printed ? printed : "refused");
		if (printed)
			assert_string_equal(printed, cases[i].printed);
	}
}

static void key_files(void **state)
{
	static const struct {
		struct stat st;
		bool good;
	} cases[] = {
		{ { .st_mode = S_IFREG | 0600 }, true },
		{ { .st_mode = S_IFREG | 0400 }, true },
		{ { .st_mode = S_IFREG | 0640 }, false },
		{ { .st_mode = S_IFREG | 0604 }, false },
		{ { .st_mode = S_IFREG | 0620 }, false },
		{ { .st_mode = S_IFREG | 0602 }, false },
		{ { .st_mode = S_IFREG | 0600, .st_uid = 1000 }, false },
		{ { .st_mode = S_IFLNK | 0600 }, false },
		{ { .st_mode = S_IFIFO | 0600 }, false },
		{ { .st_mode = S_IFDIR | 0600 }, false },
		{ { .st_mode = S_IFCHR | 0600 }, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!site_key_file_fault(&cases[i].st) != cases[i].good)
			fail_msg("case %zu is%s taken", i, cases[i].good ? " not" : "");
}

#define HEX32 "000102030405060708090a0b0c0d0e0f"
#define HEX64 HEX32 "101112131415161718191A1B1C1D1E1F"
#define ZEROS "00000000000000000000000000000000"

static void key_texts(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		bool good;
	} cases[] = {
		{ HEX64, 64, true },
		{ HEX64 "\n", 65, true },
		{ HEX64 "\n\n", 66, false },
		{ HEX64 "0", 65, false },
		{ HEX64, 63, false },
		{ HEX32, 32, false },
		{ HEX32 "\n", 33, false },
		{ ZEROS ZEROS, 64, false },
		{ ZEROS ZEROS "\n", 65, false },
		{ "the thirty-two bytes of a key, k", 32, true },
		{ "the thirty-one bytes of a key, ", 31, false },
		{ "the thirty-three bytes of a key, ", 33, false },
		{ "", 0, false },
	};
	static const char zeros[32];
	struct site_key key, counting = counting_key();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		key = (struct site_key){};
		if (!site_key_parse(cases[i].text, cases[i].length, &key) !=
		    cases[i].good)
			fail_msg("'%s' is%s taken", cases[i].text,
				 cases[i].good ? " not" : "");
		assert_int_equal(key.length, cases[i].good ? 32 : 0);
	}
	assert_non_null(site_key_parse(zeros, sizeof(zeros), &key));
	assert_null(site_key_parse(HEX64, 64, &key));
	assert_memory_equal(key.bytes, counting.bytes, 32);
	assert_null(site_key_parse((const char *)counting.bytes, 32, &key));
	assert_memory_equal(key.bytes, counting.bytes, 32);
}

/* A refused file is named; one that is missing is no key; none blocks. */
static void key_paths(void **state)
{
	char folder[] = "/tmp/dsnctl-test-XXXXXX", path[64], link[64];
	char error[SITE_KEY_ERROR];
	struct site_key key;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/key", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_true(site_key_read(path, &key, error));
	assert_int_equal(key.length, 0);
	assert_int_equal(symlink(path, link), 0);
	assert_false(site_key_read(link, &key, error));
	assert_non_null(strstr(error, "/link: is a symbolic link"));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(site_key_read(path, &key, error));
	assert_non_null(strstr(error, "/key: is not a file"));
	assert_false(site_key_read(link, &key, error));
	assert_int_equal(key.length, 0);
	unlink(path);
	unlink(link);
	rmdir(folder);
}

static void rules(void **state)
{
	char *words[] = {
		"1:0.0", "derive", VM, "alias", "ua-nic0", "expect", "8086:10d3"
	};
	char error[RULE_ERROR], text[RULE_SOURCE_LEN];
	struct rule rule;

	(void)state;
	assert_true(rule_parse(words, 7, &rule, error));
	assert_true(rule_is_derived(&rule));
	assert_int_equal(rule.value.policy, DSN_SERIAL);
	assert_true(rule.value.serial == 0);
	rule_resolve(&rule, &no_key);
	assert_true(rule.value.serial == 0xeac70c92a37b21ee);
	rule_format_source(&rule, text);
	assert_string_equal(text,
			    "0000:01:00.0 derive " VM " alias ua-nic0 expect 8086:10d3");
	rule_format(&rule.key, &rule.value, text);
	assert_string_equal(text,
			    "0000:01:00.0 ea-c7-0c-92-a3-7b-21-ee expect 8086:10d3");
	assert_true(rule_parse(words, 5, &rule, error));
	assert_false(rule_parse(words, 6, &rule, error));
	assert_false(rule_parse(words, 4, &rule, error));
	assert_false(rule_parse(words, 3, &rule, error));
	assert_false(rule_parse(words, 2, &rule, error));
	words[0] = "default";
	assert_false(rule_parse(words, 5, &rule, error));
	words[0] = "1:0";
	words[1] = "scrub";
	assert_false(rule_parse(words, 5, &rule, error));
	assert_true(rule_parse(words, 2, &rule, error));
	assert_false(rule_is_derived(&rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4231),   cmocka_unit_test(vectors),
		cmocka_unit_test(own_bits),  cmocka_unit_test(a_million),
		cmocka_unit_test(labels),    cmocka_unit_test(key_files),
		cmocka_unit_test(key_texts), cmocka_unit_test(key_paths),
		cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
