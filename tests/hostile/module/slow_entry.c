// SPDX-License-Identifier: GPL-2.0
/*
 * Slows down the tasks of one name just before they enter a program of a trampoline, so that
 * they are preempted there: in the few instructions in which nothing holds the program.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

#define SLOW_US 300

static char *name = "stress";
module_param(name, charp, 0);
MODULE_PARM_DESC(name, "of the tasks");

static ulong entries;
module_param(entries, ulong, 0444);
MODULE_PARM_DESC(entries, "that were slow");

static int slow(struct kprobe *probe, struct pt_regs *regs)
{
	if (!strcmp(current->comm, name)) {
		entries++;
		udelay(SLOW_US);
	}
	return 0;
}

static struct kprobe entry = {
	.symbol_name = "__bpf_prog_enter_recur",
	.pre_handler = slow,
};

static int __init slow_entry_init(void)
{
	return register_kprobe(&entry);
}

static void __exit slow_entry_exit(void)
{
	unregister_kprobe(&entry);
}

module_init(slow_entry_init);
module_exit(slow_entry_exit);
MODULE_DESCRIPTION("Test module: preemption in BPF trampolines");
MODULE_LICENSE("GPL");
