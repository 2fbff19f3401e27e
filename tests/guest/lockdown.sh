# What goes wrong, and what is said then: each cause has its own message and status.
# boot: --append lockdown=integrity
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
bind_vfio $bdf
expect_status 4 "locked down: check" dsnctl check
expect_output "locked down: check tells why" \
	"lockdown is 'integrity', which Secure Boot sets: the kernel then refuses bpf_probe_write_user" \
	sh -c "dsnctl check 2>&1; true"
expect_output "locked down: the row" "^lockdown +limited +integrity" \
	sh -c "dsnctl check 2>/dev/null; true"
expect_output "locked down: JSON" "^not protected$" \
	sh -c "dsnctl check -j 2>/dev/null | json_get guarantee"
expect_status 4 "locked down: exit status" dsnctl load
expect_output "locked down: the message" "Secure Boot.*bpf_probe_write_user" \
	sh -c "dsnctl load 2>&1; true"
expect_status 3 "locked down: status" dsnctl status
expect_status 3 "locked down: verify" dsnctl verify
expect_output "locked down: metrics" "^dsnctl_loaded 0$" dsnctl metrics
echo confidentiality >/sys/kernel/security/lockdown
expect_status 4 "confidentiality: check" dsnctl check
expect_output "confidentiality: the row" "^lockdown +limited +confidentiality" \
	sh -c "dsnctl check 2>/dev/null; true"
expect_status 4 "confidentiality: load" dsnctl load
expect_output "a guest still works" "^52-54-00-ff-ff-12-34-56$" vfio_read $bdf serial
finish
