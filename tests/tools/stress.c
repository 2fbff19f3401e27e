// SPDX-License-Identifier: GPL-2.0
/* Many readers at once, by every way into config space, each byte checked against policy. */
#include "vfio_device.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/bpf.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_SERIALS 8
#define FILL 0xa5   /* in no serial of the tests */
#define PATIENCE 60 /* seconds more, while a way has no result at all */

#ifndef MAP_32BIT /* only for the 32-bit calls, below */
#define MAP_32BIT 0
#endif

/* Results that all processes write to, one line for each way. */
struct count {
	atomic_ulong reads, wrong, refused, killed;
};

struct way {
	const char *name;
	/* returns bytes read or -errno */
	ssize_t (*read)(struct io_uring *ring, uint8_t *to, size_t length, off_t at);
	unsigned int ring_flags;
	bool ring;
	bool killable;	    /* the check kills this reader, or the gate refuses it */
	bool nonblock;	    /* the file: io_uring reads in io_uring_enter() itself */
	bool halves;	    /* two reads, each of which may show another serial */
	unsigned int share; /* of 12 threads */
	unsigned int most;  /* threads; 0 for no limit */
};

static struct vfio_device device;
static const char *bdf;
static uint8_t image[CONFIG_SIZE];
static uint64_t serials[MAX_SERIALS];
static unsigned int serial_count, dsn;
static struct count *counts;
static atomic_bool *stop;
static bool withheld; /* nothing is written over serials: refused, or left as it was */

static ssize_t result(ssize_t got)
{
	return got < 0 ? -errno : got;
}

static ssize_t by_pread(struct io_uring *ring, uint8_t *to, size_t length, off_t at)
{
	(void)ring;
	return result(pread(device.fd, to, length, device.config + at));
}

static ssize_t by_preadv(struct io_uring *ring, uint8_t *to, size_t length, off_t at)
{
	struct iovec parts[] = { { to, length / 2 },
				 { to + length / 2, length - length / 2 } };

	(void)ring;
	return result(preadv(device.fd, parts, 2, device.config + at));
}

static ssize_t by_preadv2(struct io_uring *ring, uint8_t *to, size_t length, off_t at)
{
	struct iovec part = { to, length };

	(void)ring;
	return result(preadv2(device.fd, &part, 1, device.config + at, 0));
}

#ifdef __x86_64__
static long compat_call(unsigned int number, unsigned int a, unsigned int b,
			unsigned int c, off_t at)
{
	long got;

	asm volatile("int $0x80"
		     : "=a"(got)
		     : "a"(number), "b"(a), "c"(b), "d"(c), "S"((unsigned int)at),
		       "D"((unsigned int)(at >> 32))
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)got;
}

/* Makes the calls of a 32-bit process, which to the kernel are the same. */
static ssize_t by_compat_pread(struct io_uring *ring, uint8_t *to, size_t length,
			       off_t at)
{
	(void)ring;
	return compat_call(180, device.fd, (uintptr_t)to, length, device.config + at);
}

static ssize_t by_compat_preadv(struct io_uring *ring, uint8_t *to, size_t length,
				off_t at)
{
	/* behind the read's buffer, where 32 bits reach it */
	uint32_t *part = (uint32_t *)(to + 2 * CONFIG_SIZE - (uintptr_t)to % CONFIG_SIZE);

	(void)ring;
	part[0] = (uintptr_t)to;
	part[1] = length;
	return compat_call(333, device.fd, (uintptr_t)part, 1, device.config + at);
}
#endif

static ssize_t submit(struct io_uring *ring, uint8_t *to, size_t length, off_t at,
		      unsigned int flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	ssize_t got;

	if (!sqe)
		return -EAGAIN;
	io_uring_prep_read(sqe, device.fd, to, length, device.config + at);
	sqe->flags |= flags;
	io_uring_submit(ring);
	if (io_uring_wait_cqe(ring, &cqe))
		return -EIO;
	got = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return got;
}

static ssize_t by_ring(struct io_uring *ring, uint8_t *to, size_t length, off_t at)
{
	return submit(ring, to, length, at, 0);
}

static ssize_t by_ring_async(struct io_uring *ring, uint8_t *to, size_t length, off_t at)
{
	return submit(ring, to, length, at, IOSQE_ASYNC);
}

static const struct way ways[] = {
	{ "pread", by_pread, .share = 5 },
#ifdef __x86_64__
	{ "pread, 32-bit", by_compat_pread, .share = 1 },
	{ "preadv, 32-bit", by_compat_preadv, .share = 1 },
#endif
	/* a thread that has a ring, as a VMM's main loop has for its disks */
	{ "pread beside a ring", by_pread, .ring = true, .share = 1 },
	{ "preadv", by_preadv, .halves = true, .share = 1 },
	{ "preadv2", by_preadv2, .share = 1 },
	{ "io_uring", by_ring, .ring = true, .killable = true, .share = 1, .most = 4 },
	{ "io_uring O_NONBLOCK", by_ring, .ring = true, .nonblock = true,
	  .killable = true, .share = 1, .most = 4 },
	{ "io_uring async", by_ring_async, .ring = true, .killable = true, .share = 1,
	  .most = 4 },
	{ "io_uring sqpoll", by_ring, IORING_SETUP_SQPOLL, true, .killable = true,
	  .share = 1, .most = 1 },
};

#define WAYS (sizeof(ways) / sizeof(*ways))

/* The serial bytes of one read must all be of one allowed serial, all others the device's. */
static unsigned int wrong_bytes(const uint8_t *got, size_t length, off_t at)
{
	unsigned int i, wrong, least = ~0U, s;

	for (s = 0; s < serial_count; s++) {
		for (wrong = i = 0; i < length; i++) {
			off_t in_body = at + i - dsn - 4;
			uint8_t want = in_body >= 0 && in_body < 8
					       ? serials[s] >> (8 * in_body)
					       : image[at + i];

			wrong += got[i] != want;
		}
		if (wrong < least)
			least = wrong;
	}
	return least;
}

static void complain(const struct way *way, const uint8_t *got, size_t length, off_t at)
{
	static atomic_int lines;
	size_t i;

	if (atomic_fetch_add(&lines, 1) >= 3)
		return;
	printf("%s of %zu at 0x%lx:", way->name, length, (long)at);
	for (i = 0; i < length && i < 24; i++)
		printf(" %02x", got[i]);
	puts("");
	fflush(stdout);
}

static void choose(unsigned int *random, size_t *length, off_t *at)
{
	static const size_t lengths[] = { 4, 4, 4, 8, 1, 2, 7, 12, 16, 24 };

	*random = *random * 1103515245 + 12345;
	if (*random >> 16 & 1023) {
		*length = lengths[(*random >> 8) % 10];
		*at = dsn - 4 + (*random >> 20) % 16;
	} else {
		*length = CONFIG_SIZE;
		*at = 0;
	}
	if (*length == 4)
		*at = dsn + 4 + (*random >> 21 & 4);
}

struct reader {
	const struct way *way;
	struct count *count;
	unsigned int number;
	pthread_t thread;
};

static void one_read(struct reader *reader, struct io_uring *ring, uint8_t *buffer,
		     unsigned int *random)
{
	unsigned int wrong;
	size_t length;
	ssize_t got;
	off_t at;

	choose(random, &length, &at);
	if (withheld)
		memset(buffer, FILL, length);
	got = reader->way->read(ring, buffer, length, at);
	if (got == -EPERM) {
		atomic_fetch_add(&reader->count->refused, 1);
		if (!withheld)
			usleep(1000);
		return;
	}
	if (got == -EINTR || got == -EAGAIN)
		return;
	if (got != (ssize_t)length)
		errx(1, "%s of %zu at 0x%lx: %zd", reader->way->name, length, (long)at,
		     got);
	if (reader->way->halves)
		wrong = wrong_bytes(buffer, length / 2, at) +
			wrong_bytes(buffer + length / 2, length - length / 2,
				    at + length / 2);
	else
		wrong = wrong_bytes(buffer, length, at);
	atomic_fetch_add(&reader->count->reads, 1);
	if (wrong) {
		atomic_fetch_add(&reader->count->wrong, 1);
		complain(reader->way, buffer, length, at);
	}
}

/* Every third is a real-time thread: it wakes up in the middle of the others' calls. */
static void *read_on(void *arg)
{
	struct reader *reader = arg;
	unsigned int random = reader->number * 2654435761U + 1, i;
	struct sched_param priority = { .sched_priority = 1 + reader->number % 3 };
	bool real_time = reader->number % 3 == 0;
	struct io_uring ring;
	uint8_t *buffer;

	buffer = mmap(NULL, 3 * CONFIG_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_32BIT, -1, 0);
	if (buffer == MAP_FAILED)
		err(1, "mmap");
	if (reader->way->ring && io_uring_queue_init(4, &ring, reader->way->ring_flags))
		err(1, "io_uring");
	if (real_time && pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority))
		errx(1, "SCHED_FIFO");
	while (!atomic_load(stop)) {
		for (i = 0; i < (real_time ? 3 : 64); i++)
			one_read(reader, &ring, buffer, &random);
		if (real_time)
			usleep(random % 256);
	}
	return NULL;
}

static void run_readers(const struct way *way, unsigned int threads, unsigned int first)
{
	struct reader *readers = calloc(threads, sizeof(*readers));
	unsigned int i;

	if (!readers)
		err(1, "calloc");
	for (i = 0; i < threads; i++) {
		readers[i] = (struct reader){ way, &counts[way - ways], first + i, 0 };
		if (pthread_create(&readers[i].thread, NULL, read_on, &readers[i]))
			errx(1, "pthread_create");
	}
	for (i = 0; i < threads; i++)
		pthread_join(readers[i].thread, NULL);
	free(readers);
}

/*
 * An open file of this process's own, of the same group: O_NONBLOCK belongs to it, and so do
 * the credentials that --answer goes by.
 */
static void reopen(bool nonblock)
{
	int fd;

	/* by cdev a device is opened once, and all processes share that file */
	if (device.group < 0)
		return;
	fd = ioctl(device.group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (fd < 0)
		err(1, "VFIO_GROUP_GET_DEVICE_FD");
	if (nonblock && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		err(1, "O_NONBLOCK");
	device.fd = fd;
}

static pid_t start(const struct way *way, unsigned int threads, unsigned int first)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	reopen(way->nonblock);
	run_readers(way, threads, first);
	exit(0);
}

/* Somebody else's maps: what makes kprobes skip. */
static void *update_maps(void *arg)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH,
				.key_size = 4,
				.value_size = 8,
				.max_entries = 64 };
	int map = syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	uint64_t value = 0;
	uint32_t key;

	if (map < 0)
		err(1, "BPF_MAP_CREATE");
	for (; !atomic_load(stop); value++) {
		key = value % 64;
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = map;
		attr.key = (uintptr_t)&key;
		attr.value = (uintptr_t)&value;
		syscall(__NR_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
		if (value % 256 == 0)
			usleep(500);
	}
	return arg;
}

/* Returns true if no way is without a result: on a slow machine that takes a while. */
static bool all_have_read(void)
{
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (!counts[i].reads && !counts[i].refused && !counts[i].killed)
			return false;
	return true;
}

/* One process a way, so that a kill ends that way's readers only; started again then. */
static void run(unsigned int seconds, unsigned int threads)
{
	unsigned int of[WAYS], first = 0, i;
	time_t end = time(NULL) + seconds, limit = end + PATIENCE;
	pid_t pids[WAYS], pid;
	pthread_t updater;
	int status;

	for (i = 0; i < WAYS; i++) {
		of[i] = ways[i].share * threads / 12;
		if (!of[i])
			of[i] = 1;
		if (ways[i].most && of[i] > ways[i].most)
			of[i] = ways[i].most;
		pids[i] = start(&ways[i], of[i], first);
		first += of[i];
	}
	pthread_create(&updater, NULL, update_maps, NULL);
	while (time(NULL) < end || (!all_have_read() && time(NULL) < limit)) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0) {
			usleep(2000);
			continue;
		}
		for (i = 0; i < WAYS && pids[i] != pid; i++)
			;
		if (i == WAYS)
			continue;
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			errx(1, "%s: ended with status 0x%x", ways[i].name, status);
		atomic_fetch_add(&counts[i].killed, 1);
		pids[i] = start(&ways[i], of[i], i);
	}
	atomic_store(stop, true);
	while ((pid = wait(&status)) > 0) {
		for (i = 0; i < WAYS && pids[i] != pid; i++)
			;
		if (i < WAYS && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			atomic_fetch_add(&counts[i].killed, 1);
		else if (status)
			errx(1, "a reader ended with status 0x%x", status);
	}
	pthread_join(updater, NULL);
}

static int report(void)
{
	unsigned long reads = 0, wrong = 0, refused = 0, killed = 0, unexpected = 0;
	size_t i;

	for (i = 0; i < WAYS; i++) {
		printf("%-20s %9lu reads, %lu wrong, %lu refused, %lu killed\n",
		       ways[i].name, counts[i].reads, counts[i].wrong, counts[i].refused,
		       counts[i].killed);
		reads += counts[i].reads;
		wrong += counts[i].wrong;
		refused += counts[i].refused;
		killed += counts[i].killed;
		if (withheld)
			unexpected += counts[i].killed;
		else if (!ways[i].killable)
			unexpected += counts[i].refused + counts[i].killed;
	}
	printf("total: %lu reads, %lu wrong, %lu refused, %lu killed, %lu of these unexpected\n",
	       reads, wrong, refused, killed, unexpected);
	return !reads || wrong || unexpected;
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 6 || argc - 5 > MAX_SERIALS)
		errx(2,
		     "usage: stress BDF IMAGE SECONDS THREADS ALLOWED-SERIAL... | withheld");
	load_image(argv[2], image);
	dsn = find_dsn(image, 0);
	withheld = !strcmp(argv[5], "withheld");
	if (withheld)
		memset(&serials[serial_count++], FILL, sizeof(*serials));
	for (i = 5; i < argc && !withheld; i++)
		serials[serial_count++] = parse_serial(argv[i]);
	counts = mmap(NULL, CONFIG_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED || !dsn)
		err(1, "nothing to do");
	stop = (atomic_bool *)(counts + WAYS);
	bdf = argv[1];
	vfio_open(&device, bdf);
	run(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	return report();
}
