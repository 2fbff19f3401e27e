// SPDX-License-Identifier: GPL-2.0
/* Attaches every program of a BPF object, or one, and stays, or comes and goes. */
#include <bpf/libbpf.h>
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

/* Each time the function that it traces gets another trampoline. */
static int come_and_go(const struct bpf_program *program)
{
	struct sigaction action = { .sa_handler = end };
	unsigned long times;

	sigaction(SIGTERM, &action, NULL);
	for (times = 0; !ended; times++) {
		struct bpf_link *link = bpf_program__attach(program);

		if (!link)
			errx(1, "cannot attach %s", bpf_program__name(program));
		usleep(1000);
		bpf_link__destroy(link);
	}
	printf("came and went %lu times\n", times);
	return !times;
}

int main(int argc, char **argv)
{
	const char *only = argc > 2 ? argv[2] : NULL;
	bool goes = argc > 3 && !strcmp(argv[3], "come-and-go");
	struct bpf_object *object =
		argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program = NULL;

	if (!object || (argc > 3 && !goes))
		errx(2, "usage: trace OBJECT [PROGRAM [come-and-go]]");
	while (only && (program = bpf_object__next_program(object, program)))
		bpf_program__set_autoload(program,
					  !strcmp(bpf_program__name(program), only));
	if (bpf_object__load(object))
		errx(1, "cannot load it");
	while ((program = bpf_object__next_program(object, program))) {
		if (!bpf_program__autoload(program))
			continue;
		if (goes)
			return come_and_go(program);
		if (!bpf_program__attach(program))
			errx(1, "cannot attach %s", bpf_program__name(program));
	}
	pause();
	return 0;
}
