// SPDX-License-Identifier: GPL-2.0
/* A config space to be answered by tests/hostile/module, and how it is put together. */
#include "space.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "/sys/kernel/debug/config_table/"

void space_init(struct space *space)
{
	unsigned int i;

	memset(space, 0, sizeof(*space));
	for (i = EXTENDED; i < SPACE; i++) {
		/* taken for a header it is unknown, and the last one */
		space->bytes[i] = i % 4 == 3 ? 1 + i % 13 : 0x20 + i % 89;
		space->mask[i] = 1;
	}
	/*
	 * Opened a thousand times: no interrupt, which the kernel takes 20 ms to set up, and
	 * memory always enabled, for a change of which QEMU takes 5 ms.
	 */
	space->mask[0x3d] = 1;
	space->mask[0x04] = space->mask[0x05] = 1;
	space->bytes[0x04] = 0x02;
	space->size = SPACE;
}

uint32_t space_dword(const struct space *space, unsigned int at)
{
	const uint8_t *bytes = space->bytes + at;

	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

void space_put(struct space *space, unsigned int at, uint32_t dword)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		space->bytes[at + i] = dword >> (8 * i);
}

void space_header(struct space *space, unsigned int at, unsigned int id,
		  unsigned int version, unsigned int next)
{
	space_put(space, at, id | version << 16 | (uint32_t)next << 20);
}

void space_dsn(struct space *space, unsigned int at, unsigned int next, uint8_t first)
{
	unsigned int i;

	space_header(space, at, ID_DSN, 1, next);
	for (i = 0; i < 8 && at + 4 + i < SPACE; i++)
		space->bytes[at + 4 + i] = first + i;
}

void space_vendor(struct space *space, unsigned int at, unsigned int next,
		  unsigned int length)
{
	space_header(space, at, ID_VENDOR, 1, next);
	if (at + 8 <= SPACE)
		space_put(space, at + 4, 0x1234 | (uint32_t)length << 20);
}

void space_answer(struct space *space, unsigned int at, unsigned int length, uint8_t byte)
{
	memset(space->bytes + at, byte, length);
	memset(space->mask + at, 1, length);
}

void space_vpd(struct space *space, unsigned int at, unsigned int next)
{
	unsigned int i;

	space_answer(space, 0x34, 1, at);
	space_answer(space, at, 8, 0);
	space->bytes[at] = ID_VPD;
	space->bytes[at + 1] = next;
	for (i = 4; i < 8; i++)
		space->bytes[at + i] = 0xc0 + i;
	space->vpd = at;
	space->vpd_length = 8;
}

static void write_file(const char *name, const void *bytes, size_t length)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), FOLDER "%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length || close(fd))
		err(1, "%s", path);
}

static void write_number(const char *name, unsigned int number)
{
	char text[16];

	write_file(name, text, snprintf(text, sizeof(text), "%u", number));
}

void space_install(const struct space *space)
{
	static struct space last;

	if (memcmp(last.mask, space->mask, SPACE))
		write_file("mask", space->mask, SPACE);
	write_file("table", space->bytes, SPACE);
	if (last.size != space->size)
		write_number("size", space->size);
	last = *space;
}

void space_set(const char *name, unsigned int number)
{
	write_number(name, number);
}

void space_watch(unsigned int at)
{
	write_number("watch", at);
}

unsigned int space_counter(const char *name)
{
	char path[128];
	unsigned int count;
	FILE *file;

	snprintf(path, sizeof(path), FOLDER "%s", name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%u", &count) != 1)
		err(1, "%s", path);
	fclose(file);
	return count;
}
