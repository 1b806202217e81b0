/** Which endpoints take an event type; from here an example can be sent to one. */
import { type ReactNode, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { isPortal } from "../../api/caller.ts";
import type { EndpointOut, EventTypeOut } from "../../api/generated/paths.ts";
import { EndpointHealthBadge } from "../../components/endpoint-health.tsx";
import { exampleOf } from "../../components/event-catalogue.ts";
import { EndpointName } from "../../components/endpoint-name.tsx";
import { useAppId } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { statisticsQuery } from "../endpoints/endpoint-queries.ts";
import { SendExample } from "../endpoints/send-example.tsx";
import { allEndpointsQuery, listensTo } from "./event-type-queries.ts";

interface ListenerProps {
  endpoint: EndpointOut;
  name: string;
  /** Undefined: there is nothing to send, or nobody who may. */
  onSend: (() => void) | undefined;
}

function Listener({ endpoint, name, onSend }: ListenerProps): ReactNode {
  const { data } = useQuery(statisticsQuery(useAppId(), endpoint.id, "day"));
  const chosen = endpoint.eventTypes?.includes(name) ?? false;
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 py-2.5">
      <Link
        to="/endpoints/$endpointId"
        params={{ endpointId: endpoint.id }}
        className="min-w-0 flex-1 text-sm hover:text-accent"
      >
        <EndpointName endpoint={endpoint} />
      </Link>
      <span className="text-xs text-faint">{chosen ? "chose it" : "takes every type"}</span>
      <EndpointHealthBadge endpoint={endpoint} statistics={data} />
      {onSend !== undefined && (
        <Button
          size="small"
          icon={<Send className="size-3.5" aria-hidden />}
          disabled={endpoint.disabled}
          onClick={onSend}
        >
          Send example
        </Button>
      )}
    </li>
  );
}

export function ListenersCard({ eventType }: { eventType: EventTypeOut }): ReactNode {
  const { data, error } = useQuery(allEndpointsQuery(useAppId()));
  const [sendingTo, setSendingTo] = useState<EndpointOut>();
  const listeners = data?.filter((endpoint) => listensTo(endpoint, eventType.name));
  const isSendable = !isPortal && exampleOf(eventType) !== undefined;
  return (
    <Card title="Who listens" description="The endpoints of this application that take it.">
      {listeners === undefined && error === null && <Skeleton className="h-12" />}
      {error !== null && data === undefined && (
        <p className="text-sm text-bad">The endpoints could not be read.</p>
      )}
      {listeners?.length === 0 && (
        <p className="text-sm text-muted">
          Nobody. What is published of this type is kept, and sent to nobody.{" "}
          <Link to="/endpoints" className="text-accent underline hover:text-accent-hover">
            Look at the endpoints
          </Link>
        </p>
      )}
      {listeners !== undefined && listeners.length > 0 && (
        <ul className="-my-2.5 divide-y divide-line">
          {listeners.map((endpoint) => (
            <Listener
              key={endpoint.id}
              endpoint={endpoint}
              name={eventType.name}
              onSend={isSendable ? () => setSendingTo(endpoint) : undefined}
            />
          ))}
        </ul>
      )}
      {sendingTo !== undefined && (
        <SendExample
          endpoint={sendingTo}
          eventType={eventType.name}
          onClose={() => setSendingTo(undefined)}
        />
      )}
    </Card>
  );
}
