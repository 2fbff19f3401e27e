// SPDX-License-Identifier: GPL-2.0
/* Reads of a serial in several shapes, each byte checked, by a process that may be killed. */
#include "reader.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct shape shapes[] = {
	{ "qword", 0, 8, 1 },
	{ "low", 0, 4, 1 },
	{ "high", 4, 4, 1 },
	{ "vector", 0, 8, 2 },
	{ "whole", 0, CONFIG_SIZE, 1 },
	/* asleep puts the page that is not there after the serial */
	{ "edge", 0, CONFIG_SIZE, 1 },
};

struct target target;
struct shared *shared;

const struct shape *find_shape(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	errx(2, "%s: no such shape", name);
}

off_t start_of(const struct shape *shape)
{
	return shape->length == CONFIG_SIZE ? 0 : target.dsn + 4 + shape->in_body;
}

static void complain(const struct shape *shape, const uint8_t *got, size_t length)
{
	static atomic_int lines;
	size_t i;

	if (atomic_fetch_add(&lines, 1) >= 3)
		return;
	flockfile(stdout);
	printf("%s:", shape->name);
	for (i = 0; i < length; i++)
		printf(" %02x", got[i]);
	puts("");
	fflush(stdout);
	funlockfile(stdout);
}

/* Zeros, in the whole read or in a segment: what it may show while the device is closed. */
static bool has_vanished(const struct shape *shape, const uint8_t *got, size_t length,
			 bool wrong_are_zero)
{
	static const uint8_t zeros[8];

	if (!target.may_vanish)
		return false;
	return shape->parts > 1 ? wrong_are_zero : !memcmp(got, zeros, length);
}

void check_read(const struct shape *shape, const uint8_t *bytes)
{
	unsigned int first = target.dsn + 4 + shape->in_body, wrong = 0, own = 0,
		     zero = 0, i;
	size_t length = shape->length == CONFIG_SIZE ? 8 : shape->length;
	uint8_t got[8];

	/* a repair that comes late must not change what is reported */
	memcpy(got, bytes + (first - start_of(shape)), length);
	for (i = 0; i < length; i++) {
		uint8_t want = target.serial >> (8 * (shape->in_body + i));

		wrong += got[i] != want;
		own += got[i] != want && got[i] == target.real[first + i];
		zero += got[i] != want && !got[i];
	}
	atomic_fetch_add(&shared->reads, 1);
	if (!wrong || has_vanished(shape, got, length, zero == wrong))
		return;
	atomic_fetch_add(&shared->wrong, 1);
	if (own == wrong)
		atomic_fetch_add(&shared->shown_real, 1);
	complain(shape, got, length);
}

ssize_t read_as(const struct shape *shape, uint8_t *to)
{
	size_t first = shape->length / shape->parts;
	struct iovec parts[] = { { to, first }, { to + first, shape->length - first } };
	off_t at = target.device.config + start_of(shape);
	ssize_t got;

	if (shape->parts == 1)
		got = pread(target.device.fd, to, shape->length, at);
	else
		got = preadv(target.device.fd, parts, 2, at);
	return got < 0 ? -errno : got;
}

void read_once(const struct shape *shape, uint8_t *to)
{
	ssize_t got = read_as(shape, to);

	if (got != (ssize_t)shape->length)
		errx(1, "a read of the shape %s gave %zd", shape->name, got);
	check_read(shape, to);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Waits for the child's end; counts how often it was stopped and went on before. */
static int watch(pid_t child)
{
	double start = now();
	unsigned int stops = 0;
	int status;

	do {
		if (waitpid(child, &status, WUNTRACED) < 0)
			err(1, "waitpid");
		stops += WIFSTOPPED(status);
	} while (WIFSTOPPED(status));
	if (WIFSIGNALED(status))
		printf("killed by signal %d after %.1f s\n", WTERMSIG(status),
		       now() - start);
	else if (WEXITSTATUS(status) == CANNOT)
		return CANNOT;
	printf("total: %lu reads, %lu wrong, %lu real, %lu resets, %lu killed, %u stops, %u finished\n",
	       shared->reads, shared->wrong, shared->shown_real, shared->resets,
	       shared->killed, stops, shared->finished);
	return status || !shared->reads || shared->wrong;
}

int run_watched(int (*run)(int argc, char **argv), int argc, char **argv)
{
	pid_t child;

	target.bdf = argv[1];
	load_image(argv[2], target.real);
	target.serial = parse_serial(argv[3]);
	target.dsn = find_dsn(target.real, 0);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || !target.dsn)
		err(1, "nothing to do");
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (child)
		return watch(child);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	vfio_open(&target.device, target.bdf);
	exit(run(argc, argv));
}
