# What goes wrong, and what is said then: each cause has its own message and status.
# boot: --append lockdown=integrity
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
bind_vfio $bdf
expect_status 4 "locked down: exit status" dsnctl load
expect_output "locked down: the message" "Secure Boot.*bpf_probe_write_user" \
	sh -c "dsnctl load 2>&1; true"
expect_status 3 "locked down: status" dsnctl status
expect_output "a guest still works" "^52-54-00-ff-ff-12-34-56$" vfio_read $bdf serial
finish
