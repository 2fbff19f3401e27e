# Stopped processes are repaired and go on: by the service, over unload and load, and by hand.
# boot: --cpus 2
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

object=/usr/sbin/stop_self.bpf.o

is_stopped() { grep -qs '^State:.*(stopped)' "/proc/$1/status"; }

expect_status 3 "repair, not loaded, exits with 3" dsnctl repair
expect_status 3 "repair of one process, not loaded, exits with 3" dsnctl repair 1

dsnctl repair --follow >/run/repaired 2>/run/said &
service=$!
sleep 1
expect "load succeeds after the service has started" dsnctl load
sleep 2
expect "the service repairs one thread" stop_self $object 1 40
expect "the service repairs eight threads of a process" stop_self $object 8 40
expect "unload succeeds while the service runs" dsnctl unload
sleep 2
expect "load succeeds while the service runs" dsnctl load
sleep 4
expect "the service repairs with the maps of the second load" stop_self $object 2 10
expect "the service ends when it is asked to" sh -c "kill $service"
wait $service
expect_output "the service has printed repairs" \
	"^process [0-9]+ \(stop_self\): [0-9]+ bytes? for reads of 0000:01:00.0, stopped for" \
	cat /run/repaired
expect_output "the service has said nothing else" "^0$" sh -c "wc -l </run/said"

expect_output "with nothing stopped, repair says so" "^no process is stopped$" \
	dsnctl repair
expect_status 2 "repair of something else than a pid is wrong usage" dsnctl repair qemu

stop_self $object 1 1 >/run/result &
stopped=$!
expect "without the service a process stays stopped" within 30 is_stopped $stopped
expect_output "repair of another pid leaves it stopped" "no process" dsnctl repair 1
expect "a process stays stopped after repair of another pid" is_stopped $stopped
expect_status 1 "status exits with 1 while a process is stopped" dsnctl status
expect_status 1 "unload is refused while a process is stopped" dsnctl unload
expect_status 1 "unload --force is refused while a process is stopped" dsnctl unload --force
expect_output "repair -j of a pid reports the process and its functions" \
	"\"pid\":$stopped,\"process\":\"stop_self\",\"outcome\":\"repaired\",\"functions\":\[\"0000:01:00.0\"\]" \
	dsnctl repair -j $stopped
wait $stopped
expect_output "the memory of a process that was repaired by pid is right" \
	"^good 1 wrong 0 failed 0$" cat /run/result

stop_self $object 1 1 &
stopped=$!
within 30 is_stopped $stopped
kill -9 $stopped
within 30 has_ended $stopped
expect_output "a process that was killed meanwhile is given up" "process $stopped .* has ended" \
	dsnctl repair
expect_output "a process that was killed while stopped is forgotten" \
	"^no process is stopped$" dsnctl repair
finish
