/* SPDX-License-Identifier: GPL-2.0 */
/* The contract between the BPF programs and the command line: every map's key and value. */
#ifndef DSN_CONTRACT_H
#define DSN_CONTRACT_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

/*
 * Increased whenever a key or a value below changes its meaning or its layout. `load`
 * reuses pinned maps only if the number in `state` is this one.
 */
#define DSN_LAYOUT 7

/* The oldest layout whose rules have the keys and values of this one, flags and `more` aside. */
#define DSN_LAYOUT_RULES 5

/* The functions that a rule is for. dsn_precedence.h has the order of precedence. */
enum dsn_scope {
	DSN_SCOPE_FUNCTION = 0, /* domain, bus and devfn name the function */
	DSN_SCOPE_DEVICE = 1,	/* all functions of a device: devfn is its function 0's */
	DSN_SCOPE_DEFAULT = 2,	/* domain, bus and devfn are 0 */

	/* Records about a function that a VM has claimed: its rule above is the claim's. No
	   program looks them up. */
	DSN_SCOPE_COVERED = 3, /* the rule that counts again after the claim */
	DSN_SCOPE_CLAIM = 4,   /* the VM's UUID, 16 bytes in place of a rule */
	DSN_SCOPE_CLAIM_NAME =
		5, /* to 8: the VM's name, 16 bytes each, zeros at its end */
};

#define DSN_CLAIM_NAME 64 /* bytes, with at least one zero */

/* Host byte order. devfn is the kernel's: device << 3 | function. */
struct dsn_key {
	__u32 domain; /* 32 bits wide: VMD domains start at 0x10000 */
	__u8 bus;
	__u8 devfn;
	__u8 scope;    /* enum dsn_scope */
	__u8 reserved; /* 0 */
};

enum dsn_policy {
	DSN_SCRUB = 0,	/* the serial reads as zeros; also what any unknown value means */
	DSN_SERIAL = 1, /* the serial reads as `serial` */
	DSN_PASS = 2,	/* the real serial is shown */
	/* the capability is not there: its serial reads as zeros, its header as ID 0 and
	   version 0 with the next pointer kept, as vfio_ecap_init() does when it hides one */
	DSN_HIDE = 3,
};

/* VPD (PCI 3.0 Appendix I) as it is shown, in the low bits of `more`. */
enum dsn_vpd {
	DSN_VPD_EMPTY = 0, /* its data reads as end tags; also any unknown value */
	DSN_VPD_HIDE = 1,  /* its ID and registers read as 0, its next pointer is kept */
	DSN_VPD_PASS = 2,  /* the real VPD is shown */
};

#define DSN_VPD_MASK 0x0f

/* In `more`: dwords from 0x40 on that vfio names no capability for read as zeros. */
#define DSN_GAPS_ZERO 0x10

enum dsn_rule_flag {
	DSN_RULE_FILE =
		1, /* the rule is in a configuration file, and goes with its line */
};

/*
 * The value of a rule. `serial` is the number that lspci prints, high byte first:
 * 52-54-00-ff-ff-12-34-56 is 0x525400ffff123456, in host byte order here. In config space
 * the low dword comes first and each dword is little-endian (PCIe r6.2 7.9.3), on every
 * architecture; dsn_window.h converts. It is 0 unless the policy is DSN_SERIAL, and then
 * neither 0 nor all ones. `flags` are for the command line: the programs ignore them. A
 * rule with `expect` applies only to a function that has these ids (for a VF under its
 * PF's rule: the PF); for others there is no such rule.
 */
struct dsn_rule {
	__u64 serial;
	__u8 policy; /* enum dsn_policy */
	__u8 more; /* enum dsn_vpd, DSN_GAPS_ZERO; 0 in layouts where `policy` had 16 bits */
	__u16 flags;  /* enum dsn_rule_flag; 0 in layouts where `policy` had 32 bits */
	__u32 expect; /* vendor id << 16 | device id; 0: any */
};

/*
 * Counters of one function since load: an element of `counters`. That array is a hash
 * table: the function's element is the first with its key, or the first free one, of the
 * DSN_DEVICE_TRIES from dsn_device_index() on. An element is never freed. For reads by
 * one thread, time and command are updated at most once per jiffy.
 */
struct dsn_device {
	struct dsn_key
		key;	 /* `reserved` is 1; all of it is 0 while the element is free */
	__u64 reads;	 /* reads that reached a DSN and show what the rule says */
	__u64 passed;	 /* reads that reached a DSN under the policy `pass` */
	__u64 last_ns;	 /* time of the last of either, ns, CLOCK_BOOTTIME */
	__u32 last_pid;	 /* its process id in the initial pid namespace */
	__u32 last_tid;	 /* its thread id there */
	__u64 last_tick; /* its time in jiffies */
	char last_command[16]; /* its thread's name */

	/* The function's effective rule, cached. Valid only if `seal` fits it together with
	   the id of the rule set in force; see bpf/policy.bpf.h. */
	__u64 serial;
	__u64 words; /* enum dsn_policy, and above 32 bits what the rule has in `more` */
	__u64 seal;
};

#define DSN_MAX_DEVICES 8192
#define DSN_DEVICE_TRIES 16

static inline __u32 dsn_device_index(const struct dsn_key *key)
{
	__u64 number = (__u64)key->domain << 16 | key->bus << 8 | key->devfn;

	return number * 0x9e3779b97f4a7c15ULL >> 51;
}

/* Sums over all functions since load; one element. */
struct dsn_totals {
	__u64 touched; /* reads that reached a DSN, whichever layer saw them */
	__u64 vpd;     /* reads that reached VPD, and show what the rule says */
	__u64 gaps;    /* reads that reached bytes without a capability, and show zeros */
	__u64 repaired;	 /* of these, the ones that the check corrected after the hook */
	__u64 answered;	 /* of these, the ones answered before vfio was entered */
	__u64 refused;	 /* reads that cannot be made safe, refused before they began */
	__u64 unchecked; /* reads that the hook saw and the check did not; must be 0 */
	__u64 wholes; /* whole reads under DSN_HOOK_PERMISSION; also counts `wholes` entries */
	__u64 wholes_passed; /* of those, the ones that got the real serial */
	__u64 stops;	     /* reads whose process was stopped until it is repaired */
	__u64 kills; /* readers killed, for any enum dsn_reason; also counts `kills` entries */
	__u64 failed_writes; /* of those, for DSN_REASON_WRITE */
	__u64 unkillable;    /* of those, the ones that the kernel refused to kill */
	__u64 uncounted;     /* reads missing in `counters`, which had no room */
	__u64 collapsed;     /* events merged into a later one of the same thread */
	__u64 late; /* on a real-time kernel: reads that the check could not write, and whose
				reader it can only stop or kill late */
};

enum dsn_reason {
	/* Why a reader was killed. */
	DSN_REASON_WRITE = 1,  /* its buffer cannot be written, nor its process stopped */
	DSN_REASON_PLACE = 2,  /* config space, or the read's offset, cannot be read */
	DSN_REASON_MISSED = 3, /* io_uring, or a call whose buffer cannot be found */
	/* Results of a read under DSN_HOOK_PERMISSION, which cannot write. */
	DSN_REASON_UNANSWERED = 4,   /* refused: not within a serial, or not answered */
	DSN_REASON_WHOLE = 5,	     /* refused: it has all of config space */
	DSN_REASON_WHOLE_PASSED = 6, /* it got all, with the real serial */
};

/*
 * A read that is reported by name. The maps `kills` and `wholes` each hold the last
 * DSN_INCIDENTS of their kind: number n is element (n - 1) % DSN_INCIDENTS.
 */
struct dsn_incident {
	__u64 ns;	    /* ns, CLOCK_BOOTTIME */
	struct dsn_key key; /* the function that was read */
	__u32 pid;	    /* process id in the initial pid namespace */
	__u32 reason;	    /* enum dsn_reason */
	char command[16];   /* the thread's name */
};

#define DSN_INCIDENTS 64

enum dsn_repair_state {
	DSN_REPAIR_FREE = 0,
	DSN_REPAIR_CLAIMED = 1, /* a BPF program is filling it in */
	DSN_REPAIR_PENDING = 2, /* the process is stopped, or about to stop */
	DSN_REPAIR_DONE = 3,	/* the bytes are there, and SIGCONT is next */
};

/*
 * Bytes that a reader's memory must show before the reader may run again. A BPF program
 * could not write them, filled this in, and sent SIGSTOP to the process. `dsnctl repair`
 * writes them, reads them back, frees the element and sends SIGCONT.
 */
struct dsn_repair {
	__u32 state;	/* enum dsn_repair_state, changed by compare and exchange */
	__u32 pid;	/* process id in the initial pid namespace */
	__u64 start_ns; /* of the process, ns, CLOCK_BOOTTIME: pids are used again */
	__u64 ns;	/* of the stop, ns, CLOCK_BOOTTIME */
	__u64 address;	/* in the process */
	__u64 bytes;	/* little-endian, for `length` up to 8; beyond that all are 0 */
	__u32 length;	/* 1 to 4096 */
	__u32 reserved; /* 0 */
	struct dsn_key key; /* the function that was read */
};

#define DSN_REPAIRS 256

/* The map `repairs`; one element, mapped into `dsnctl repair`. */
struct dsn_repairs {
	__u32 next; /* where the next search for a free element starts */
	__u32 reserved;
	struct dsn_repair of[DSN_REPAIRS];
};

#define DSN_WAKEUPS_SIZE                                                                 \
	4096 /* bytes of `wakeups`, a ring buffer of pids that wakes it */

/* The fate of a read. */
enum dsn_fate {
	DSN_FATE_ANSWERED = 0, /* shows what `policy` says */
	DSN_FATE_KILLED = 1,   /* its reader was killed, for `reason` */
	DSN_FATE_REFUSED = 2,  /* refused before it began */
	DSN_FATE_STOPPED = 3,  /* its process was stopped, until it is repaired */
};

/*
 * A read that reached a DSN, was refused, or killed or stopped its reader because it
 * might have reached one; written to `events` while a monitor listens. Each segment of a
 * preadv is a read. If a reader is killed or stopped for a read that was counted before,
 * there is an event for both. A thread gets DSN_EVENT_BURST events per
 * DSN_EVENT_WINDOW_NS, so that no guest hides another; `repeats` of its next event is the
 * number of events that it did not get.
 */
struct dsn_event {
	__u64 ns;	    /* ns, CLOCK_BOOTTIME */
	__u64 cgroup;	    /* the reader's, an id of the cgroup v2 hierarchy */
	struct dsn_key key; /* the function that was read */
	__u32 pid;	    /* process id in the initial pid namespace */
	__u32 tid;	    /* thread id there */
	__u32 offset;	    /* in config space */
	__u32 length;	    /* bytes; 0 if it is not known which were read */
	__u8 fate;	    /* enum dsn_fate */
	__u8 policy;	    /* enum dsn_policy, for DSN_FATE_ANSWERED; else 0 */
	__u8 reason;	    /* enum dsn_reason, or 0 */
	__u8 repaired;	    /* 1: the check corrected it after the hook */
	__u32 repeats;	    /* earlier reads by this thread without an event */
	char command[16];   /* the thread's name */
};

#define DSN_EVENT_BURST 32
#define DSN_EVENT_WINDOW_NS 100000000ULL

#define DSN_EVENTS_SIZE (512 * 1024) /* bytes of `events`: some 7000 of them */

/*
 * The listener of `events`; one element, mapped into it. A listener that runs renews
 * until_ns. If it was killed, its events are soon counted as lost instead of written, and
 * after DSN_GIVE_UP_NS no longer counted: until_ns becomes 0.
 */
struct dsn_monitor {
	__u64 until_ns; /* CLOCK_BOOTTIME until which events are written; 0: no listener */
	__u64 lost; /* events that were not written, ever: the buffer full, or too late */
	__u32 pid;  /* of the last listener, in its pid namespace */
	__u32 reserved;
};

#define DSN_GIVE_UP_NS (60 * 1000000000ULL)

/* The layer that acts while vfio_pci_config_rw() returns. */
enum dsn_hook {
	DSN_HOOK_NONE = 0,
	DSN_HOOK_FEXIT = 1,
	DSN_HOOK_KPROBE = 2, /* a kprobe and kretprobe pair */
	/* fmod_ret on security_file_permission(), for kernels that allow no writing:
	   reads of a serial leave the reader's buffer as it was, others that have it are
	   refused */
	DSN_HOOK_PERMISSION = 3,
};

/* The layer that sees every read; see docs/guarantee.md. */
enum dsn_check {
	DSN_CHECK_OFF = 0,
	DSN_CHECK_USAGE =
		1, /* rpm_usage and rpm_idle, after every read, preemption off */
	DSN_CHECK_RESUME =
		2, /* rpm_resume, before it, interrupts off, and task work after it */
};

/* Parts beside the two layers, as bits. */
enum dsn_option {
	DSN_OPTION_ANSWER = 1, /* reads of a serial are answered before vfio is entered */
	DSN_OPTION_WHOLE = 2,  /* DSN_HOOK_PERMISSION lets whole reads through */
	DSN_OPTION_VMMS = 8,   /* it lets those of the executables in `vmms` through */
	/* an LSM program refuses reads by io_uring, or, under DSN_HOOK_PERMISSION, all
	   that were not answered */
	DSN_OPTION_GATE = 4,
};

/* The executable file of a VMM, as the kernel has it in memory; key of the map `vmms`. */
struct dsn_executable {
	__u64 inode;  /* inode number */
	__u32 device; /* of its superblock, major << 20 | minor */
	__u32 reserved;
};

/* Value of the map `vmms`: VMMs that ask the device again for each read of their guests. */
struct dsn_vmm {
	char path[128]; /* for `status`; cut off if it is longer */
};

#define DSN_MAX_VMMS 32

/*
 * A process that has a function's vfio device open. Key of the map `early`: those that had
 * it before the hook came, and may know its real serial.
 */
struct dsn_opener {
	struct dsn_key key;
	__u64 start_ns; /* of the process, ns, CLOCK_BOOTTIME: pids are used again */
	__u32 pid;	/* in the initial pid namespace */
	__u32 reserved;
};

/* The record that the iterator of bpf/openers.bpf.h writes for each such file. */
struct dsn_open_file {
	struct dsn_opener opener;
	char command[16]; /* the process's name */
};

#define DSN_MAX_EARLY 4096

#define DSN_SYMBOL_LEN 32

/* The question to bpf/symbol.bpf.c, and its answer. */
struct dsn_symbol {
	char name[DSN_SYMBOL_LEN]; /* ends in a NUL */
	__u64 address;		   /* 0: there is none, or it is hidden */
};

/* The record of `load`; one element. */
struct dsn_state {
	__u32 layout;	 /* DSN_LAYOUT; 0 until the first load has finished */
	__u32 hook;	 /* enum dsn_hook */
	__u32 check;	 /* enum dsn_check */
	__u32 options;	 /* enum dsn_option */
	__u64 loaded_ns; /* ns, CLOCK_BOOTTIME; identifies the load */
	__u64 missed; /* hook calls skipped before this load; later ones are in its info */
	char version[16];	/* of the dsnctl that loaded */
	char hook_reason[160];	/* why the hook is not fexit; empty if it is */
	char check_reason[320]; /* why there is no check; empty if there is */
};

/* Rules of a set, with the default: every function of the largest host twice over. */
#define DSN_MAX_RULES 8192
/* bpffs names: https://docs.kernel.org/bpf/ allows no dot in them. */
#define DSN_PIN_DIR "/sys/fs/bpf/dsnctl"
#define DSN_KEEP_DIR "/run/dsnctl" /* a bpffs with the same pins; see cli/kernel/pins.c */

_Static_assert(sizeof(struct dsn_key) == 8, "dsn_key has no padding");
_Static_assert(sizeof(struct dsn_rule) == 16, "dsn_rule has no padding");
_Static_assert(DSN_MAX_DEVICES == 1 << (64 - 51), "dsn_device_index() fills counters");
_Static_assert(sizeof(struct dsn_device) == 88, "dsn_device has no padding");
_Static_assert(sizeof(struct dsn_totals) == 128, "dsn_totals has no padding");
_Static_assert(sizeof(struct dsn_incident) == 40, "dsn_incident has no padding");
_Static_assert(sizeof(struct dsn_repair) == 56, "dsn_repair has no padding");
_Static_assert(sizeof(struct dsn_executable) == 16, "dsn_executable has no padding");
_Static_assert(sizeof(struct dsn_opener) == 24, "dsn_opener has no padding");
_Static_assert(sizeof(struct dsn_open_file) == 40, "dsn_open_file has no padding");
_Static_assert(sizeof(struct dsn_symbol) == 40, "dsn_symbol has no padding");
_Static_assert(sizeof(struct dsn_event) == 64, "dsn_event has no padding");
_Static_assert(sizeof(struct dsn_monitor) == 24, "dsn_monitor has no padding");
_Static_assert(sizeof(struct dsn_state) == 528, "dsn_state has no padding");

#endif
