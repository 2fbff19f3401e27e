// SPDX-License-Identifier: GPL-2.0
/* Reads config space from a 32-bit ARM process and compares it with what is expected. */
#include "vfio_device.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The numbers of tests/tools/arm_call.S. */
#define REQUEST 0x20000
#define IOVEC (REQUEST + 28)
#define BUFFER (REQUEST + 64)

struct request {
	uint32_t registers[6], number, iovec[4], unused[5];
};

struct answer {
	int32_t result;
	uint8_t bytes[CONFIG_SIZE];
};

static int to_child, from_child;

static void start(const char *program)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		err(1, "pipe");
	if (!fork()) {
		dup2(there[0], 0);
		dup2(back[1], 1);
		close(there[1]);
		execl(program, program, NULL);
		err(1, "%s", program);
	}
	close(there[0]);
	close(back[1]);
	to_child = there[1];
	from_child = back[0];
}

static void call(const struct request *request, struct answer *answer)
{
	size_t got = 0;
	ssize_t part;

	if (write(to_child, request, sizeof(*request)) != sizeof(*request))
		err(1, "write to the 32-bit process");
	while (got < sizeof(*answer)) {
		part = read(from_child, (char *)answer + got, sizeof(*answer) - got);
		if (part <= 0)
			errx(1, "the 32-bit process has ended");
		got += part;
	}
}

/* pread64: the offset in the 5th and 6th, a pair; the others: in the 4th and 5th. */
static struct request request_for(unsigned int number, int fd, uint32_t length,
				  uint64_t at)
{
	struct request request = { .number = number,
				   .iovec = { BUFFER, length / 2, BUFFER + length / 2,
					      length - length / 2 } };
	uint32_t pread[6] = { fd, BUFFER, length, 0, at, at >> 32 };
	uint32_t preadv[6] = { fd, IOVEC, 2, at, at >> 32, 0 };

	memcpy(request.registers, number == 180 ? pread : preadv, sizeof(pread));
	return request;
}

int main(int argc, char **argv)
{
	static const unsigned int numbers[] = { 180, 361, 392 };
	unsigned long reads = 0, wrong = 0;
	uint8_t expected[CONFIG_SIZE];
	struct vfio_device device;
	struct request request;
	struct answer answer;
	uint32_t at, length;
	unsigned int dsn, i;

	if (argc != 5)
		errx(2, "usage: compat_read BDF IMAGE SERIAL PROGRAM");
	load_image(argv[2], expected);
	put_serial(expected, parse_serial(argv[3]));
	dsn = find_dsn(expected, 0);
	vfio_open(&device, argv[1]);
	if (dup2(device.fd, 20) != 20) /* not closed by exec */
		err(1, "dup2");
	start(argv[4]);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		for (at = dsn - 4; at < dsn + 12; at++)
			for (length = 1; length <= 16; length++) {
				request = request_for(numbers[i], 20, length,
						      device.config + at);
				call(&request, &answer);
				if (answer.result != (int)length)
					errx(1, "call %u of %u at 0x%x: %d", numbers[i],
					     length, at, answer.result);
				wrong += !!memcmp(answer.bytes, expected + at, length);
				reads++;
			}
	printf("%lu reads, %lu wrong\n", reads, wrong);
	return wrong || !reads;
}
