/** One message: where it went, what was sent, what came back, what comes next. */
import type { ReactNode } from "react";
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { RotateCw, Unplug } from "lucide-react";
import { inWords } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import type { MessageAttemptOut, MessageOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { useLive, useRefetchInterval } from "../../api/live.ts";
import { useShortcuts } from "../../lib/shortcuts.ts";
import { toast } from "../../lib/toasts.ts";
import { useAppId } from "../../router/place.ts";
import { BackLabel } from "../../ui/back-label.tsx";
import { BodyView } from "../../ui/body-view.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { CopyButton, CopyId } from "../../ui/copy-button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Page } from "../../ui/page.tsx";
import { TabPanel, Tabs } from "../../ui/tabs.tsx";
import { RequestTab, ResponseTab } from "./attempt-tabs.tsx";
import { deliveriesOf, type Delivery, DeliveryList } from "./delivery-list.tsx";
import { MessageFacts } from "./message-facts.tsx";
import { attemptsQuery, destinationsQuery, messageQuery, payloadQuery } from "./message-queries.ts";
import type { MessageSearch } from "./message-search.ts";
import { Timeline } from "./timeline.tsx";

const route = getRouteApi("/shell/messages/$messageId");

function useResend(messageId: string) {
  const appId = useAppId();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (endpointId: string) =>
      api.post("/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend", {
        path: { app_id: appId, msg_id: messageId, endpoint_id: endpointId },
      }),
    onSuccess: () =>
      toast({ tone: "good", title: "Sent again", detail: "The attempt shows here." }),
    onError: (error) => toast({ tone: "bad", ...inWords(error) }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.message(appId, messageId) }),
  });
}

/** Deliveries and attempts, kept up to date. */
function useDeliveries(messageId: string): { deliveries: Delivery[]; isPartial: boolean } {
  const appId = useAppId();
  const queries = useQueryClient();
  const interval = useRefetchInterval();
  const refetchInterval = interval;
  const { data: endpoints } = useSuspenseQuery({
    ...destinationsQuery(appId, messageId),
    refetchInterval,
  });
  const { data: attempts } = useSuspenseQuery({
    ...attemptsQuery(appId, messageId),
    refetchInterval,
  });
  useLive(({ topic, data }) => {
    const own = topic === "attempt" && data["msgId"] === messageId;
    if (!own && topic !== "endpoint") return;
    void queries.invalidateQueries({ queryKey: destinationsQuery(appId, messageId).queryKey });
    void queries.invalidateQueries({ queryKey: attemptsQuery(appId, messageId).queryKey });
  });
  return {
    deliveries: deliveriesOf(endpoints.data, attempts.data),
    isPartial: !endpoints.done || !attempts.done,
  };
}

function AttemptCard({
  attempt,
  tab,
  onTab,
}: {
  attempt: MessageAttemptOut;
  tab: "request" | "response";
  onTab: (tab: "request" | "response") => void;
}): ReactNode {
  return (
    <section
      aria-label="Attempt"
      className="min-w-0 rounded-xl border border-line bg-surface p-5 shadow-card"
    >
      <div className="mb-3 flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <p className="min-w-0 truncate font-mono text-xs text-muted" title={attempt.url}>
          POST {attempt.url}
        </p>
        <CopyId id={attempt.id} />
      </div>
      <Tabs
        label="Attempt"
        value={tab}
        onChange={onTab}
        tabs={[
          { value: "response", label: "Response" },
          { value: "request", label: "Request" },
        ]}
      >
        <TabPanel value="response">
          <ResponseTab attempt={attempt} />
        </TabPanel>
        <TabPanel value="request">
          <RequestTab attempt={attempt} />
        </TabPanel>
      </Tabs>
    </section>
  );
}

function PayloadCard({ payload }: { payload: string | null | undefined }): ReactNode {
  if (typeof payload !== "string") return null;
  return (
    <Card title="What will be sent">
      <BodyView text={payload} label="the payload" />
    </Card>
  );
}

function NoDelivery({
  message,
  payload,
}: {
  message: MessageOut;
  payload: string | null | undefined;
}): ReactNode {
  return (
    <>
      <EmptyState icon={Unplug} title="It went to no endpoint">
        When it was published, no endpoint took events of the type{" "}
        <span className="font-mono">{message.eventType}</span> on its channels. An endpoint that
        takes them now gets it by “Replay missing”.
      </EmptyState>
      <PayloadCard payload={payload} />
    </>
  );
}

interface DeliveryCardProps {
  delivery: Delivery;
  createdAt: string;
  attemptId: string | undefined;
  onChoose: (attemptId: string) => void;
  /** Undefined: it cannot be sent. */
  onResend: (() => void) | undefined;
  busy: boolean;
}

function DeliveryCard({ delivery, onResend, busy, ...timeline }: DeliveryCardProps): ReactNode {
  const { endpoint } = delivery;
  return (
    <Card
      title="Attempts"
      description={
        <Link
          to="/endpoints/$endpointId"
          params={{ endpointId: endpoint.id }}
          className="text-xs hover:text-ink hover:underline"
        >
          Open the endpoint
        </Link>
      }
      actions={
        <Button
          size="small"
          busy={busy}
          disabled={onResend === undefined}
          title={
            onResend === undefined ? "The endpoint is disabled, or the payload is removed." : ""
          }
          icon={<RotateCw className="size-3.5" aria-hidden />}
          onClick={onResend}
        >
          Resend
        </Button>
      }
    >
      <Timeline delivery={delivery} {...timeline} />
    </Card>
  );
}

interface DeliveriesProps {
  message: MessageOut;
  deliveries: readonly Delivery[];
  payload: string | null | undefined;
}

function Deliveries({ message, deliveries, payload }: DeliveriesProps): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/messages/$messageId" });
  const show = (changes: MessageSearch): void =>
    void navigate({
      search: (kept) => ({ ...kept, ...changes }),
      replace: true,
      resetScroll: false,
    });
  const chosen =
    deliveries.find(({ endpoint }) => endpoint.id === search.endpoint) ?? deliveries[0];
  const attempt = chosen?.attempts.find(({ id }) => id === search.attempt) ?? chosen?.attempts[0];
  const resend = useResend(message.id);
  const canResend = chosen !== undefined && !chosen.endpoint.disabled && payload !== null;
  const sendAgain = (): void => {
    if (!canResend || resend.isPending) return;
    show({ attempt: undefined });
    resend.mutate(chosen.endpoint.id);
  };
  const go = (by: 1 | -1): void => {
    if (chosen === undefined) return;
    const to = chosen.attempts[chosen.attempts.findIndex((one) => one === attempt) + by];
    if (to !== undefined) show({ attempt: to.id });
  };
  const group = "Message";
  useShortcuts([
    { keys: "r", label: "Resend to this endpoint", group, run: sendAgain },
    { keys: "j", label: "Earlier attempt", group, run: () => go(1) },
    { keys: "k", label: "Later attempt", group, run: () => go(-1) },
  ]);
  if (chosen === undefined) return null;
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,23rem)_minmax(0,1fr)]">
      <div className="flex min-w-0 flex-col gap-5">
        <DeliveryList
          deliveries={deliveries}
          chosen={chosen}
          onChoose={(endpoint) => show({ endpoint, attempt: undefined })}
        />
        <DeliveryCard
          delivery={chosen}
          createdAt={message.timestamp}
          attemptId={attempt?.id}
          onChoose={(id) => show({ attempt: id })}
          onResend={canResend ? sendAgain : undefined}
          busy={resend.isPending}
        />
      </div>
      {attempt === undefined ? (
        <PayloadCard payload={payload} />
      ) : (
        <AttemptCard
          key={attempt.id}
          attempt={attempt}
          tab={search.tab ?? "response"}
          onTab={(tab) => show({ tab: tab === "response" ? undefined : tab })}
        />
      )}
    </div>
  );
}

export function MessagePage(): ReactNode {
  const { messageId } = route.useParams();
  const appId = useAppId();
  const { data: message } = useSuspenseQuery(messageQuery(appId, messageId));
  // An event's id leads here too; from here on it is the message's own.
  const { deliveries, isPartial } = useDeliveries(message.id);
  const { data: payload } = useQuery(payloadQuery(appId, message.id));
  return (
    <Page
      title={message.eventType}
      heading={<span className="font-mono text-lg break-all">{message.eventType}</span>}
      back={
        <Link to="/log">
          <BackLabel>Delivery log</BackLabel>
        </Link>
      }
      actions={typeof payload === "string" && <CopyButton text={payload} label="Copy payload" />}
    >
      <MessageFacts message={message} payload={payload} />
      {deliveries.length === 0 ? (
        <NoDelivery message={message} payload={payload} />
      ) : (
        <Deliveries message={message} deliveries={deliveries} payload={payload} />
      )}
      {isPartial && (
        <p className="text-xs text-faint">
          Only the newest 250 attempts and 250 endpoints show here.
        </p>
      )}
    </Page>
  );
}
