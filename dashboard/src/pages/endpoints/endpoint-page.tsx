/** One endpoint: how it does, what was sent, how to verify it, its settings. */
import { type ReactNode, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { isPortal, may } from "../../api/caller.ts";
import { keys } from "../../api/keys.ts";
import { useRefetchInterval } from "../../api/live.ts";
import { useLiveRefresh } from "../../api/live-refresh.ts";
import type { EndpointOut } from "../../api/generated/paths.ts";
import { EndpointHealthBadge } from "../../components/endpoint-health.tsx";
import { endpointName } from "../../components/endpoint-name.tsx";
import { useShortcuts } from "../../lib/shortcuts.ts";
import { useAppId } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { CopyIconButton } from "../../ui/copy-button.tsx";
import { Page } from "../../ui/page.tsx";
import { BackToEndpoints } from "./back-to-endpoints.tsx";
import { Skeleton, SkeletonRows } from "../../ui/skeleton.tsx";
import { TabPanel, Tabs } from "../../ui/tabs.tsx";
import { DeliveriesTab } from "./deliveries-tab.tsx";
import { useNotDeleting } from "./endpoint-deletion.ts";
import { endpointQuery, statisticsQuery } from "./endpoint-queries.ts";
import { ENDPOINT_TABS, type EndpointTab } from "./endpoint-search.ts";
import { EndpointStateActions, EndpointStateNotice } from "./endpoint-state.tsx";
import { OverviewTab } from "./overview-tab.tsx";
import { SendExample } from "./send-example.tsx";
import { SettingsTab } from "./settings-tab.tsx";
import { SigningTab } from "./signing-tab.tsx";

const route = getRouteApi("/shell/endpoints/$endpointId");

const TAB_LABELS: Record<EndpointTab, string> = {
  overview: "Overview",
  deliveries: "Deliveries",
  signing: "Signing secret",
  settings: "Settings",
};

/** Without what this page may not see or do. */
function tabs() {
  const hidden = new Set<EndpointTab>([
    ...(may("ViewEndpointSecret") ? [] : ["signing" as const]),
    ...(may("ManageEndpoint") ? [] : ["settings" as const]),
  ]);
  return ENDPOINT_TABS.filter((value) => !hidden.has(value)).map((value) => {
    return { value, label: TAB_LABELS[value] };
  });
}

function Heading({ endpoint }: { endpoint: EndpointOut }): ReactNode {
  const appId = useAppId();
  const enabled = useNotDeleting(endpoint.id);
  const { data } = useQuery({ ...statisticsQuery(appId, endpoint.id, "day"), enabled });
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <span className="min-w-0 truncate">{endpointName(endpoint)}</span>
      <EndpointHealthBadge endpoint={endpoint} statistics={data} />
    </span>
  );
}

function EndpointView({ endpoint }: { endpoint: EndpointOut }): ReactNode {
  const { tab: asked } = route.useSearch();
  const shown = tabs();
  const tab = shown.find(({ value }) => value === asked)?.value ?? "overview";
  const navigate = useNavigate({ from: "/endpoints/$endpointId" });
  const [sending, setSending] = useState(false);
  const show = (next: EndpointTab): void => {
    void navigate({ search: (kept) => ({ ...kept, tab: next === "overview" ? undefined : next }) });
  };
  useShortcuts([
    ...(isPortal
      ? []
      : [{ keys: "t", label: "Send an example", group: "Endpoint", run: () => setSending(true) }]),
    ...shown.map(({ value, label }, index) => ({
      keys: String(index + 1),
      label,
      group: "Endpoint",
      run: () => show(value),
    })),
  ]);
  return (
    <Page
      title={endpointName(endpoint)}
      heading={<Heading endpoint={endpoint} />}
      back={<BackToEndpoints />}
      description={
        <span className="flex min-w-0 items-center gap-1">
          <span className="truncate font-mono text-xs">{endpoint.url}</span>
          <CopyIconButton text={endpoint.url} label="Copy the URL" />
        </span>
      }
      actions={
        <>
          {may("ManageEndpoint") && <EndpointStateActions endpoint={endpoint} />}
          {!isPortal && (
            <Button
              tone="primary"
              disabled={endpoint.disabled}
              icon={<Send className="size-3.5" aria-hidden />}
              onClick={() => setSending(true)}
            >
              Send example
            </Button>
          )}
        </>
      }
    >
      <EndpointStateNotice endpoint={endpoint} />
      <Tabs label="Endpoint" value={tab} onChange={show} tabs={shown}>
        <TabPanel value="overview">
          <OverviewTab endpoint={endpoint} onSend={() => setSending(true)} />
        </TabPanel>
        <TabPanel value="deliveries">
          <DeliveriesTab endpoint={endpoint} />
        </TabPanel>
        {may("ViewEndpointSecret") && (
          <TabPanel value="signing">
            <SigningTab endpoint={endpoint} />
          </TabPanel>
        )}
        {may("ManageEndpoint") && (
          <TabPanel value="settings">
            <SettingsTab endpoint={endpoint} />
          </TabPanel>
        )}
      </Tabs>
      {sending && <SendExample endpoint={endpoint} onClose={() => setSending(false)} />}
    </Page>
  );
}

export function EndpointPage(): ReactNode {
  const { endpointId } = route.useParams();
  const appId = useAppId();
  const refetchInterval = useRefetchInterval();
  const enabled = useNotDeleting(endpointId);
  const { data, error } = useQuery({
    ...endpointQuery(appId, endpointId),
    refetchInterval,
    enabled,
  });
  useLiveRefresh(keys.endpoint(appId, endpointId), ({ data: of }) => {
    return of["endpointId"] === endpointId || of["id"] === endpointId;
  });
  if (data !== undefined) return <EndpointView key={data.id} endpoint={data} />;
  if (error !== null) throw error;
  return (
    <Page title="Endpoint" back={<BackToEndpoints />} heading={<Skeleton className="h-7 w-64" />}>
      <SkeletonRows label="Loading the endpoint" />
    </Page>
  );
}
