/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was found out about a device, kept for as long as it is open. Used where no guard is
 * needed, as no program is ever skipped there; docs/guarantee.md says why it is never that
 * of another session.
 */
#ifndef DSN_SESSION_BPF_H
#define DSN_SESSION_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "maps.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* There is no guard, and there are casts: programs need not ask for either. */
const volatile bool is_quick;

#define GOLDEN 0x9e3779b97f4a7c15ULL

static __always_inline struct dsn_session *session_of(__u64 vdev)
{
	_Static_assert(DSN_SESSIONS == 1 << 10, "as many as the shift leaves");
	return &sessions.of[vdev * GOLDEN >> 54];
}

/* A device's address but for its upper bits, all of them set: room for a place's 10 bits. */
#define session_tag(vdev) ((vdev) << 7)
#define PLACES (1 << 10)

_Static_assert(DSN_CFG_END / 4 == PLACES, "a place is a dword of config space");

/* What ties the parts of a session that are read one by one to each other. */
static __always_inline __u64 session_seal(__u64 vdev, __u64 serial, __u32 set,
					  __u32 counter)
{
	return serial ^
	       (vdev * GOLDEN + ((__u64)set << 32 | counter) * 0xd6e8feb86659fd93ULL);
}

/* Devices are larger than this, so no two of them have the same address without. */
#define session_address(vdev) ((vdev) & ~0xffULL)

/*
 * That of a hook's first argument. To the verifier it is a pointer, which it lets nobody
 * count with until some of it has been written over.
 */
static __always_inline __u64 address_of(__u64 *ctx)
{
	volatile __u64 address = ctx[0];

	*(volatile __u8 *)&address = 0; /* the lowest: little-endian */
	return address;
}

/* The place of the session's DSN, or 0: it has none; from PLACES on, nothing is known. */
static __always_inline __u64 session_place(const struct dsn_session *session, __u64 vdev)
{
	return session->tag ^ session_tag(vdev);
}

/* What the session's DSN shows, and where its reads are counted. */
struct kept_rule {
	__u64 serial;
	__u32 counter;
};

/* Whether the session keeps the rule that is in force. */
static __always_inline bool session_rule(const struct dsn_session *session, __u64 vdev,
					 struct kept_rule *rule)
{
	struct bpf_map *set = only_element(rulesets);

	if (!set)
		return false;
	rule->serial = session->serial;
	rule->counter = session->counter;
	return session->seal == session_seal(vdev, rule->serial, set->id, rule->counter);
}

/* `cap`: the chain's one DSN, or 0 where it has none. */
static __always_inline void session_keep(__u64 vdev, __u32 cap)
{
	session_of(vdev)->tag = session_tag(vdev) | cap / 4;
}

/* The chain's one DSN is under a rule of set number `set` that shows `serial`. */
static __always_inline void session_keep_rule(__u64 vdev, __u64 serial, __u32 set,
					      __u32 counter)
{
	struct dsn_session *session = session_of(vdev);

	session->serial = serial;
	session->counter = counter;
	session->seal = session_seal(vdev, serial, set, counter);
}

static __always_inline void session_drop(__u64 vdev)
{
	struct dsn_session *session = session_of(vdev);

	session->tag = 0;
	session->seal = 0;
}

/*
 * Every session of a device begins with this call, before anybody can read. It is known
 * to be seen once it has been: a function that the compiler has copied into its caller
 * never is.
 */
SEC("fentry/vfio_config_init")
int BPF_PROG(dsn_begin, struct vfio_pci_core_device *vdev)
{
	session_drop(address_of(ctx));
	sessions.begun = 1;
	return 0;
}

/* And ends with this one, when nobody can read any more: the address may be another's then. */
SEC("fentry/vfio_config_free")
int BPF_PROG(dsn_end, struct vfio_pci_core_device *vdev)
{
	session_drop(address_of(ctx));
	return 0;
}

/* Writes of the switch that this load's programs have seen. */
__u64 switches;

/*
 * While kernel.ftrace_enabled is 0 no program of this kind runs, and sessions begin
 * unseen: once it has been written, nothing is kept until the next load.
 */
SEC("fentry/proc_dointvec")
int BPF_PROG(dsn_switched, struct ctl_table *table, int write)
{
	__u64 name = 0;

	if (!write)
		return 0;
	bpf_probe_read_kernel(&name, sizeof(name), table->procname);
	if (name == *(const __u64 *)"ftrace_enabled") {
		__sync_fetch_and_add(&switches, 1);
		sessions.on = 0;
	}
	return 0;
}

#endif
