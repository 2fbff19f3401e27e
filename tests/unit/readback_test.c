// SPDX-License-Identifier: GPL-2.0
/* Tests how verify judges reads, with files that stand for a function's config space. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "kernel/readback.h"

#define REAL 0x525400ffff123456ULL
#define CHOSEN 0x02005e1000000001ULL
#define BASE 8192 /* where config space begins in the file, as it does not at 0 in vfio */
#define CAP 0x140

static void put_header(__u8 *config, __u32 at, __u32 id, __u32 next)
{
	__u32 header = id | 1 << 16 | next << 20;

	memcpy(config + at, &header, sizeof(header));
}

/* AER, then the serial. */
static struct readback device(size_t size)
{
	struct readback readback = { .size = size };

	put_header(readback.hardware, 0x100, 1, CAP);
	put_header(readback.hardware, CAP, DSN_CAP_ID, 0);
	dsn_store(readback.hardware + CAP + DSN_BODY, REAL);
	return readback;
}

/* A file that shows what the hardware has, but for this serial, as a guest reads it. */
static int shows(const struct readback *readback, __u64 serial)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	__u8 config[DSN_CFG_END];

	memcpy(config, readback->hardware, sizeof(config));
	dsn_store(config + CAP + DSN_BODY, serial);
	assert_int_equal(pwrite(fd, config, readback->size, BASE), readback->size);
	return fd;
}

static void check(const struct dsn_rule *rule, __u64 shown, bool match, bool real)
{
	struct reading readings[READINGS];
	struct readback readback = device(DSN_CFG_END);
	int fd = shows(&readback, shown), i;

	readback_expect(&readback, rule, false);
	assert_int_equal(readback.count, 1);
	readback_read(&readback, fd, BASE, readings);
	close(fd);
	for (i = 0; i < READINGS; i++)
		if (readings[i].error || readings[i].match != match ||
		    readings[i].real != real)
			fail_msg("%s: error %d, match %d, real %d", readings[i].path,
				 readings[i].error, readings[i].match, readings[i].real);
}

static void results(void **state)
{
	const struct dsn_rule scrub = { .policy = DSN_SCRUB };
	const struct dsn_rule serial = { .policy = DSN_SERIAL, .serial = CHOSEN };
	const struct dsn_rule pass = { .policy = DSN_PASS };

	(void)state;
	check(&scrub, 0, true, false);
	check(&scrub, REAL, false, true);
	check(&scrub, 0x1111111111111111, false, false);
	check(&serial, CHOSEN, true, false);
	check(&serial, REAL, false, true);
	check(&serial, 0x1111111111111111, false, false);
	check(&pass, REAL, true, false);
	check(&pass, 0, false, false);
	/* one byte of it is a part of it */
	check(&scrub, REAL & 0xff, false, true);
	check(&scrub, REAL & 0xffULL << 56, false, true);
}

/* The header counts, but for where it leads to, which vfio-pci changes. */
static void header(void **state)
{
	const struct dsn_rule pass = { .policy = DSN_PASS };
	struct reading readings[READINGS];
	struct readback readback = device(DSN_CFG_END);
	int fd = shows(&readback, REAL);

	(void)state;
	readback_expect(&readback, &pass, false);
	assert_int_equal(pwrite(fd, "\xf3", 1, BASE + CAP + 3), 1);
	readback_read(&readback, fd, BASE, readings);
	assert_true(readings[0].match);
	assert_int_equal(pwrite(fd, "\0", 1, BASE + CAP), 1);
	readback_read(&readback, fd, BASE, readings);
	assert_false(readings[0].match);
	assert_false(readings[0].real);
	close(fd);
}

/* Zeros behind a header that is there are not hidden; nothing real was shown, though. */
static void hidden(void **state)
{
	const struct dsn_rule hide = { .policy = DSN_HIDE };
	struct reading readings[READINGS];
	struct readback readback = device(DSN_CFG_END);
	int fd = shows(&readback, 0), i;

	(void)state;
	readback_expect(&readback, &hide, false);
	readback_read(&readback, fd, BASE, readings);
	for (i = 0; i < READINGS; i++)
		assert_true(!readings[i].match && !readings[i].real);
	assert_int_equal(pwrite(fd, "\0\0\0", 3, BASE + CAP), 3);
	readback_read(&readback, fd, BASE, readings);
	for (i = 0; i < READINGS; i++)
		assert_true(readings[i].match);
	close(fd);
}

static void chains(void **state)
{
	const struct dsn_rule scrub = { .policy = DSN_SCRUB };
	struct reading readings[READINGS];
	struct readback readback = device(256);
	int fd;

	(void)state;
	readback_expect(&readback, &scrub, false);
	assert_int_equal(readback.count, 0);
	/* two, of which only the first is rewritten */
	readback = device(DSN_CFG_END);
	put_header(readback.hardware, CAP, DSN_CAP_ID, 0x200);
	put_header(readback.hardware, 0x200, DSN_CAP_ID, 0);
	dsn_store(readback.hardware + 0x204, REAL);
	fd = shows(&readback, 0);
	readback_expect(&readback, &scrub, false);
	assert_int_equal(readback.count, 2);
	readback_read(&readback, fd, BASE, readings);
	assert_true(readings[0].real);
	close(fd);
	/* a loop ends, and one that the end of config space cuts off is read to there */
	put_header(readback.hardware, 0x200, 2, 0x100);
	readback_expect(&readback, &scrub, false);
	assert_int_equal(readback.count, 1);
	put_header(readback.hardware, CAP, 2, 0xff8);
	put_header(readback.hardware, 0xff8, DSN_CAP_ID, 0);
	readback_expect(&readback, &scrub, false);
	assert_int_equal(readback.caps[0], 0xff8);
	fd = shows(&readback, 0);
	readback_read(&readback, fd, BASE, readings);
	assert_int_equal(readings[5].error, 0);
	close(fd);
}

/* Tests that bytes that cannot be read are no match. */
static void failure(void **state)
{
	const struct dsn_rule scrub = { .policy = DSN_SCRUB };
	struct readback readback = device(DSN_CFG_END);
	struct reading readings[READINGS];
	int i;

	(void)state;
	readback_expect(&readback, &scrub, false);
	readback_read(&readback, -1, BASE, readings);
	for (i = 0; i < READINGS; i++)
		assert_true(readings[i].error && !readings[i].match && !readings[i].real);
}

/* Data of VPD, as the device has it and as a file shows it for every address. */
static const __u8 vpd_data[4] = "MT19";

static void check_vpd(__u8 more, const char *registers, bool withheld, bool match,
		      bool real)
{
	const struct dsn_rule rule = { .policy = DSN_SCRUB, .more = more };
	struct readback readback = device(DSN_CFG_END);
	struct reading readings[VPD_READINGS];
	int fd, i;

	readback.hardware[0x34] = 0x40;
	memcpy(readback.hardware + 0x40, "\1\x48\0\0", 4);
	memcpy(readback.hardware + 0x48, "\3\0\0\0", 4);
	readback.vpd_data = vpd_data;
	readback.vpd_length = sizeof(vpd_data);
	readback_expect(&readback, &rule, withheld);
	assert_int_equal(readback.vpd, 0x48);
	fd = shows(&readback, 0);
	assert_int_equal(pwrite(fd, registers, 8, BASE + 0x48), 8);
	readback_vpd(&readback, &rule, withheld, fd, BASE, readings);
	for (i = 0; i < VPD_READINGS; i++)
		if (readings[i].error || readings[i].match != match ||
		    readings[i].real != real)
			fail_msg("%s: error %d, match %d, real %d", readings[i].path,
				 readings[i].error, readings[i].match, readings[i].real);
	close(fd);
}

static void vpd(void **state)
{
	struct readback readback = device(DSN_CFG_END);

	(void)state;
	check_vpd(DSN_VPD_EMPTY, "\3\0\0\0xxxx", false, true, false);
	check_vpd(DSN_VPD_EMPTY, "\3\0\0\0MT19", false, false, true);
	check_vpd(DSN_VPD_EMPTY, "\3\0\0\0xxx9", false, false, true);
	check_vpd(DSN_VPD_EMPTY, "\3\0\0\0zzzz", false, false, false);
	check_vpd(DSN_VPD_PASS, "\3\0\0\0MT19", false, true, false);
	check_vpd(DSN_VPD_PASS, "\3\0\0\0xxxx", false, false, false);
	/* data that should have been withheld */
	check_vpd(DSN_VPD_EMPTY, "\3\0\0\0MT19", true, false, true);
	/* a chain without VPD, and one that comes back on itself */
	readback_expect(&readback, &(struct dsn_rule){}, false);
	assert_int_equal(readback.vpd, 0);
	memcpy(readback.hardware + 0x34, "\x40", 1);
	memcpy(readback.hardware + 0x40, "\1\x40", 2);
	readback_expect(&readback, &(struct dsn_rule){}, false);
	assert_int_equal(readback.vpd, 0);
}

/* Tests a capability that is hidden; the next pointer is not compared. */
static void vpd_hidden(void **state)
{
	const struct dsn_rule hide = { .more = DSN_VPD_HIDE };
	struct readback readback = device(DSN_CFG_END);
	struct reading readings[VPD_READINGS];
	int fd;

	(void)state;
	readback.hardware[0x34] = 0x48;
	readback.hardware[0x48] = 3;
	readback.vpd_data = vpd_data;
	readback.vpd_length = sizeof(vpd_data);
	readback_expect(&readback, &hide, false);
	fd = shows(&readback, 0);
	assert_int_equal(pwrite(fd, "\0\x50\0\0\0\0\0\0", 8, BASE + 0x48), 8);
	readback_vpd(&readback, &hide, false, fd, BASE, readings);
	assert_true(readings[0].match && readings[1].match && readings[2].match);
	assert_int_equal(pwrite(fd, "\3", 1, BASE + 0x48), 1);
	readback_vpd(&readback, &hide, false, fd, BASE, readings);
	assert_true(readings[0].match && !readings[2].match && !readings[2].real);
	/* what cannot be written to cannot be read */
	readback_vpd(&readback, &hide, false, -1, BASE, readings);
	assert_true(readings[0].error && !readings[0].match);
	close(fd);
}

static void gaps(void **state)
{
	struct readback readback = device(DSN_CFG_END);
	const struct dsn_rule rule = { .more = DSN_GAPS_ZERO };
	struct reading reading;
	int fd;

	(void)state;
	readback_expect(&readback, &rule, false);
	assert_false(readback_gaps(&readback, false, -1, BASE, &reading));
	put_header(readback.hardware, CAP, DSN_CAP_ID, 0x200);
	put_header(readback.hardware, 0x200, 0x2e, 0);
	readback.hardware[0x207] = 0x5a;
	readback_expect(&readback, &rule, false);
	fd = shows(&readback, 0);
	assert_true(readback_gaps(&readback, false, fd, BASE, &reading));
	assert_true(!reading.match && reading.real);
	assert_int_equal(pwrite(fd, "\0\0\0\0\0\0\0\0", 8, BASE + 0x200), 8);
	assert_true(readback_gaps(&readback, false, fd, BASE, &reading));
	assert_true(reading.match && !reading.error);
	assert_int_equal(pwrite(fd, "\x5a", 1, BASE + 0x207), 1);
	assert_true(readback_gaps(&readback, false, fd, BASE, &reading));
	assert_true(!reading.match && reading.real);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results),    cmocka_unit_test(header),
		cmocka_unit_test(hidden),     cmocka_unit_test(chains),
		cmocka_unit_test(failure),    cmocka_unit_test(vpd),
		cmocka_unit_test(vpd_hidden), cmocka_unit_test(gaps),
	};

	return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
