/* SPDX-License-Identifier: GPL-2.0 */
/* The maps of the BPF object; dsn_contract.h says what stands in them. */
#ifndef DSN_MAPS_BPF_H
#define DSN_MAPS_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include <bpf/bpf_helpers.h>

/* The hook and the guard that are loaded with this object. */
const volatile enum dsn_hook hook;
const volatile enum dsn_guard guard;

/*
 * A set of rules is never changed once it is in force: the command line fills a new
 * one and puts it into `rulesets`, so that a read sees one whole set or the other, and
 * never the element of a rule that was freed and used again for another function.
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
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DSN_MAX_DEVICES);
	__type(key, struct dsn_key);
	__type(value, __u32); /* element of `counters` */
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DSN_MAX_DEVICES);
	__type(key, __u32);
	__type(value, struct dsn_device);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DSN_INCIDENTS);
	__type(key, __u32);
	__type(value, struct dsn_incident);
} kills SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DSN_INCIDENTS);
	__type(key, __u32);
	__type(value, struct dsn_incident);
} wholes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, DSN_EVENTS_SIZE);
} events SEC(".maps");

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
 * Maps of one element as well, but the programs get at it without a lookup. They are pinned
 * by the name behind `.data.`, and shared by the programs of all loads.
 */
struct dsn_totals totals SEC(".data.totals");
struct dsn_monitor monitor SEC(".data.monitor");
struct dsn_sessions sessions SEC(".data.sessions");

static const __u32 first_element;

/* The element of a map that has one, or NULL. */
#define only_element(map) bpf_map_lookup_elem(&(map), &first_element)

#endif
