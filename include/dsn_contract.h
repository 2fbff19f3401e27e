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
 * Bumped whenever a key or a value below changes its meaning or its layout. `load`
 * reuses pinned maps only where the number in `state` is this one.
 */
#define DSN_LAYOUT 4

/*
 * Whom a rule is for. The order is the order of precedence; between device and default,
 * for a VF, come its PF's function rule and the rule of its PF's device.
 */
enum dsn_scope {
	DSN_SCOPE_FUNCTION = 0, /* domain, bus and devfn name the function */
	DSN_SCOPE_DEVICE = 1,	/* all functions of a device: devfn is its function 0's */
	DSN_SCOPE_DEFAULT = 2,	/* domain, bus and devfn are 0 */
};

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

/*
 * `serial` is the number that lspci prints, high byte first:
 * 52-54-00-ff-ff-12-34-56 is 0x525400ffff123456, in host byte order here. In config
 * space the low dword comes first and each dword is little-endian (PCIe r6.2 7.9.3),
 * on every architecture; dsn_window.h does that conversion. 0 unless the policy is
 * DSN_SERIAL, and then neither 0 nor all ones.
 *
 * A rule with `expect` counts only for a function that has these ids (for a VF under its
 * PF's rule: the PF); for another it is as if there were no rule.
 */
struct dsn_rule {
	__u64 serial;
	__u32 policy; /* enum dsn_policy */
	__u32 expect; /* vendor id << 16 | device id; 0: any */
};

/*
 * What happened to one function's reads since load: an element of `counters`. Which one it
 * is `devices` has under the function's dsn_key; as many are in use as dsn_totals.counters.
 *
 * Of reads by the same thread in the same tick of the kernel's (1 to 10 ms) the first one's
 * time and command stand for all of them.
 */
struct dsn_device {
	__u64 reads;	 /* reads that reached a DSN and were rewritten */
	__u64 passed;	 /* reads that reached a DSN and were let through by `pass` */
	__u64 last_ns;	 /* time of the last of either, ns, CLOCK_BOOTTIME */
	__u32 last_pid;	 /* its process id in the initial pid namespace */
	__u32 last_tid;	 /* its thread id there */
	__u64 last_tick; /* its time in jiffies */
	char last_command[16]; /* its thread's name */
};

/* Sums over all functions since load; one element. */
struct dsn_totals {
	__u64 touched; /* reads that reached a DSN, seen by the rewrite or by the guard */
	__u64 repaired; /* of those, the ones that the rewrite had missed and the guard had not */
	__u64 answered;	   /* of those, the ones that never got to vfio */
	__u64 refused;	   /* reads that cannot be made safe and were not let begin */
	__u64 unannounced; /* reads that the tracepoint guard was to see first and did not */
	__u64 wholes; /* whole reads under DSN_HOOK_PERMISSION; also counts `wholes` entries */
	__u64 wholes_passed; /* of those, the ones that got the real serial */
	__u64 kills; /* readers killed, for any enum dsn_reason; also counts `kills` entries */
	__u64 failed_writes; /* of those, for DSN_REASON_WRITE */
	__u64 unkillable;    /* of those, the ones that the kernel refused to kill */
	__u64 uncounted;     /* reads missing in `counters` for want of memory or room */
	__u64 counters;	     /* elements of `counters` that are in use */
};

enum dsn_reason {
	/* Why a reader was killed. */
	DSN_REASON_WRITE = 1, /* the rewrite could not be written to its buffer */
	DSN_REASON_PLACE =
		2, /* config space or the read's place in it could not be read */
	DSN_REASON_MISSED =
		3, /* missed by the rewrite, in a way that cannot be repaired */
	/* What became of a read under DSN_HOOK_PERMISSION, which cannot write. */
	DSN_REASON_UNANSWERED = 4, /* refused: not wholly in a serial, or not answered */
	DSN_REASON_WHOLE = 5,	   /* refused: it has all of config space */
	DSN_REASON_WHOLE_PASSED = 6, /* it has, and got it, the real serial included */
};

/*
 * A read to be told of by name. The maps `kills` and `wholes` each have the last
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

/* What became of a read. */
enum dsn_fate {
	DSN_FATE_ANSWERED = 0, /* as `policy` says */
	DSN_FATE_KILLED = 1,   /* its reader was, for `reason` */
	DSN_FATE_REFUSED = 2,  /* before it began */
};

/*
 * One read that reached a DSN, or was refused or ended its reader because it could have;
 * written to `events` while somebody listens. Each segment of a preadv is a read; under the
 * LSM guard one that was missed has no event of its own where another was not. A reader
 * that is killed for a read which was answered before has an event for both.
 */
struct dsn_event {
	__u64 ns;	    /* ns, CLOCK_BOOTTIME */
	__u64 cgroup;	    /* the reader's, an id of the cgroup v2 hierarchy */
	struct dsn_key key; /* the function that was read */
	__u32 pid;	    /* process id in the initial pid namespace */
	__u32 tid;	    /* thread id there */
	__u32 offset;	    /* in config space */
	__u32 length;	    /* bytes; 0 where it is not known which were read */
	__u8 fate;	    /* enum dsn_fate */
	__u8 policy;	    /* enum dsn_policy, for DSN_FATE_ANSWERED; else 0 */
	__u8 reason;	    /* enum dsn_reason; 0: answered, or refused by a guard */
	__u8 repaired;	    /* 1: the rewrite had missed it, the guard had not */
	__u32 reserved;	    /* 0 */
	char command[16];   /* the thread's name */
};

#define DSN_EVENTS_SIZE (512 * 1024) /* bytes of `events`: some 7000 of them */

/*
 * Who listens to `events`; one element, mapped into the listener. It puts until_ns off
 * again and again, so that one that was killed is soon no longer written to. From then on
 * its events are counted as lost, and after DSN_GIVE_UP_NS no longer: until_ns becomes 0.
 */
struct dsn_monitor {
	__u64 until_ns; /* CLOCK_BOOTTIME until which events are written; 0: nobody */
	__u64 lost; /* events that were not written, ever: the buffer full, or too late */
	__u32 pid;  /* of the last listener, in its pid namespace */
	__u32 reserved;
};

#define DSN_GIVE_UP_NS (60 * 1000000000ULL)

enum dsn_hook {
	DSN_HOOK_NONE = 0,
	DSN_HOOK_FEXIT = 1,
	DSN_HOOK_KPROBE = 2, /* a kprobe and kretprobe pair */
	/* fmod_ret on security_file_permission(), for kernels that allow no writing: reads
	   of a serial leave the reader's buffer as it was, what else has it is refused */
	DSN_HOOK_PERMISSION = 3,
};

/* What makes sure that no read goes out without the rewrite; see docs/guarantee.md. */
enum dsn_guard {
	DSN_GUARD_OFF = 0,
	DSN_GUARD_TRACEPOINT = 1, /* rpm_resume before and rpm_usage behind every read */
	DSN_GUARD_LSM = 2,	  /* file_permission before, task work behind */
	DSN_GUARD_REALTIME =
		3, /* the tracepoints, and file_permission to refuse io_uring */
	DSN_GUARD_REFUSE =
		4, /* with DSN_HOOK_PERMISSION: file_permission refuses what it missed */
};

/* What the operator has chosen, as bits. */
enum dsn_option {
	DSN_OPTION_ANSWER = 1, /* reads of a serial are answered before vfio is entered */
	DSN_OPTION_WHOLE = 2,  /* DSN_HOOK_PERMISSION lets whole reads through */
};

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

/* What the iterator of bpf/open.bpf.c writes for each such file. */
struct dsn_holder {
	struct dsn_opener opener;
	char command[16]; /* the process's name */
};

#define DSN_MAX_EARLY 4096

#define DSN_SYMBOL_LEN 32

/* What bpf/symbol.bpf.c is asked, and its answer. */
struct dsn_symbol {
	char name[DSN_SYMBOL_LEN]; /* ends in a NUL */
	__u64 address;		   /* 0: there is none, or it is hidden */
};

/* Calls of our programs that the kernel skipped (recursion_misses). */
struct dsn_missed {
	__u64 hook;
	__u64 guard;
};

/* What `load` did; one element. */
struct dsn_state {
	__u32 layout;	 /* DSN_LAYOUT; 0 until the first load has finished */
	__u32 hook;	 /* enum dsn_hook */
	__u32 guard;	 /* enum dsn_guard */
	__u32 options;	 /* enum dsn_option */
	__u64 loaded_ns; /* ns, CLOCK_BOOTTIME; names the load whose programs count */
	struct dsn_missed
		missed;	   /* by programs of former loads; theirs is in their info */
	__u64 unannounced; /* of dsn_totals at the end of load: reads then under way */
	char version[16];  /* of the dsnctl that loaded */
	char hook_reason[160];	/* why the hook is not fexit; empty where it is */
	char guard_reason[320]; /* why there is no guard; empty where there is */
};

/*
 * What is known of a device for as long as it is open: an element of dsn_sessions by its
 * address. Written and read without a lock, by any number of processors at once.
 */
struct dsn_session {
	/* struct vfio_pci_core_device's address << 7, and in the 10 bits that are then 0 the
	   place of its one DSN in dwords, or 0: there is none. One word, so never torn */
	__u64 tag;
	/* what the DSN shows under the rule in force, 0 for scrub; where its reads are
	   counted; and what those give together with the address and the rule set's id: where
	   it does not fit, they are not from one moment, and are not used */
	__u64 serial;
	__u64 counter; /* element of `counters` */
	__u64 seal;
};

#define DSN_SESSIONS 1024

/* The map `sessions`; in use where the hook is fexit and there is no guard. */
struct dsn_sessions {
	__u32 on; /* set by `load`, when all that sees sessions begin and end is in place */
	__u32 begun; /* one was seen to begin: the kernel's function is called, not copied */
	struct dsn_session of[DSN_SESSIONS];
};

#define DSN_MAX_RULES 262144 /* functions and the default */
#define DSN_MAX_DEVICES 8192

/* bpffs names: https://docs.kernel.org/bpf/ allows no dot in them. */
#define DSN_PIN_DIR "/sys/fs/bpf/dsnctl"
#define DSN_KEEP_DIR "/run/dsnctl" /* a bpffs with the same pins; see cli/pins.c */

_Static_assert(sizeof(struct dsn_key) == 8, "dsn_key has no padding");
_Static_assert(sizeof(struct dsn_rule) == 16, "dsn_rule has no padding");
_Static_assert(sizeof(struct dsn_device) == 56, "dsn_device has no padding");
_Static_assert(sizeof(struct dsn_session) == 32, "dsn_session has no padding");
_Static_assert(sizeof(struct dsn_totals) == 96, "dsn_totals has no padding");
_Static_assert(sizeof(struct dsn_incident) == 40, "dsn_incident has no padding");
_Static_assert(sizeof(struct dsn_opener) == 24, "dsn_opener has no padding");
_Static_assert(sizeof(struct dsn_holder) == 40, "dsn_holder has no padding");
_Static_assert(sizeof(struct dsn_symbol) == 40, "dsn_symbol has no padding");
_Static_assert(sizeof(struct dsn_event) == 64, "dsn_event has no padding");
_Static_assert(sizeof(struct dsn_monitor) == 24, "dsn_monitor has no padding");
_Static_assert(sizeof(struct dsn_state) == 544, "dsn_state has no padding");

#endif
