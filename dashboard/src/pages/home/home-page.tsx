/** The first page: how to send the first event. */
import type { ReactNode } from "react";
import { useAppId } from "../../router/place.ts";
import { Card } from "../../ui/card.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { Page } from "../../ui/page.tsx";

function curlFor(appId: string): string {
  return `curl -X POST ${location.origin}/api/v1/app/${appId}/msg \\
  -H "Authorization: Bearer $AMPS_KEY" -H 'content-type: application/json' \\
  -d '{"eventType":"push.completed","payload":{"hello":"world"}}'`;
}

export function HomePage(): ReactNode {
  const appId = useAppId();
  return (
    <Page title="Overview">
      <Card title="Send an event" description="It goes to every endpoint that takes its type.">
        <CodeBlock text={curlFor(appId)} label="the command" />
      </Card>
    </Page>
  );
}
