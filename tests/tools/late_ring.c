// SPDX-License-Identifier: GPL-2.0
/* A read by io_uring that the kernel does on the way out of something else. */
#include "vfio_device.h"

#include <err.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Behind a timeout, in a file with O_NONBLOCK: read in this thread when the time is over. */
static void submit(struct io_uring *ring, struct vfio_device *device, off_t at, void *to)
{
	static struct __kernel_timespec delay = { .tv_nsec = 20000000 };
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_timeout(sqe, &delay, 0, 0);
	sqe->flags |= IOSQE_IO_HARDLINK;
	sqe = io_uring_get_sqe(ring);
	io_uring_prep_read(sqe, device->fd, to, 4, device->config + at);
	io_uring_sqe_set_data64(sqe, 1);
	if (io_uring_submit(ring) != 2)
		errx(1, "io_uring_submit");
}

/* Returns true if it has ended; without a system call. */
static bool has_ended(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned int head;

	io_uring_for_each_cqe(ring, head, cqe)
	{
		if (cqe->user_data != 1)
			continue;
		if (cqe->res != 4) {
			printf("%s\n", strerror(-cqe->res));
			exit(0);
		}
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct vfio_device device;
	struct io_uring ring;
	uint32_t bytes = 0;
	long number = -1, argument = 0;

	if (argc != 4)
		errx(2, "usage: late_ring BDF OFFSET getpid|missing|nothing");
	/* results that leave the registers as they are in the middle of a call: the first
	   argument on arm64, and ENOSYS on x86 */
	if (!strcmp(argv[3], "getpid")) {
		number = SYS_getpid;
		argument = getpid();
	} else if (!strcmp(argv[3], "missing")) {
		number = 100000;
	}
	vfio_open(&device, argv[1]);
	if (fcntl(device.fd, F_SETFL, fcntl(device.fd, F_GETFL) | O_NONBLOCK) ||
	    io_uring_queue_init(4, &ring, 0))
		err(1, "O_NONBLOCK, io_uring");
	submit(&ring, &device, strtoul(argv[2], NULL, 0), &bytes);
	while (!has_ended(&ring))
		if (number >= 0)
			syscall(number, argument);
	printf("read %08x\n", bytes);
	return 0;
}
