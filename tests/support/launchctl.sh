#!/bin/sh
# A stand-in for launchctl where there is no macOS, with the semantics that scripts trip over: `bootout` returns before
# the job has ended, `bootstrap` of a label that is loaded, or was a moment ago, fails with 5, `disable` outlives the
# job. LAUNCHD is its folder, NODE the runtime; a file `no-session` there takes the login session away. What launchd
# itself does for a job is in launchd-job.ts.
verb=$1
signal=USR1
[ "$2" = -k ] && signal=USR2 && shift
target=$2
label=${target##*/}
fail() { echo "$2" >&2; exit "$1"; }
# Empty once the job has ended, which it may do at any moment.
keeper() { sed -n 's/^\tkeeper = //p' "$LAUNCHD/$label.print" 2>/dev/null; }

case $verb in
  print)
    case $target in
      gui/*/*) ;;
      gui/*) [ ! -e "$LAUNCHD/no-session" ] || fail 113 "Could not find domain for"; exit 0 ;;
    esac
    cat "$LAUNCHD/$label.print" 2>/dev/null || fail 113 "Could not find service \"$label\" in domain" ;;
  bootstrap)
    case $target in
      gui/*) [ ! -e "$LAUNCHD/no-session" ] || fail 125 "Bootstrap failed: 125: Domain does not support specified action" ;;
    esac
    exec "$NODE" "$(dirname "$0")/launchd-job.ts" bootstrap "$3" ;;
  bootout)
    pid=$(keeper)
    [ -n "$pid" ] || fail 3 "Boot-out failed: 3: No such process"
    kill -TERM "$pid"
    fail 36 "Boot-out failed: 36: Operation now in progress" ;;
  kickstart)
    pid=$(keeper)
    [ -n "$pid" ] || fail 113 "Could not find service \"$label\" in domain"
    kill -$signal "$pid" ;;
  enable) rm -f "$LAUNCHD/$label.disabled" ;;
  disable) mkdir -p "$LAUNCHD" && : >"$LAUNCHD/$label.disabled" ;;
  *) fail 64 "Unrecognized subcommand: $verb" ;;
esac
