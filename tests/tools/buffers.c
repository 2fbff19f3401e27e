// SPDX-License-Identifier: GPL-2.0
/* Reads into every kind of memory, also such as somebody takes away during the read. */
#include "vfio_device.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define HUGE_PAGE (2 << 20)
#define CANARY 0xa5

static struct vfio_device device;
static uint8_t image[CONFIG_SIZE];
static uint64_t serial;
static unsigned int dsn;

/* Shared with the children. */
static struct {
	atomic_ulong reads, wrong;
} * count;

static uint8_t *map(size_t size, int flags, int fd)
{
	uint8_t *page = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

static uint8_t *private_page(void)
{
	return map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static uint8_t *shared_page(void)
{
	return map(PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static uint8_t *file_page(void)
{
	int fd = open("/tmp/buffer", O_RDWR | O_CREAT, 0600);

	return fd < 0 || ftruncate(fd, PAGE) ? NULL : map(PAGE, MAP_SHARED, fd);
}

static uint8_t *huge_page(void)
{
	return map(HUGE_PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
}

/* A page that KSM takes for its own whenever it looks like another. */
static uint8_t *mergeable_page(void)
{
	uint8_t *page = map(64 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	return page && madvise(page, 64 * PAGE, MADV_MERGEABLE) ? NULL : page;
}

static int faults = -1;

static void *fill_pages(void *page)
{
	static uint8_t zeros[PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = { .dst = (uintptr_t)page,
				    .src = (uintptr_t)zeros,
				    .len = PAGE };
	struct uffd_msg message;

	while (read(faults, &message, sizeof(message)) == sizeof(message)) {
		copy.copy = 0;
		ioctl(faults, UFFDIO_COPY, &copy);
	}
	return NULL;
}

/* A page that user mode fills in when it is missing. */
static uint8_t *userfault_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	uint8_t *page = private_page();
	struct uffdio_register range = { .range = { .start = (uintptr_t)page,
						    .len = PAGE },
					 .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;

	faults = syscall(__NR_userfaultfd, O_CLOEXEC);
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) ||
	    ioctl(faults, UFFDIO_REGISTER, &range) ||
	    pthread_create(&thread, NULL, fill_pages, page))
		return NULL;
	return page;
}

static void drop_page(uint8_t *page)
{
	madvise(page, PAGE, MADV_DONTNEED);
}

static void protect_page(uint8_t *page)
{
	mprotect(page, PAGE, PROT_READ);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

static void replace_page(uint8_t *page)
{
	if (mmap(page, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		err(1, "mmap");
}

static const struct kind {
	const char *name;
	uint8_t *(*make)(void);
	void (*disturb)(uint8_t *page); /* in another thread, all the time */
	void (*before)(uint8_t *page);	/* each read */
} kinds[] = {
	{ "private", private_page, NULL, NULL },
	{ "shared", shared_page, NULL, NULL },
	{ "file", file_page, NULL, NULL },
	{ "hugetlb", huge_page, NULL, NULL },
	{ "mergeable", mergeable_page, NULL, NULL },
	{ "userfault", userfault_page, NULL, drop_page },
	{ "dropped", private_page, drop_page, NULL },
	{ "protected", private_page, protect_page, NULL },
	{ "replaced", private_page, replace_page, NULL },
};

static const struct kind *kind;

static void *disturb(void *page)
{
	struct sched_param priority = { .sched_priority = 1 };

	pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
	for (;; usleep(20))
		kind->disturb(page);
	return NULL;
}

/* Checks the buffer: the presented serial, or what was there without any read. */
static void check(const uint8_t *got, unsigned int at, unsigned int length)
{
	unsigned int i;

	for (i = 0; i < length; i++) {
		uint8_t real = image[at + i], shown = serial >> (8 * (at + i - dsn - 4));

		if (got[i] != shown && got[i] != CANARY && got[i] != 0 && got[i] == real)
			atomic_fetch_add(&count->wrong, 1);
	}
}

static void read_on(time_t end)
{
	uint8_t *page = kind->make();
	unsigned long n;
	pthread_t thread;

	if (!page)
		_exit(3);
	if (kind->disturb && pthread_create(&thread, NULL, disturb, page))
		_exit(4);
	for (n = 0; time(NULL) < end; n++) {
		unsigned int at = dsn + 4 + n % 5, length = n % 2 ? 4 : 8 - n % 5;
		uint8_t copy[8];

		if (!kind->disturb)
			memset(page, CANARY, PAGE);
		if (kind->before)
			kind->before(page);
		if (pread(device.fd, page + n % 64, length, device.config + at) < 0 &&
		    errno != EFAULT)
			_exit(5);
		/* also where the read failed */
		memcpy(copy, page + n % 64, length);
		check(copy, at, length);
		atomic_fetch_add(&count->reads, 1);
	}
	_exit(0);
}

/* Fates of readers, besides their reads. */
static struct {
	unsigned long killed, stopped;
	unsigned long left; /* of the stopped ones, those that nobody let go on in time */
} fates;

/* A file that ends where the reader's buffer goes on, until the reader has been stopped. */
static int short_file = -1;

/* Says so, for who repairs the reader by hand. */
static void lengthen_file(void)
{
	if (short_file < 0)
		return;
	if (ftruncate(short_file, 2 * PAGE))
		err(1, "ftruncate");
	puts("the file has grown");
	fflush(stdout);
}

/* Waits for the end of a reader, which is killed if it is stopped for so many seconds. */
static int wait_for(pid_t reader, time_t patience)
{
	bool is_stopped = false, given_up = false;
	time_t since = 0;
	int status;
	pid_t got;

	for (;; usleep(1000)) {
		got = waitpid(reader, &status, WNOHANG | WUNTRACED | WCONTINUED);
		if (got < 0)
			err(1, "waitpid");
		if (got && !WIFSTOPPED(status) && !WIFCONTINUED(status))
			break;
		if (got && WIFSTOPPED(status)) {
			fates.stopped++;
			lengthen_file();
		}
		if (got) {
			is_stopped = WIFSTOPPED(status);
			since = time(NULL);
		} else if (is_stopped && !given_up && time(NULL) - since > patience) {
			given_up = true;
			kill(reader, SIGKILL);
		}
	}
	if (given_up)
		fates.left++;
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		fates.killed++;
	return status;
}

static int run(const char *name, time_t seconds)
{
	time_t end = time(NULL) + seconds;
	size_t i;
	int status;
	pid_t pid;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			kind = &kinds[i];
	if (!kind)
		errx(2, "%s: no such kind", name);
	do {
		pid = fork();
		if (!pid)
			read_on(end);
		status = wait_for(pid, 20);
	} while (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && time(NULL) < end);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
		printf("cannot be had here\n");
		return 3;
	}
	printf("%lu reads, %lu wrong, %lu killed, %lu stopped, %lu left, status %d\n",
	       count->reads, count->wrong, fates.killed, fates.stopped, fates.left,
	       status);
	return count->wrong || !count->reads || fates.left || (!fates.killed && status);
}

static void *sleep_on(void *arg)
{
	pause();
	return arg;
}

static void read_over(uint8_t *edge, bool seal)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_on, NULL) ||
	    (seal && mprotect(edge, PAGE, PROT_NONE)))
		_exit(2);
	if (pread(device.fd, edge - 4, 8, device.config + dsn + 4) != -1)
		_exit(4);
	if (seal && mprotect(edge, PAGE, PROT_READ | PROT_WRITE))
		_exit(5);
	check(edge - 4, dsn + 4, 8);
	_exit(0);
}

/*
 * A read that fails in the middle of the serial, where its buffer goes on beyond the end of a
 * file, or on a page that is sealed off. In a process of several threads nobody can tell
 * whether that could be written a moment ago: stopped until it is repaired, which it can be
 * in the file, as that has grown by then.
 */
static int run_edge(bool seal, time_t patience)
{
	int file = memfd_create("buffer", 0), status;
	uint8_t *edge;
	pid_t pid;

	if (file < 0 || ftruncate(file, (seal ? 2 : 1) * PAGE))
		err(1, "memfd_create");
	edge = map(2 * PAGE, MAP_SHARED, file) + PAGE;
	memset(edge - PAGE, CANARY, PAGE);
	if (!seal)
		short_file = file;
	pid = fork();
	if (!pid)
		read_over(edge, seal);
	status = wait_for(pid, patience);
	if (fates.left)
		puts("left stopped");
	else if (fates.killed)
		puts("killed");
	else
		printf("%s, status %d, %lu wrong\n",
		       fates.stopped ? "stopped and went on" : "never stopped", status,
		       count->wrong);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		errx(2, "usage: buffers BDF IMAGE SERIAL edge|sealed|KIND SECONDS");
	load_image(argv[2], image);
	dsn = find_dsn(image, 0);
	serial = parse_serial(argv[3]);
	count = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (count == MAP_FAILED || !dsn)
		err(1, "nothing to do");
	vfio_open(&device, argv[1]);
	if (!strcmp(argv[4], "edge") || !strcmp(argv[4], "sealed"))
		return run_edge(!strcmp(argv[4], "sealed"), strtol(argv[5], NULL, 10));
	return run(argv[4], strtol(argv[5], NULL, 10));
}
