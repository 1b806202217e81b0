/** The command that publishes a first event, ready for this server and application. */
export function publishCommand(appId: string, mode: string): string {
  const key = mode === "live" ? "sk_live_…" : "sk_test_…";
  return `export AMPS_KEY=${key}
curl -X POST ${location.origin}/api/v1/app/${appId}/msg \\
  -H "Authorization: Bearer $AMPS_KEY" -H 'content-type: application/json' \\
  -d '{"eventType":"push.completed","payload":{"hello":"world"}}'`;
}
