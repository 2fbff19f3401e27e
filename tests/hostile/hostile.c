// SPDX-License-Identifier: GPL-2.0
/* Reads config spaces that no device should have through VFIO, and compares with policy. */
#include "../tools/vfio_device.h"
#include "beside.h"
#include "device.h"
#include "random.h"
#include "shapes.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOT_COPIED 0xa5

static const char usage[] =
	"hostile BDF shapes SERIAL             every shape under every policy\n"
	"hostile BDF dangerous SERIAL          those that the kernel does not survive for sure\n"
	"hostile BDF beside SERIAL             VPD and a DOE mailbox\n"
	"hostile BDF random SERIAL SEED COUNT  generated chains\n";

static const char *const policies[] = { "pass", "scrub", "serial", "hide" };
static const char *bdf, *serial_text;

/* One open device, and what is found when it is read under a policy. */
struct look {
	struct vfio_device *device;
	const struct model *model;
	const uint8_t *native;
	enum policy policy;
	uint64_t serial;
	unsigned int vpd; /* where it is, or 0 */
	unsigned long reads, wrong;
	char detail[4096]; /* TAP comments */
};

static void note_wrong(struct look *look, unsigned int at, size_t length,
		       unsigned int byte, uint8_t got)
{
	size_t used = strlen(look->detail);

	if (look->wrong++ < 8)
		snprintf(look->detail + used, sizeof(look->detail) - used,
			 "# %zu bytes at 0x%x: byte 0x%x is %02x (device: %02x)\n",
			 length, at, byte, got, look->native[byte]);
}

static void look_at(struct look *look, unsigned int at, size_t length)
{
	uint8_t got[SPACE];
	size_t i;

	memset(got, NOT_COPIED, length);
	if (pread(look->device->fd, got, length, look->device->config + at) !=
	    (ssize_t)length)
		err(1, "%zu bytes at 0x%x", length, at);
	look->reads++;
	for (i = 0; i < length; i++)
		if (!model_allows(look->model, look->policy, look->serial, at + i,
				  look->native[at + i], got[i]))
			note_wrong(look, at, length, at + i, got[i]);
}

/* Every offset and length from 12 bytes before a DSN, or VPD, to 12 behind it. */
static void look_around(struct look *look, unsigned int dsn)
{
	unsigned int size = look->device->config_size, at, length;
	unsigned int to = dsn + 24 > size ? size : dsn + 24;

	for (at = dsn - 12; at < to; at++)
		for (length = 1; length <= 16 && at + length <= size; length++)
			look_at(look, at, length);
}

/* Reads that fail half-way, at a page that cannot be written. */
static void look_over_edge(struct look *look, unsigned int dsn)
{
	static uint8_t *edge;
	unsigned int size = look->device->config_size;
	unsigned int length = dsn + 16 > size ? size - dsn : 16, before, i;

	if (!edge) {
		edge = mmap(NULL, 2 * SPACE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (edge == MAP_FAILED || mprotect(edge + SPACE, SPACE, PROT_NONE))
			err(1, "mmap");
		edge += SPACE;
	}
	for (before = 1; before < length; before++) {
		memset(edge - before, NOT_COPIED, before);
		if (pread(look->device->fd, edge - before, length,
			  look->device->config + dsn) >= 0 ||
		    errno != EFAULT)
			err(1, "a read over the edge");
		look->reads++;
		for (i = 0; i < before; i++)
			if (*(edge - before + i) != NOT_COPIED &&
			    !model_allows(look->model, look->policy, look->serial,
					  dsn + i, look->native[dsn + i],
					  *(edge - before + i)))
				note_wrong(look, dsn, before, dsn + i,
					   *(edge - before + i));
	}
}

/* Reads only what matters: if the chain is a loop, each read takes the kernel long. */
static void look_everywhere(struct look *look)
{
	/* 8 bytes from every fifth on begin everywhere in a dword */
	static const unsigned int lengths[] = { 1, 2, 4, 8 }, steps[] = { 1, 2, 4, 5 };
	unsigned int at, i, size = look->device->config_size;

	look_at(look, 0, size);
	if (look->vpd) {
		look_around(look, look->vpd);
		look_over_edge(look, look->vpd);
	}
	for (i = 0; i < look->model->dsns && size == SPACE; i++) {
		look_around(look, look->model->dsn[i]);
		look_over_edge(look, look->model->dsn[i]);
	}
	if (look->model->hops > 400 || look->policy == PASS)
		return;
	for (i = 0; i < 4; i++)
		for (at = EXTENDED; at + lengths[i] <= size; at += steps[i])
			look_at(look, at, lengths[i]);
}

static unsigned int count_bytes(const struct look *look, uint8_t from, uint8_t to)
{
	uint8_t got[SPACE];
	unsigned int i, count = 0;

	if (pread(look->device->fd, got, look->device->config_size,
		  look->device->config) != (ssize_t)look->device->config_size)
		err(1, "pread");
	for (i = look->vpd ? look->vpd : EXTENDED; i < look->device->config_size; i++)
		count += got[i] >= from && got[i] <= to &&
			 (i < EXTENDED ? look->model->vpd[i]
				       : !look->model->chain[i] || look->model->body[i]);
	return count;
}

static void judge(struct look *look, const struct shape *shape, const char *seen)
{
	unsigned int real;

	look->reads = look->wrong = 0;
	look->detail[0] = '\0';
	look_everywhere(look);
	real = count_bytes(look, SERIAL_FIRST, SERIAL_LAST);
	printf("%s - %s (%s): %s, %lu reads\n",
	       look->wrong || (real && look->policy != PASS) ? "not ok" : "ok",
	       shape->name, seen, policies[look->policy], look->reads);
	if (look->wrong)
		printf("# %lu wrong bytes\n%s", look->wrong, look->detail);
	if (real && look->policy != PASS)
		printf("# %u bytes of a real serial in the whole space\n", real);
	if (shape->unreached && count_bytes(look, UNREACHED, UNREACHED_LAST))
		printf("ok - %s: %s # SKIP it is readable: a documented limit\n",
		       shape->name, policies[look->policy]);
}

/* A read behind the end, where the device has less than 4096 bytes. */
static void beyond(const struct shape *shape, const struct vfio_device *device)
{
	uint32_t got;
	bool refused =
		pread(device->fd, &got, 4, device->config + 0x144) < 0 && errno == EFAULT;

	printf("%s - %s: reads behind its %u bytes are refused\n",
	       refused ? "ok" : "not ok", shape->name, (unsigned int)device->config_size);
}

static void run_open(struct vfio_device *device, const struct shape *shape,
		     const struct space *opened, const struct space *now)
{
	static const uint32_t zero;
	uint8_t native[SPACE] = {};
	struct model model;
	struct look look = { .device = device,
			     .model = &model,
			     .native = native,
			     .vpd = opened->vpd,
			     .serial = parse_serial(serial_text) };
	char seen[64];
	enum policy policy;

	model_make(&model, opened, now);
	if (!model.opens)
		printf("not ok - %s: the model says that vfio cannot open it\n",
		       shape->name);
	device_policy(bdf, PASS, NULL);
	if (shape->guest_writes &&
	    pwrite(device->fd, &zero, 4, device->config + EXTENDED) != 4)
		err(1, "pwrite");
	if (pread(device->fd, native, device->config_size, device->config) < 0)
		err(1, "pread");
	snprintf(seen, sizeof(seen), "vfio opens it, %u bytes, %s",
		 (unsigned int)device->config_size,
		 count_bytes(&look, SERIAL_FIRST, SERIAL_LAST) ? "serial shown"
							       : "no serial shown");
	if (device->config_size < SPACE)
		beyond(shape, device);
	for (policy = PASS; policy <= HIDE; policy++) {
		look.policy = policy;
		if (device_policy(bdf, policy, serial_text))
			judge(&look, shape, seen);
		else
			printf("ok - %s: hide # SKIP this dsnctl cannot hide\n",
			       shape->name);
	}
}

static void make(struct space *space, const struct shape *shape)
{
	space_init(space);
	shape->make(space);
	space_install(space);
}

static void found_anew(const struct shape *shape)
{
	static struct space space;

	make(&space, shape);
	device_rescan(bdf);
}

static void run_shape(const struct shape *shape)
{
	static struct space opened, now;
	struct vfio_device device;
	int error;

	make(&opened, shape);
	if (shape->rescan)
		device_rescan(bdf);
	error = vfio_try_open(&device, bdf);
	if (error || shape->refused) {
		printf("%s - %s: vfio does not open it (%s)\n",
		       error && shape->refused ? "ok" : "not ok", shape->name,
		       error ? strerror(-error) : "it did");
	}
	if (!error) {
		now = opened;
		if (shape->later) {
			shape->later(&now);
			space_install(&now);
		}
		run_open(&device, shape, &opened, &now);
		vfio_close(&device);
	}
	if (shape->rescan)
		found_anew(&shapes[0]);
	fflush(stdout);
}

/* Asks the table how often the device's serial was read. */
static void check_counters(void)
{
	static struct space space;
	struct vfio_device device;
	unsigned int before, count;
	uint64_t serial;

	make(&space, &shapes[0]);
	space_watch(0x144);
	vfio_open(&device, bdf);
	device_policy(bdf, PASS, NULL);
	before = space_counter("watched");
	if (pread(device.fd, &serial, 8, device.config + 0x144) != 8)
		err(1, "pread");
	count = space_counter("watched") - before;
	printf("%s - two dwords of the serial are read of the table: %u\n",
	       count == 2 ? "ok" : "not ok", count);
	vfio_close(&device);
}

static void run_dangerous(const struct shape *shape)
{
	static struct space space;
	struct vfio_device device;
	struct model model;
	int error;

	make(&space, shape);
	model_make(&model, &space, &space);
	error = vfio_try_open(&device, bdf);
	printf("%s - %s: vfio does not open it (%s)\n",
	       error && !model.opens ? "ok" : "not ok", shape->name,
	       error ? strerror(-error)
		     : "it did: the model does not know what it shows");
	fflush(stdout);
	if (!error)
		vfio_close(&device);
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc < 4)
		errx(2, "usage:\n%s", usage);
	bdf = argv[1];
	serial_text = argv[3];
	found_anew(&shapes[0]);
	if (!strcmp(argv[2], "shapes") && argc == 4) {
		for (i = 0; i < shape_count; i++)
			run_shape(&shapes[i]);
		check_counters();
	} else if (!strcmp(argv[2], "dangerous") && argc == 4) {
		for (i = 0; i < dangerous_shape_count; i++)
			run_dangerous(&dangerous_shapes[i]);
	} else if (!strcmp(argv[2], "beside") && argc == 4) {
		run_beside(bdf);
	} else if (!strcmp(argv[2], "random") && argc == 6) {
		run_random(bdf, serial_text, strtoul(argv[4], NULL, 0),
			   strtoul(argv[5], NULL, 0));
	} else {
		errx(2, "usage:\n%s", usage);
	}
	return 0;
}
