/* SPDX-License-Identifier: GPL-2.0 */
/* The maps of the BPF object, and what `load` configures; dsn_contract.h defines the values. */
#ifndef DSN_MAPS_BPF_H
#define DSN_MAPS_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include <bpf/bpf_helpers.h>

/* The layers that are loaded with this object, and what runs beside them. */
const volatile enum dsn_hook hook;
const volatile enum dsn_check check;
const volatile __u32 options; /* enum dsn_option */

/* dsn_state.loaded_ns of this load. */
const volatile __u64 load_id;

/* A real-time kernel: a signal sent with preemption off is delivered late. */
const volatile bool is_realtime;

/* Writing to a ring buffer may sleep, so a program with preemption off must not. */
const volatile bool ring_sleeps;

/*
 * A set of rules in force never changes: the command line fills a new set and puts it into
 * `rulesets`. So a read sees one whole set or the other, and never the element of a rule
 * that was freed and used again for another function.
 */
struct ruleset {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct dsn_key);
	__type(value, struct dsn_rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ruleset);
} rulesets SEC(".maps") = {
	.values = { &rules },
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DSN_MAX_DEVICES);
	__type(key, __u32);
	__type(value, struct dsn_device);
} counters SEC(".maps");

struct incidents {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DSN_INCIDENTS);
	__type(key, __u32);
	__type(value, struct dsn_incident);
} kills SEC(".maps"), wholes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DSN_MAX_VMMS);
	__type(key, struct dsn_executable);
	__type(value, struct dsn_vmm);
} vmms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, DSN_EVENTS_SIZE);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, DSN_WAKEUPS_SIZE);
} wakeups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dsn_state);
} state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DSN_MAX_EARLY);
	__type(key, struct dsn_opener);
	__type(value, __u32); /* 1 */
} early SEC(".maps");

/*
 * Maps of one element, which programs reach without a lookup. They are pinned by the name
 * after `.data.`, and shared by the programs of all loads.
 */
struct dsn_totals totals SEC(".data.totals");
struct dsn_monitor monitor SEC(".data.monitor");
struct dsn_repairs repairs SEC(".data.repairs");

static const __u32 first_element;

/* The element of a map that has one, or NULL. */
#define only_element(map) bpf_map_lookup_elem(&(map), &first_element)

#endif
