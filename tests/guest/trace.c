// SPDX-License-Identifier: GPL-2.0
/* Attaches every program of a BPF object, or one, and stays until it is killed. */
#include <bpf/libbpf.h>
#include <err.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *only = argc > 2 ? argv[2] : NULL;
	struct bpf_object *object =
		argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program = NULL;

	while (only && (program = bpf_object__next_program(object, program)))
		bpf_program__set_autoload(program,
					  !strcmp(bpf_program__name(program), only));
	if (!object || bpf_object__load(object))
		errx(1, "cannot load it");
	while ((program = bpf_object__next_program(object, program)))
		if (bpf_program__autoload(program) && !bpf_program__attach(program))
			errx(1, "cannot attach %s", bpf_program__name(program));
	pause();
	return 0;
}
