// SPDX-License-Identifier: GPL-2.0
/* Readers that sleep inside vfio's read, in a reset or in a page fault, and such that do not. */
#include "vfio_device.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <linux/vfio.h>
#include <poll.h>
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

#define PAGE 4096
#define FILL 0xa5 /* in no serial of the tests */
#define CANNOT 3  /* exit status: this device or this kernel has no such thing */

static const char usage[] =
	"asleep BDF IMAGE SERIAL reset SECONDS THREADS [SHAPE...]   beside resets of the device\n"
	"asleep BDF IMAGE SERIAL steady SECONDS THREADS [SHAPE...]  beside nothing\n"
	"asleep BDF IMAGE SERIAL fault FILE SHAPE...                a read each, whose buffer is\n"
	"                                     not there until FILE is; says \"asleep\" before\n"
	"SHAPE: qword, low, high, vector, whole, or edge, which only fault tells from whole\n";

/* A way to read: an offset in the capability's body, or all of config space, from 0. */
static const struct shape {
	const char *name;
	unsigned int in_body, length, parts;
} shapes[] = {
	{ "qword", 0, 8, 1 },
	{ "low", 0, 4, 1 },
	{ "high", 4, 4, 1 },
	{ "vector", 0, 8, 2 },
	{ "whole", 0, CONFIG_SIZE, 1 },
	/* the page that is not there begins behind the serial */
	{ "edge", 0, CONFIG_SIZE, 1 },
};

static struct vfio_device device;
static const char *bdf;
static uint8_t real[CONFIG_SIZE];
static uint64_t serial;
static unsigned int dsn;

/* Shared with the child, which the tested program may kill. */
static struct shared {
	atomic_ulong reads, wrong, shown_real, resets;
	atomic_uint finished; /* readers that came to their end */
	atomic_bool stop;
} * shared;

static const struct shape *find_shape(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	errx(2, "%s: no such shape; usage:\n%s", name, usage);
}

static off_t start_of(const struct shape *shape)
{
	return shape->length == CONFIG_SIZE ? 0 : dsn + 4 + shape->in_body;
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

/* The serial's bytes of one read: all as policy shows them, none the device's own. */
static void check(const struct shape *shape, const uint8_t *bytes)
{
	unsigned int first = dsn + 4 + shape->in_body, wrong = 0, own = 0, i;
	size_t length = shape->length == CONFIG_SIZE ? 8 : shape->length;
	uint8_t got[8];

	/* a repair that comes late must not change what is reported */
	memcpy(got, bytes + (first - start_of(shape)), length);
	for (i = 0; i < length; i++) {
		uint8_t want = serial >> (8 * (shape->in_body + i));

		wrong += got[i] != want;
		own += got[i] != want && got[i] == real[first + i];
	}
	atomic_fetch_add(&shared->reads, 1);
	if (!wrong)
		return;
	atomic_fetch_add(&shared->wrong, 1);
	if (own == wrong)
		atomic_fetch_add(&shared->shown_real, 1);
	complain(shape, got, length);
}

static ssize_t read_as(const struct shape *shape, uint8_t *to)
{
	size_t first = shape->length / shape->parts;
	struct iovec parts[] = { { to, first }, { to + first, shape->length - first } };

	if (shape->parts == 1)
		return pread(device.fd, to, shape->length,
			     device.config + start_of(shape));
	return preadv(device.fd, parts, 2, device.config + start_of(shape));
}

static void read_once(const struct shape *shape, uint8_t *to)
{
	ssize_t got = read_as(shape, to);

	if (got != (ssize_t)shape->length)
		err(1, "a read of the shape %s gave %zd", shape->name, got);
	check(shape, to);
}

struct reader {
	const struct shape *shape;
	uint8_t *bytes;
	pthread_t thread;
};

static void *read_on(void *arg)
{
	struct reader *reader = arg;

	while (!atomic_load(&shared->stop)) {
		memset(reader->bytes, FILL, reader->shape->length);
		read_once(reader->shape, reader->bytes);
	}
	atomic_fetch_add(&shared->finished, 1);
	return NULL;
}

/* Each into its own variable; these lie in one area, as those of a VMM's heap do. */
static void start_readers(struct reader *readers, unsigned int threads, char **names)
{
	static const char *const usual[] = { "qword", "low", "high", "vector" };
	uint8_t *area = malloc((size_t)threads * CONFIG_SIZE);
	unsigned int i, count = 0;

	if (!area)
		err(1, "malloc");
	while (names[count])
		count++;
	for (i = 0; i < threads; i++) {
		readers[i].shape = find_shape(count ? names[i % count] : usual[i % 4]);
		readers[i].bytes = area + (size_t)i * CONFIG_SIZE;
		if (pthread_create(&readers[i].thread, NULL, read_on, &readers[i]))
			errx(1, "pthread_create");
	}
}

/*
 * Config access waits for a reset, and so do the readers, inside vfio. This thread has a
 * real-time priority, so that few reads find the device between two resets; the pause is
 * long enough for all readers to get out.
 */
static void *reset_on(void *arg)
{
	struct sched_param priority = { .sched_priority = 1 };

	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority))
		errx(1, "SCHED_FIFO");
	while (!atomic_load(&shared->stop)) {
		/* EAGAIN: somebody holds the function's lock */
		if (ioctl(device.fd, VFIO_DEVICE_RESET) && errno != EAGAIN)
			err(1, "VFIO_DEVICE_RESET");
		atomic_fetch_add(&shared->resets, 1);
		usleep(300);
	}
	return arg;
}

static bool can_reset(void)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	if (ioctl(device.fd, VFIO_DEVICE_GET_INFO, &info))
		err(1, "VFIO_DEVICE_GET_INFO");
	return info.flags & VFIO_DEVICE_FLAGS_RESET;
}

static int run_readers(bool with_resets, unsigned int seconds, unsigned int threads,
		       char **names)
{
	struct reader readers[threads];
	pthread_t resetter;
	unsigned int i;

	if (with_resets && !can_reset()) {
		puts("this device cannot be reset");
		return CANNOT;
	}
	start_readers(readers, threads, names);
	if (with_resets && pthread_create(&resetter, NULL, reset_on, NULL))
		errx(1, "pthread_create");
	sleep(seconds);
	atomic_store(&shared->stop, true);
	for (i = 0; i < threads; i++)
		pthread_join(readers[i].thread, NULL);
	if (with_resets)
		pthread_join(resetter, NULL);
	return 0;
}

/*
 * A read whose buffer lies on missing pages; that of the shape edge begins before them, so
 * that the serial is in it while the reader is still asleep.
 */
struct fault {
	const struct shape *shape;
	uint8_t *pages; /* a page that is there, and two that are missing */
	int fd;
	pthread_t reader;
};

static void *read_and_sleep(void *arg)
{
	struct fault *fault = arg;
	bool edge = !strcmp(fault->shape->name, "edge");

	read_once(fault->shape, fault->pages + PAGE - (edge ? dsn + 12 : 0));
	atomic_fetch_add(&shared->finished, 1);
	return NULL;
}

/* False where there is no userfaultfd. */
static bool take_pages(struct fault *fault)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { .len = 2 * PAGE },
					 .mode = UFFDIO_REGISTER_MODE_MISSING };

	fault->pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fault->pages == MAP_FAILED)
		err(1, "mmap");
	memset(fault->pages, FILL, PAGE);
	range.range.start = (uintptr_t)fault->pages + PAGE;
	fault->fd = syscall(__NR_userfaultfd, O_CLOEXEC);
	return fault->fd >= 0 && !ioctl(fault->fd, UFFDIO_API, &api) &&
	       !ioctl(fault->fd, UFFDIO_REGISTER, &range);
}

static void give_pages(const struct fault *fault)
{
	static uint8_t zeros[2 * PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = { .dst = (uintptr_t)fault->pages + PAGE,
				    .src = (uintptr_t)zeros,
				    .len = 2 * PAGE };

	if (ioctl(fault->fd, UFFDIO_COPY, &copy))
		err(1, "UFFDIO_COPY");
}

static void fall_asleep(struct fault *fault)
{
	struct pollfd event = { .fd = fault->fd, .events = POLLIN };
	struct uffd_msg message;

	if (pthread_create(&fault->reader, NULL, read_and_sleep, fault))
		errx(1, "pthread_create");
	if (poll(&event, 1, 20000) != 1 ||
	    read(fault->fd, &message, sizeof(message)) != sizeof(message) ||
	    message.event != UFFD_EVENT_PAGEFAULT)
		errx(1, "a read of the shape %s did not fall asleep", fault->shape->name);
}

static int run_faults(const char *file, char **names, unsigned int count)
{
	struct fault faults[count];
	unsigned int i;

	for (i = 0; i < count; i++) {
		faults[i].shape = find_shape(names[i]);
		if (!take_pages(&faults[i])) {
			puts("this kernel has no userfaultfd");
			return CANNOT;
		}
	}
	for (i = 0; i < count; i++)
		fall_asleep(&faults[i]);
	puts("asleep");
	fflush(stdout);
	while (access(file, F_OK))
		usleep(10000);
	for (i = 0; i < count; i++)
		give_pages(&faults[i]);
	for (i = 0; i < count; i++)
		pthread_join(faults[i].reader, NULL);
	return 0;
}

static int run(int argc, char **argv)
{
	bool with_resets = !strcmp(argv[4], "reset");

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	vfio_open(&device, bdf);
	if (!strcmp(argv[4], "fault"))
		return run_faults(argv[5], argv + 6, argc - 6);
	if (!with_resets && strcmp(argv[4], "steady"))
		errx(2, "usage:\n%s", usage);
	return run_readers(with_resets, strtoul(argv[5], NULL, 10),
			   strtoul(argv[6], NULL, 10), argv + 7);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* The child's end, and how often it was stopped and went on before. */
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
	printf("total: %lu reads, %lu wrong, %lu real, %lu resets, %u stops, %u finished\n",
	       shared->reads, shared->wrong, shared->shown_real, shared->resets, stops,
	       shared->finished);
	return status || !shared->reads || shared->wrong;
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc < 7)
		errx(2, "usage:\n%s", usage);
	bdf = argv[1];
	load_image(argv[2], real);
	serial = parse_serial(argv[3]);
	dsn = find_dsn(real, 0);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || !dsn)
		err(1, "nothing to do");
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child)
		exit(run(argc, argv));
	return watch(child);
}
