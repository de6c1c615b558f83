/**
 * Lines for bash, after those that started the server as `$server`. A server whose connection to Redis breaks looks at the
 * queue no more, waits for its running steps, which may take hours, and ends (1.43.0, `scan.go`); until then it answers
 * events, of which it forgets the last seconds' (56 of 600 with one step of eight seconds, measured). So `holdBack`,
 * which keeps events from it, is run when a connection to `address` (`host:port`) ends that says nothing, and it is killed
 * when it has not ended within `graceSeconds`. Not for a Redis that closes such connections. The watch is `$watch`.
 */
export function queueWatch(address: string, holdBack: string[], graceSeconds: number): string[] {
  return [
    "watch() {",
    "  # Where it has too many clients it says so.",
    `  while exec 3<>/dev/tcp/${address.replace(":", "/")} && read -r -u 3; do sleep 1; done 2>/dev/null`,
    ...holdBack.map((line) => `  ${line}`),
    `  sleep ${graceSeconds}`,
    '  kill -KILL "$server"',
    "}",
    "watch & watch=$!",
  ];
}

/** Lines that end the script with the server's own status. */
export const untilServerEnds = [
  "status=0",
  'wait "$server" || status=$?',
  "# A signal ends the wait and not the server.",
  'while kill -0 "$server" 2>/dev/null; do wait "$server" || status=$?; done',
  'exit "$status"',
];
