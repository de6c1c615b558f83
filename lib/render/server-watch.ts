/**
 * Lines of bash that watch Redis through an idle connection; they follow those that start the server as `$server`. A
 * server that loses Redis stops reading the queue, waits for its running steps, which may take hours, and ends. Until
 * then it accepts events that it loses: docs/gotchas.md. So when the idle connection ends, the lines `holdBack` keep
 * events from it, and it is killed if it has not ended within `graceSeconds`. Not for a Redis that closes idle
 * connections. The watch itself is `$watch`.
 *
 * @param address `host:port` of Redis
 */
export function queueWatch(address: string, holdBack: string[], graceSeconds: number): string[] {
  return [
    "watch() {",
    "  # A Redis with too many clients sends an error first.",
    `  while exec 3<>/dev/tcp/${address.replace(":", "/")} && read -r -u 3; do sleep 1; done 2>/dev/null`,
    ...holdBack.map((line) => `  ${line}`),
    `  sleep ${graceSeconds}`,
    '  kill -KILL "$server"',
    "}",
    "watch & watch=$!",
  ];
}

/** Lines of bash that end the script with the server's exit status. */
export const untilServerEnds = [
  "status=0",
  'wait "$server" || status=$?',
  "# A signal ends the wait, not the server.",
  'while kill -0 "$server" 2>/dev/null; do wait "$server" || status=$?; done',
  'exit "$status"',
];
