# Locked down so that no BPF program may read kernel memory: said, and nothing is loaded.
# boot: --append lockdown=confidentiality
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
expect_status 4 "check exits with 4 under confidentiality" dsnctl check
expect_output "check says that no BPF program may read kernel memory" \
	"under this lockdown no BPF program may read kernel memory" \
	sh -c "dsnctl check 2>&1; true"
expect_output "check has a row lockdown: limited, confidentiality" \
	"^lockdown +limited +confidentiality" sh -c "dsnctl check 2>/dev/null; true"
expect_output "check -j says not protected" "^not protected$" \
	sh -c "dsnctl check -j 2>/dev/null | json_get guarantee"
expect_status 4 "load exits with 4 under confidentiality" dsnctl load
expect_output "load names the kernel lockdown as the cause" "kernel lockdown is 'confidentiality'" \
	sh -c "dsnctl load 2>&1; true"
expect_status 3 "status exits with 3, as nothing is loaded" dsnctl status
expect_status 3 "verify exits with 3, as nothing is loaded" dsnctl verify
expect_output "metrics report that nothing is loaded" "^dsnctl_loaded 0$" dsnctl metrics
expect_output "a reader without protection still gets its serial" "^$real$" vfio_read $bdf serial
finish
