// SPDX-License-Identifier: GPL-2.0
/* Tests on which kernels detached programs must be held. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <bpf/btf.h>
#include "kernel/trampoline.h"

/* Types of a kernel whose struct bpf_prog_aux has this field; none for NULL. */
static bool waits_with(const char *field)
{
	struct btf *btf = btf__new_empty();
	int number;
	bool waits;

	assert_non_null(btf);
	number = btf__add_int(btf, "int", 4, 0);
	if (field) {
		assert_true(btf__add_struct(btf, "bpf_prog_aux", 8) > 0);
		assert_int_equal(btf__add_field(btf, "id", number, 0, 0), 0);
		assert_int_equal(btf__add_field(btf, field, number, 32, 0), 0);
	}
	waits = trampoline_kernel_waits(btf);
	btf__free(btf);
	return waits;
}

static void knows_the_kernels_that_wait(void **state)
{
	(void)state;
	assert_true(waits_with("tramp_linked"));
	assert_false(waits_with("linked"));
	assert_false(waits_with(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_kernels_that_wait),
	};

	return cmocka_run_group_tests_name("trampoline", tests, NULL, NULL);
}
