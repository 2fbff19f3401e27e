// SPDX-License-Identifier: GPL-2.0
/* Generated chains, each byte checked against the model. */
#include "random.h"
#include "../tools/vfio_device.h"
#include "device.h"
#include "shapes.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST 20 /* capabilities in a chain */
#define SHOWN 5 /* wrong chains */

static uint64_t state;

static unsigned int below(unsigned int limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 16) % limit;
}

static unsigned int anywhere(void)
{
	return EXTENDED + 4 * below((SPACE - EXTENDED) / 4);
}

/* Near the one before, so that they overlap, or anywhere. */
static unsigned int place_after(unsigned int before)
{
	int at = before - 16 + 4 * below(17);

	return below(2) && at >= EXTENDED && at < SPACE - 64 ? (unsigned int)at
							     : anywhere();
}

static unsigned int last_pointer(const unsigned int *places, unsigned int count)
{
	switch (below(512)) {
	case 0: /* seldom, as vfio logs thousands of lines about a loop */
		return places[below(count)];
	case 1 ... 64: /* into what is no capability */
		return anywhere() | below(4);
	case 65 ... 128:
		return below(EXTENDED);
	}
	return 0;
}

static void put_one(struct space *space, unsigned int at, unsigned int next)
{
	static const unsigned int odd[] = { 0x7fff, 0x7ffe, 0x7f03, ID_RCRB, 0, 5 };
	static const unsigned int lengths[] = { 0, 4, 8, 12, 16, 40, 64, 200 };
	switch (below(16)) {
	case 0 ... 4:
		space_dsn(space, at, next, SERIAL_FIRST + 8 * below(6));
		break;
	case 5:
		space_header(space, at, ID_AER, 1, next);
		break;
	case 6:
		space_header(space, at, ID_POWER, 1, next);
		break;
	case 7 ... 8:
		space_header(space, at, ID_LTR, below(16), next);
		break;
	case 9:
		space_header(space, at, ID_ARI, 1, next);
		break;
	case 10 ... 12:
		space_vendor(space, at, next,
			     below(24) ? lengths[below(8)] : 1 + below(3));
		break;
	case 13 ... 14:
		space_header(space, at, ID_UNKNOWN + below(8), 1, next);
		break;
	default:
		space_header(space, at, odd[below(6)], below(16), next);
	}
}

/* Chain number `index` of `seed`. */
static void generate(struct space *space, unsigned long seed, unsigned long index)
{
	unsigned int places[MOST], count, i;
	struct model model;

	state = (seed << 32) ^ (index + 1) * 0x9e3779b97f4a7c15ULL;
	below(1);
	do {
		space_init(space);
		count = 1 + below(MOST);
		places[0] = EXTENDED;
		for (i = 1; i < count; i++)
			places[i] = place_after(places[i - 1]);
		if (!below(4))
			space_dsn(space, anywhere(), 0, UNREACHED);
		for (i = 0; i + 1 < count; i++)
			put_one(space, places[i], places[i + 1] | below(4));
		put_one(space, places[i], last_pointer(places, count));
		model_make(&model, space, space);
	} while (!model.opens); /* the kernel would write behind its copy */
}

static void print_chain(const struct space *space)
{
	unsigned int at = EXTENDED, hops;

	printf("# chain:");
	for (hops = 0; at >= EXTENDED && hops < 2 * MOST; hops++) {
		uint32_t header = space_dword(space, at);

		printf(" 0x%x:%04x", at, header & 0xffff);
		if ((header & 0xffff) == ID_VENDOR && at + 8 <= SPACE)
			printf("(%u)", space_dword(space, at + 4) >> 20);
		at = header >> 20 & 0xffc;
	}
	puts("");
}

struct tally {
	unsigned long reads, wrong_chains, closed, loops, dsns, unreached;
};

struct run {
	const char *bdf;
	unsigned long seed, count;
	uint64_t serial;
	struct vfio_device device;
	uint8_t (*native)[SPACE]; /* of each chain, as the device shows it */
};

static bool read_and_compare(struct run *run, const struct model *model,
			     enum policy policy, const uint8_t *native, unsigned int at,
			     unsigned int length, struct tally *tally)
{
	uint8_t got[SPACE];
	unsigned int i;

	if (pread(run->device.fd, got, length, run->device.config + at) !=
	    (ssize_t)length)
		err(1, "%u bytes at 0x%x", length, at);
	tally->reads++;
	for (i = 0; i < length; i++) {
		if (model_allows(model, policy, run->serial, at + i, native[at + i],
				 got[i]))
			continue;
		if (tally->wrong_chains < SHOWN)
			printf("# %u bytes at 0x%x: byte 0x%x is %02x (device: %02x)\n",
			       length, at, at + i, got[i], native[at + i]);
		return false;
	}
	return true;
}

/* The whole space, around each serial, and anywhere. */
static bool check_chain(struct run *run, const struct model *model, enum policy policy,
			const uint8_t *native, struct tally *tally)
{
	bool right = read_and_compare(run, model, policy, native, 0, SPACE, tally);
	unsigned int i, reads = model->loops ? 2 : 8;

	for (i = 0; right && i < (model->dsns + 1) * reads; i++) {
		unsigned int length = 1 + below(12);
		unsigned int at = i < model->dsns * reads
					  ? model->dsn[i / reads] - 8 + below(24)
					  : EXTENDED + below(SPACE - EXTENDED);

		if (at + length <= SPACE)
			right = read_and_compare(run, model, policy, native, at, length,
						 tally);
	}
	return right;
}

static bool is_serial(uint8_t byte)
{
	return (byte >= UNREACHED && byte <= UNREACHED_LAST) ||
	       (byte >= SERIAL_FIRST && byte <= SERIAL_LAST);
}

/* Returns true if a guest can see bytes of a serial that the chain does not lead to. */
static bool shows_unreached(const struct model *model, const uint8_t *native)
{
	unsigned int at;

	for (at = EXTENDED; at < SPACE && !model->closed; at++)
		if (!model->body[at] && !model->chain[at] && is_serial(native[at]))
			return true;
	return false;
}

static void one_chain(struct run *run, enum policy policy, unsigned long index,
		      struct tally *tally)
{
	static struct space space;
	uint8_t *native = run->native[index];
	struct model model;
	int error;

	generate(&space, run->seed, index);
	model_make(&model, &space, &space);
	space_install(&space);
	error = vfio_reopen(&run->device, run->bdf);
	if (error)
		errx(1, "chain %lu: vfio: %s", index, strerror(-error));
	if (policy == PASS &&
	    pread(run->device.fd, native, SPACE, run->device.config) != SPACE)
		err(1, "pread");
	tally->closed += model.closed;
	tally->loops += model.loops;
	tally->dsns += model.dsns;
	tally->unreached += shows_unreached(&model, native);
	if (check_chain(run, &model, policy, native, tally))
		return;
	if (tally->wrong_chains++ < SHOWN) {
		printf("# chain %lu is wrong%s\n", index,
		       model.closed ? ", closed by the model" : "");
		print_chain(&space);
	}
}

static void run_policy(struct run *run, enum policy policy)
{
	static const char *const names[] = { "pass", "scrub", "serial", "hide" };
	struct tally tally = {};
	time_t start = time(NULL);
	unsigned long i;

	for (i = 0; i < run->count; i++)
		one_chain(run, policy, i, &tally);
	printf("%s - %lu chains of seed %lu, %s: %lu serials, %lu reads, %lu chains wrong (%lu loop, %lu lead out of vfio's copy; %ld s)\n",
	       tally.wrong_chains ? "not ok" : "ok", run->count, run->seed, names[policy],
	       tally.dsns, tally.reads, tally.wrong_chains, tally.loops, tally.closed,
	       (long)(time(NULL) - start));
	if (policy == PASS && tally.unreached)
		printf("ok - %lu chains with a serial that none leads to # SKIP it is readable: a documented limit\n",
		       tally.unreached);
	fflush(stdout);
}

void run_random(const char *bdf, const char *serial, unsigned long seed,
		unsigned long count)
{
	struct run run = {
		.bdf = bdf, .seed = seed, .count = count, .serial = parse_serial(serial)
	};
	static struct space space;
	enum policy policy;

	run.native = calloc(count, SPACE);
	if (!run.native || !count)
		err(1, "nothing to do");
	generate(&space, seed, 0);
	space_install(&space);
	vfio_open(&run.device, bdf);
	for (policy = PASS; policy <= HIDE; policy++) {
		if (device_policy(bdf, policy, serial))
			run_policy(&run, policy);
		else
			printf("ok - generated chains, hide # SKIP this dsnctl cannot hide\n");
	}
	vfio_close(&run.device);
}
