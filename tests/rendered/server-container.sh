set -eu
draining=/run/drain/draining stopping=/run/drain/stopping
touch "$draining"
find /data -type f ! -user "$(id -u)" | while read -r file; do
  cp "$file" "$file.own" && mv -f "$file.own" "$file"
done
cd /data
if ! test -e main.db; then
  echo U1FMaXRlIGZvcm1hdCAzABAAAgIAQCAgAAAAAQAAAAEAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAEAAAABAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAC5jAA0AAAAAEA== | base64 -d > main.db.new
  truncate -s 4096 main.db.new
  mv main.db.new main.db
fi
inngest start --config /run/secrets/inngest.json & server=$!
{ until inngest alpha doctor healthcheck; do sleep 0.2; done
  sleep 0.2; rm -f "$draining" "$stopping"; } >/dev/null 2>&1 & healthy=$!
watch() {
  # A Redis with too many clients sends an error first.
  while exec 3<>/dev/tcp/inngest-dev-queue/6379 && read -r -u 3; do sleep 1; done 2>/dev/null
  kill "$healthy" 2>/dev/null || true
  touch "$draining" "$stopping"
  sleep 60
  kill -KILL "$server"
}
watch & watch=$!
stop() {
  kill "$healthy" $watch 2>/dev/null || true
  touch "$draining"
  sleep 1.2
  rounds=0
  while touch "$stopping"
    sleep 0.5
    [ "$rounds" -lt 24 ] && [ -n "$(find main.db-wal -newer "$stopping")" ]
  do rounds=$((rounds + 1)); done
  kill -TERM "$server" || true
}
trap stop TERM INT
status=0
wait "$server" || status=$?
# A signal ends the wait, not the server.
while kill -0 "$server" 2>/dev/null; do wait "$server" || status=$?; done
exit "$status"
