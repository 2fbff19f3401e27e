// SPDX-License-Identifier: GPL-2.0
/* Prints how many bytes have ever been written to a pinned BPF ring buffer. */
#include <bpf/bpf.h>
#include <err.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long *producer;
	int map;

	if (argc != 2)
		errx(2, "usage: ring_position PIN");
	map = bpf_obj_get(argv[1]);
	if (map < 0)
		err(1, "%s", argv[1]);
	/* the consumer's page comes first */
	producer = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, map, getpagesize());
	if (producer == MAP_FAILED)
		err(1, "mmap");
	printf("%lu\n", *(volatile unsigned long *)producer);
	return 0;
}
