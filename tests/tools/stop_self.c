// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that are stopped again and again, and find in their memory what was to be there.
 * usage: stop_self OBJECT THREADS ROUNDS, with the maps of the load that is in force
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "dsn_contract.h"

#define OLD 0xab
#define MAX_THREADS 64

static int program, rounds;
static unsigned int good, wrong, failed;

/* The same as in stop_self.bpf.c. */
struct memory {
	__u64 address;
	__u64 bytes;
	__u64 length;
};

/* Has these bytes written into fresh memory, once. Returns whether they are there. */
static bool has_them(unsigned char *page, size_t length, __u64 bytes)
{
	unsigned char *part = page + sysconf(_SC_PAGESIZE) - 2, wanted[300] = {};
	struct memory memory = { (uintptr_t)part, bytes, length };
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &memory,
		    .ctx_size_in = sizeof(memory));

	memset(part - 8, OLD, length + 16);
	if (bpf_prog_test_run_opts(program, &run) || run.retval) {
		__sync_fetch_and_add(&failed, 1);
		return true;
	}
	if (length <= sizeof(bytes))
		memcpy(wanted, &bytes, length);
	return !memcmp(part, wanted, length) && part[-1] == OLD && part[length] == OLD;
}

static void *run_rounds(void *unused)
{
	static const size_t lengths[] = { 1, 4, 8, 300 };
	unsigned char *pages =
		mmap(NULL, 2 * sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	if (pages == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < rounds; i++)
		__sync_fetch_and_add(
			has_them(pages, lengths[i % 4], 0x0102030405060708 + i) ? &good
										: &wrong,
			1);
	return unused;
}

/* Makes the object use a map that is pinned under this name. */
static void share(struct bpf_object *object, const char *map, const char *pin)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", DSN_PIN_DIR, pin);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_map__reuse_fd(bpf_object__find_map_by_name(object, map), fd))
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	struct bpf_object *object =
		argc == 4 ? bpf_object__open_file(argv[1], NULL) : NULL;
	int threads = argc == 4 ? atoi(argv[2]) : 0, i;
	pthread_t list[MAX_THREADS];

	if (!object || threads < 1 || threads > MAX_THREADS)
		errx(2, "usage: stop_self OBJECT THREADS ROUNDS");
	rounds = atoi(argv[3]);
	share(object, ".data.repairs", "repairs");
	share(object, "wakeups", "wakeups");
	if (bpf_object__load(object))
		errx(1, "cannot load it");
	program = bpf_program__fd(bpf_object__find_program_by_name(object, "stop_self"));
	for (i = 0; i < threads; i++)
		if (pthread_create(&list[i], NULL, run_rounds, NULL))
			errx(1, "cannot start a thread");
	for (i = 0; i < threads; i++)
		pthread_join(list[i], NULL);
	printf("good %u wrong %u failed %u\n", good, wrong, failed);
	return wrong || failed;
}
