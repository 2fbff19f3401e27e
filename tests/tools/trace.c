// SPDX-License-Identifier: GPL-2.0
/* Attaches every program of a BPF object, or one, and stays, or comes and goes. */
#include <bpf/libbpf.h>
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINKS 8

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int attach(struct bpf_object *object, const char *only, struct bpf_link **links)
{
	struct bpf_program *program = NULL;
	int count = 0;

	while (count < MAX_LINKS &&
	       (program = bpf_object__next_program(object, program))) {
		if (only && strcmp(bpf_program__name(program), only))
			continue;
		links[count] = bpf_program__attach(program);
		if (!links[count++])
			errx(1, "cannot attach %s", bpf_program__name(program));
	}
	return count;
}

/*
 * Each time the function that it traces gets another trampoline. The programs stay loaded, as
 * kernels before 7.2 free them too early for readers who are preempted in the old one.
 */
static int come_and_go(struct bpf_object *object, const char *only, unsigned int ms)
{
	struct bpf_link *links[MAX_LINKS];
	unsigned long times;
	int count;

	for (times = 0; !ended; times++) {
		count = attach(object, only, links);
		usleep(1000 * ms);
		while (count)
			bpf_link__destroy(links[--count]);
	}
	printf("came and went %lu times\n", times);
	return !times;
}

int main(int argc, char **argv)
{
	const char *only = argc > 2 && strcmp(argv[2], "all") ? argv[2] : NULL;
	bool goes = argc > 3 && !strcmp(argv[3], "come-and-go");
	struct bpf_object *object =
		argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct sigaction action = { .sa_handler = end };
	struct bpf_program *program = NULL;
	struct bpf_link *links[MAX_LINKS];

	if (!object || (argc > 3 && !goes))
		errx(2, "usage: trace OBJECT [PROGRAM|all [come-and-go [MS]]]");
	if (goes)
		sigaction(SIGTERM, &action, NULL);
	while (only && (program = bpf_object__next_program(object, program)))
		bpf_program__set_autoload(program,
					  !strcmp(bpf_program__name(program), only));
	if (bpf_object__load(object))
		errx(1, "cannot load %s", argv[1]);
	if (goes)
		return come_and_go(object, only,
				   argc > 4 ? strtoul(argv[4], NULL, 10) : 1);
	if (!attach(object, only, links))
		errx(1, "no program %s in %s", argv[2], argv[1]);
	pause();
	return 0;
}
