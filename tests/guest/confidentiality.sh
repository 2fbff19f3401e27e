# Locked down so that no BPF program may read kernel memory: said, and nothing is loaded.
# boot: --append lockdown=confidentiality
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
expect_status 4 "check" dsnctl check
expect_output "check tells why" "under this lockdown no BPF program may read kernel memory" \
	sh -c "dsnctl check 2>&1; true"
expect_output "the row" "^lockdown +limited +confidentiality" sh -c "dsnctl check 2>/dev/null; true"
expect_output "JSON" "^not protected$" \
	sh -c "dsnctl check -j 2>/dev/null | json_get guarantee"
expect_status 4 "load" dsnctl load
expect_output "load tells why" "kernel lockdown is 'confidentiality'" sh -c "dsnctl load 2>&1; true"
expect_status 3 "status" dsnctl status
expect_status 3 "verify" dsnctl verify
expect_output "metrics" "^dsnctl_loaded 0$" dsnctl metrics
expect_output "a guest still works" "^$real$" vfio_read $bdf serial
finish
