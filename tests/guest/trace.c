// SPDX-License-Identifier: GPL-2.0
/* Attaches every program of a BPF object and stays until it is killed. */
#include <bpf/libbpf.h>
#include <err.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object =
		argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program;

	if (!object || bpf_object__load(object))
		errx(1, "cannot load it");
	bpf_object__for_each_program(program, object) if (!bpf_program__attach(program))
		errx(1, "cannot attach %s", bpf_program__name(program));
	pause();
	return 0;
}
