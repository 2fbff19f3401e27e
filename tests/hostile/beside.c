// SPDX-License-Identifier: GPL-2.0
/*
 * Attacks on what stands beside serials: VPD by its registers, by the addresses that vfio's
 * copy does not name, and beside other readers; a DOE mailbox that no capability names. The
 * device is tests/hostile/module, whose VPD and mailbox answer.
 */
#include "beside.h"
#include "../tools/vfio_device.h"
#include "device.h"

#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define VPD 0x40
#define MAILBOX 0x300 /* behind all capabilities */
#define NAME 3	      /* where the store has bytes with the top bit set, up to 243 */
#define NAME_END 243
#define RACES 4000

static const struct {
	const char *words;
	uint8_t data, id;
	bool vpd, gaps; /* they are shown */
} rules[] = {
	{ "pass", 0, 3, true, true },
	{ "scrub", 0x78, 3, false, true },
	{ "scrub vpd=hide", 0, 0, false, true },
	{ "scrub vpd=empty gaps=zero", 0x78, 3, false, false },
	{ "scrub vpd=pass gaps=zero", 0, 3, true, false },
};

static struct vfio_device device;
static unsigned int rule;
static atomic_bool done;

static void say(bool good, const char *what, unsigned long count)
{
	printf("%s - %s: %s: %lu\n", good ? "ok" : "not ok", rules[rule].words, what,
	       count);
	fflush(stdout);
}

static uint32_t get(unsigned int at, size_t length)
{
	uint32_t got = 0;

	if (pread(device.fd, &got, length, device.config + at) != (ssize_t)length)
		err(1, "%zu bytes at 0x%x", length, at);
	return got;
}

static void put(unsigned int at, size_t length, uint32_t value)
{
	if (pwrite(device.fd, &value, length, device.config + at) != (ssize_t)length)
		err(1, "a write of %zu bytes at 0x%x", length, at);
}

/* Returns how many bytes of the data register are the store's, or others than the rule's. */
static unsigned int wrong_bytes(uint32_t data)
{
	unsigned int i, count = 0;

	for (i = 0; i < 4; i++)
		count += (uint8_t)(data >> (8 * i)) != rules[rule].data;
	return count;
}

/* Reads all of the store as a driver does. */
static void read_store(void)
{
	unsigned int at, wrong = 0, busy = 0;

	for (at = 0; at < NAME_END; at += 4) {
		put(VPD + 2, 2, at);
		busy += !(get(VPD + 2, 2) & 0x8000);
		wrong += wrong_bytes(get(VPD + 4, 4));
	}
	say(rules[rule].vpd ? wrong > 200 : !wrong, "bytes of VPD, read by its registers",
	    wrong);
	/* under hide the flag is not there to be seen */
	if (rules[rule].id)
		say(!busy, "addresses without the ready flag", busy);
}

/* Has vfio name another address than the data's. */
static void trick(void)
{
	unsigned int wrong;

	put(VPD + 2, 2, 8);
	put(VPD + 2, 1, 0); /* the low byte alone fetches nothing */
	wrong = wrong_bytes(get(VPD + 4, 4));
	put(VPD + 2, 2, 8);
	put(VPD + 2, 2, 0xfff0); /* stores nothing beyond the end of VPD */
	wrong += wrong_bytes(get(VPD + 4, 4));
	say(rules[rule].vpd ? wrong == 8 : !wrong, "bytes of VPD under another address",
	    wrong);
}

static void *write_addresses(void *data)
{
	unsigned int at = 0;

	while (!done) {
		put(VPD + 2, 2, NAME + 1 + at % 200);
		at += 4;
	}
	return data;
}

/* Reads of all widths, over both edges and whole, while another thread writes addresses. */
static void race(void)
{
	static const unsigned int from[] = { 0, 2, 3, 4, 5, 6, 7 };
	unsigned long i, reads = 0, wrong = 0;
	uint8_t got[SPACE];
	pthread_t writer;

	done = false;
	if (pthread_create(&writer, NULL, write_addresses, NULL))
		errx(1, "pthread_create");
	for (i = 0; i < RACES; i++) {
		unsigned int at = i % 64 ? VPD + from[i % 7] : 0, k;
		size_t length = i % 64 ? 1 + i % 11 : device.config_size;

		if (pread(device.fd, got + at, length, device.config + at) !=
		    (ssize_t)length)
			err(1, "pread");
		reads++;
		for (k = VPD + 4; k < VPD + 8; k++)
			wrong += k >= at && k < at + length && got[k] != rules[rule].data;
	}
	done = true;
	pthread_join(writer, NULL);
	say(rules[rule].vpd ? wrong : !wrong, "wrong bytes in racing reads", wrong);
}

/* Looks in all of config space, by every width, for bytes that only VPD has. */
static void walk(void)
{
	unsigned int width, at, wrong = 0;

	put(VPD + 2, 2, 8);
	for (width = 1; width <= 4; width++)
		for (at = VPD - 4; at + width <= VPD + 12; at++)
			wrong += memmem((uint32_t[]){ get(at, width) }, width,
					(uint8_t[]){ 0x82 }, 1) != NULL;
	say(rules[rule].vpd ? wrong : !wrong, "reads near VPD with a byte of it", wrong);
}

static void ask_mailbox(void)
{
	uint32_t answer;

	put(MAILBOX + 8, 4, 1U << 31);
	answer = get(MAILBOX + 0x14, 4);
	put(MAILBOX + 8, 4, 0);
	say(rules[rule].gaps ? answer == 0xd0d1d2d3 : !answer,
	    "what the DOE mailbox answers", answer);
}

/* Reads the same by one vector, whose segments begin and end within the registers. */
static void read_segments(void)
{
	uint8_t before[3], data[2], after[3];
	uint32_t status, answer;
	struct iovec vpd[] = { { before, 3 }, { data, 2 }, { after, 3 } };
	struct iovec mailbox[] = { { &status, 4 }, { &answer, 4 } };
	uint32_t got;

	put(VPD + 2, 2, 8);
	if (preadv(device.fd, vpd, 3, device.config + VPD + 2) != 8)
		err(1, "preadv of VPD");
	got = wrong_bytes(before[2] | data[0] << 8 | data[1] << 16 |
			  (uint32_t)after[0] << 24);
	say(rules[rule].vpd ? got : !got, "bytes of VPD in segments", got);
	put(MAILBOX + 8, 4, 1U << 31);
	if (preadv(device.fd, mailbox, 2, device.config + MAILBOX + 0x10) != 8)
		err(1, "preadv of the mailbox");
	put(MAILBOX + 8, 4, 0);
	say(rules[rule].gaps ? answer == 0xd0d1d2d3 : !answer,
	    "the mailbox's answer in a segment", answer);
}

/* Reads more than a register at once, where no serial and no VPD is. */
static void read_long(void)
{
	uint8_t bytes[64];
	unsigned int i, count = 0;

	if (pread(device.fd, bytes, sizeof(bytes), device.config + MAILBOX) !=
	    sizeof(bytes))
		err(1, "pread of the mailbox");
	for (i = 0; i < sizeof(bytes); i++)
		count += !!bytes[i];
	say(rules[rule].gaps ? count : !count, "bytes of a long read of a gap", count);
}

static void look_at_header(void)
{
	unsigned int next = get(VPD + 1, 1), id = get(VPD, 1);

	say(id == rules[rule].id, "the ID of VPD", id);
	say(next == E1000E_FIRST, "the next pointer of VPD", next);
}

static void set_rule(const char *bdf)
{
	char command[128];

	snprintf(command, sizeof(command), "dsnctl set %s %s --force >/dev/null", bdf,
		 rules[rule].words);
	if (system(command))
		errx(1, "%s", command);
}

static void attack(void)
{
	look_at_header();
	read_store();
	trick();
	walk();
	race();
	ask_mailbox();
	read_segments();
	read_long();
}

/* Bytes of VPD that the one before read last, as vfio takes them over when it opens it. */
static void open_again(const char *bdf)
{
	unsigned int wrong;

	put(VPD + 2, 2, 8);
	vfio_close(&device);
	vfio_open(&device, bdf);
	wrong = wrong_bytes(get(VPD + 4, 4));
	say(rules[rule].vpd ? wrong == 4 : !wrong, "bytes of VPD that were left", wrong);
}

static void store_something(void)
{
	unsigned int before = space_counter("stored"), count;

	put(VPD + 4, 4, 0x12345678);
	put(VPD + 2, 2, 0x8000 | 0xe0); /* not where walk() looks */
	count = space_counter("stored") - before;
	/* a documented limit */
	printf("ok - a guest's write reaches the store: %u\n", count);
}

void run_beside(const char *bdf)
{
	static struct space space;

	space_init(&space);
	space_header(&space, 0x100, ID_AER, 1, 0x140);
	space_dsn(&space, 0x140, 0, 0xc0);
	space_vpd(&space, VPD, E1000E_FIRST);
	space_install(&space);
	space_set("vpd", VPD);
	space_set("mailbox", MAILBOX);
	device_rescan(bdf);
	vfio_open(&device, bdf);
	for (rule = 0; rule < sizeof(rules) / sizeof(*rules); rule++) {
		set_rule(bdf);
		attack();
		open_again(bdf);
	}
	store_something();
	vfio_close(&device);
}
