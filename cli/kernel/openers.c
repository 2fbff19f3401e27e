// SPDX-License-Identifier: GPL-2.0
/* The processes that have vfio-pci devices open. */
#include "kernel/openers.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kernel/host.h"
#include "kernel/pins.h"
#include "kernel/process.h"
#include "model/key.h"
#include "lib/util.h"
#include "openers.skel.h"

static void destroy(struct openers_bpf **skeleton)
{
	openers_bpf__destroy(*skeleton);
}

static void drop_link(struct bpf_link **link)
{
	bpf_link__destroy(*link);
}

static int compare(const void *a, const void *b)
{
	const struct dsn_opener *x = a, *y = b;
	int order = key_compare(&x->key, &y->key);

	return order ? order : (x->pid > y->pid) - (x->pid < y->pid);
}

/* Reads all that the iterator writes. Returns bytes or -errno; the caller frees *data. */
static ssize_t read_all(int fd, char **data)
{
	size_t size = 0, room = 0;
	ssize_t got;
	char *more;

	*data = NULL;
	do {
		if (size == room) {
			room = room ? 2 * room : 4096;
			more = realloc(*data, room);
			if (!more)
				return -ENOMEM;
			*data = more;
		}
		got = read(fd, *data + size, room - size);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		size += got > 0 ? got : 0;
	} while (got);
	return size;
}

/* Keeps one opener of several files of a process. */
static size_t unite(struct opener *openers, size_t count)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++)
		if (!kept || compare(&openers[kept - 1].id, &openers[i].id))
			openers[kept++] = openers[i];
	return kept;
}

static int take(const char *data, ssize_t size, struct opener **openers, size_t *count)
{
	_cleanup_(close_fd) int early = pins_open(PIN_EARLY);
	struct dsn_open_file found;
	size_t n = size / sizeof(found), i;
	__u32 one;

	if (early < 0 && early != -ENOENT)
		return early;
	*openers = calloc(n + 1, sizeof(**openers));
	if (!*openers)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct opener *opener = &(*openers)[i];

		memcpy(&found, data + i * sizeof(found), sizeof(found));
		opener->id = found.opener;
		memcpy(opener->command, found.command, sizeof(opener->command));
		make_printable(opener->command, sizeof(opener->command));
		opener->early =
			early >= 0 && !bpf_map_lookup_elem(early, &opener->id, &one);
	}
	qsort(*openers, n, sizeof(**openers), compare);
	*count = unite(*openers, n);
	return 0;
}

/*
 * Loads an iterator. Returns an fd or -errno; -ENODEV without vfio, and so without files.
 */
static int new_iterator(void)
{
	_cleanup_(destroy) struct openers_bpf *skeleton = NULL;
	_cleanup_(drop_link) struct bpf_link *link = NULL;
	struct vfio_symbols symbols;

	libbpf_set_print(NULL);
	skeleton = openers_bpf__open();
	if (!skeleton)
		return -errno;
	if (!host_vfio_symbols(&symbols))
		return access("/sys/module/vfio", F_OK) ? -ENODEV : -ENOENT;
	skeleton->rodata->vfio_device_fops = symbols.fops;
	skeleton->rodata->vfio_device_fops_read = symbols.read;
	if (openers_bpf__load(skeleton))
		return -errno;
	link = bpf_program__attach_iter(skeleton->progs.dsn_open, NULL);
	return link ? bpf_iter_create(bpf_link__fd(link)) : -errno;
}

/*
 * Opens the iterator that `load` has pinned, which needs no search for addresses. They
 * are valid while the hook that came with it holds vfio's module.
 */
static int open_iterator(enum dsn_hook hook)
{
	_cleanup_(close_fd) int link = -ENOENT;

	if (hook == DSN_HOOK_FEXIT || hook == DSN_HOOK_PERMISSION)
		link = pins_open(PIN_OPEN);
	return link < 0 ? new_iterator() : bpf_iter_create(link);
}

int openers_find(enum dsn_hook hook, struct opener **openers, size_t *count)
{
	_cleanup_(close_fd) int iterator = open_iterator(hook);
	_cleanup_(free_ptr) char *data = NULL;
	ssize_t size;

	*openers = NULL;
	*count = 0;
	if (iterator < 0)
		return iterator == -ENODEV ? 0 : iterator;
	/* the iterator shows the processes of this namespace alone */
	if (!process_sees_all())
		return -EXDEV;
	size = read_all(iterator, &data);
	return size < 0 ? (int)size : take(data, size, openers, count);
}

const char *openers_error(int err)
{
	if (err == -EXDEV)
		return "this PID namespace hides the host's processes";
	return err == -ENOENT ? "the kernel shows no address of vfio_device_fops"
			      : strerror(-err);
}

int openers_mark_early(const struct opener *openers, size_t count)
{
	_cleanup_(close_fd) int early = pins_open(PIN_EARLY);
	__u32 one = 1;
	size_t i;

	if (early < 0)
		return early;
	for (i = 0; i < count; i++)
		if (bpf_map_update_elem(early, &openers[i].id, &one, BPF_ANY))
			return -errno;
	return 0;
}

void opener_format(const struct opener *opener, char text[OPENER_LEN])
{
	snprintf(text, OPENER_LEN, "%u (%s)", opener->id.pid, opener->command);
}
