// SPDX-License-Identifier: GPL-2.0
/* Counts the instructions of single operations, in a machine whose clock counts them. */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>
#include "vfio_device.h"

#define MAX_ROUNDS 2001
#define FEW_ROUNDS 53  /* of what takes long */
#define WRITABLE 0x108 /* of the e1000e: its mask of uncorrectable errors */

static struct vfio_device device;
static int zero_file, plain_file, pipe_ends[2];
static uint8_t bytes[CONFIG_SIZE] __attribute__((aligned(CONFIG_SIZE)));

static void do_nothing(uint64_t at, size_t count)
{
	(void)at;
	(void)count;
}

static void must(ssize_t done, size_t count)
{
	if (done != (ssize_t)count)
		err(1, "%zd of %zu bytes", done, count);
}

static void read_config(uint64_t at, size_t count)
{
	must(pread(device.fd, bytes, count, device.config + at), count);
}

static void write_config(uint64_t at, size_t count)
{
	must(pwrite(device.fd, bytes, count, device.config + at), count);
}

static void read_zero(uint64_t at, size_t count)
{
	must(pread(zero_file, bytes, count, at), count);
}

static void read_plain(uint64_t at, size_t count)
{
	must(pread(plain_file, bytes, count, at), count);
}

static void fill_pipe(uint64_t at, size_t count)
{
	(void)at;
	must(write(pipe_ends[1], bytes, count), count);
}

static void read_pipe(uint64_t at, size_t count)
{
	(void)at;
	must(read(pipe_ends[0], bytes, count), count);
}

/* Waits as long as the slowest tick of a kernel. */
static void wait_a_tick(uint64_t at, size_t count)
{
	(void)at;
	(void)count;
	usleep(10000);
}

static void get_parent(uint64_t at, size_t count)
{
	(void)at;
	(void)count;
	syscall(SYS_getppid);
}

static const struct operation {
	const char *name;
	const char *text;
	void (*before)(uint64_t at, size_t count); /* not timed */
	void (*run)(uint64_t at, size_t count);
	uint64_t at;
	size_t count;
} operations[] = {
	{ "header", "4 bytes at 0x00", do_nothing, read_config, 0x00, 4 },
	{ "elsewhere", "4 bytes at 0x104", do_nothing, read_config, 0x104, 4 },
	{ "dword", "4 bytes of the serial", do_nothing, read_config, 0x144, 4 },
	{ "alone", "the same, 10 ms after another", wait_a_tick, read_config, 0x144, 4 },
	{ "qword", "the serial's 8 bytes", do_nothing, read_config, 0x144, 8 },
	{ "whole", "all 4096 bytes", do_nothing, read_config, 0, CONFIG_SIZE },
	{ "write", "write of 4 bytes", read_config, write_config, WRITABLE, 4 },
	{ "zero", "1 byte of /dev/zero", do_nothing, read_zero, 0, 1 },
	{ "pipe", "1 byte of a pipe", fill_pipe, read_pipe, 0, 1 },
	{ "file", "1 byte of a file", do_nothing, read_plain, 0, 1 },
	{ "getppid", "getppid", do_nothing, get_parent, 0, 0 },
};

static uint64_t now(void)
{
	uint64_t ticks;

	_mm_lfence();
	ticks = __rdtsc();
	_mm_lfence();
	return ticks;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median(const struct operation *op, unsigned int rounds)
{
	static uint64_t ticks[MAX_ROUNDS];
	unsigned int i;
	uint64_t start;

	for (i = 0; i < rounds; i++) {
		op->before(op->at, op->count);
		start = now();
		op->run(op->at, op->count);
		ticks[i] = now() - start;
	}
	qsort(ticks, rounds, sizeof(*ticks), by_size);
	return ticks[rounds / 2];
}

/* The same read without end, for tests/bench/where. */
static void loop(const char *bdf, uint64_t at, size_t count)
{
	vfio_open(&device, bdf);
	while (true)
		read_config(at, count);
}

int main(int argc, char **argv)
{
	const struct operation *op, empty = { "", "", do_nothing, do_nothing, 0, 0 };
	unsigned int rounds = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	uint64_t least;

	if (argc == 5 && !strcmp(argv[1], "loop"))
		loop(argv[2], strtoul(argv[3], NULL, 0), strtoul(argv[4], NULL, 0));
	if (!rounds || rounds > MAX_ROUNDS)
		errx(2, "usage: cost BDF FILE ROUNDS (1 to %d) | loop BDF AT BYTES",
		     MAX_ROUNDS);
	vfio_open(&device, argv[1]);
	zero_file = open("/dev/zero", O_RDONLY);
	plain_file = open(argv[2], O_RDONLY);
	if (zero_file < 0 || plain_file < 0 || pipe(pipe_ends))
		err(1, "/dev/zero, %s or a pipe", argv[2]);
	least = median(&empty, rounds);
	for (op = operations; op < operations + sizeof(operations) / sizeof(*op); op++) {
		bool is_long = op->count == CONFIG_SIZE || op->before == wait_a_tick;
		unsigned int times = is_long ? FEW_ROUNDS : rounds;

		printf("%s %lu %s\n", op->name, median(op, times) - least, op->text);
	}
	return 0;
}
