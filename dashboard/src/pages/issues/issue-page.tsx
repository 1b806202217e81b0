/** One issue: what it is, how much it is, what to do about it. */
import { type ReactNode, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Check, Eye } from "lucide-react";
import { may } from "../../api/caller.ts";
import type { EndpointOut, IssueDetailOut } from "../../api/generated/paths.ts";
import { causeInWords } from "../../components/cause.ts";
import { endpointName } from "../../components/endpoint-name.tsx";
import { IssueStateBadge, ReopenedBadge } from "../../components/issue-state.tsx";
import { TaskProgress } from "../../components/task-progress.tsx";
import { formatCount } from "../../lib/format.ts";
import { useShortcuts } from "../../lib/shortcuts.ts";
import { toast } from "../../lib/toasts.ts";
import { useAppId } from "../../router/place.ts";
import { BackLabel } from "../../ui/back-label.tsx";
import { Button } from "../../ui/button.tsx";
import { Card, Figure, Figures } from "../../ui/card.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton, SkeletonRows } from "../../ui/skeleton.tsx";
import { RelativeTime } from "../../ui/time.tsx";
import { endpointQuery } from "../endpoints/endpoint-queries.ts";
import { issueQuery, useAcknowledge } from "./issue-queries.ts";
import { ResolveDialog } from "./resolve-dialog.tsx";
import { SampleCard } from "./sample-card.tsx";

const route = getRouteApi("/shell/issues/$issueId");

interface IssueProps {
  issue: IssueDetailOut;
  endpoint: EndpointOut | undefined;
}

function Back(): ReactNode {
  return (
    <Link to="/issues">
      <BackLabel>Issues</BackLabel>
    </Link>
  );
}

function Actions({ issue, endpoint }: IssueProps): ReactNode {
  const navigate = useNavigate({ from: "/issues/$issueId" });
  const [isResolving, setResolving] = useState(false);
  const acknowledge = useAcknowledge(issue);
  const canAcknowledge = issue.state === "open";
  const canResolve = issue.state !== "resolved";
  const group = "Issue";
  useShortcuts([
    ...(canAcknowledge
      ? [{ keys: "a", label: "Acknowledge", group, run: () => acknowledge.mutate() }]
      : []),
    ...(canResolve ? [{ keys: "r", label: "Resolve", group, run: () => setResolving(true) }] : []),
  ]);
  return (
    <>
      {canAcknowledge && (
        <Button
          icon={<Eye className="size-3.5" aria-hidden />}
          busy={acknowledge.isPending}
          onClick={() => acknowledge.mutate()}
        >
          Acknowledge
        </Button>
      )}
      {canResolve && (
        <Button
          tone="primary"
          icon={<Check className="size-3.5" aria-hidden />}
          onClick={() => setResolving(true)}
        >
          Resolve …
        </Button>
      )}
      {isResolving && (
        <ResolveDialog
          issue={issue}
          endpoint={endpoint}
          onClose={() => setResolving(false)}
          onDone={({ task }) => {
            setResolving(false);
            if (task === undefined) toast({ tone: "good", title: "The issue is resolved" });
            else void navigate({ search: (kept) => ({ ...kept, task: task.id }) });
          }}
        />
      )}
    </>
  );
}

function Numbers({ issue }: { issue: IssueDetailOut }): ReactNode {
  const { attempts, undelivered, undeliveredMore, firstSeenAt, lastSeenAt, openedAt } = issue;
  return (
    <Figures>
      <Figure
        label="Messages undelivered"
        value={`${formatCount(undelivered)}${undeliveredMore ? "+" : ""}`}
        hint={
          <>
            it opened <RelativeTime at={openedAt} />
          </>
        }
      />
      <Figure label="Failed attempts" value={formatCount(attempts)} hint="of all time" />
      <Figure label="First seen" value={<RelativeTime at={firstSeenAt} />} />
      <Figure label="Last seen" value={<RelativeTime at={lastSeenAt} />} />
    </Figures>
  );
}

function StateNotice({ issue }: { issue: IssueDetailOut }): ReactNode {
  const { state, stateChangedAt, reopened, openedAt } = issue;
  const at = stateChangedAt === null ? null : <RelativeTime at={stateChangedAt} />;
  if (state === "resolved") {
    return (
      <Notice title={<>Resolved {at}</>}>
        It opens again when an attempt that begins later fails the same way.
      </Notice>
    );
  }
  if (state === "acknowledged") {
    return (
      <Notice title={<>Acknowledged {at}</>}>
        Somebody knows of it. It stays so while it goes on.
      </Notice>
    );
  }
  if (reopened === 0) return null;
  return (
    <Notice
      tone="warn"
      title={
        <>
          It came back <RelativeTime at={openedAt} />
        </>
      }
    >
      It had been resolved, and then an attempt failed the same way.
    </Notice>
  );
}

function Progress(): ReactNode {
  const { task } = route.useSearch();
  if (task === undefined) return null;
  return (
    <Card title="Sending what was missed" description="It goes on when this page is closed.">
      <TaskProgress taskId={task} label="Sending what was missed" />
    </Card>
  );
}

function IssueView({ issue, endpoint }: IssueProps): ReactNode {
  const { cause, state, reopened, endpointId } = issue;
  const { title, advice } = causeInWords(cause);
  return (
    <Page
      title={title}
      heading={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          {title}
          <IssueStateBadge state={state} />
          <ReopenedBadge reopened={reopened} />
        </span>
      }
      back={<Back />}
      description={
        <Link
          to="/endpoints/$endpointId"
          params={{ endpointId }}
          className="text-accent hover:text-accent-hover"
        >
          {endpoint === undefined ? endpointId : endpointName(endpoint)}
        </Link>
      }
      actions={may("ManageEndpoint") && <Actions issue={issue} endpoint={endpoint} />}
    >
      <StateNotice issue={issue} />
      <Progress />
      <Numbers issue={issue} />
      {advice !== "" && <Notice title="What usually helps">{advice}</Notice>}
      <SampleCard issue={issue} />
    </Page>
  );
}

export function IssuePage(): ReactNode {
  const { issueId } = route.useParams();
  const appId = useAppId();
  const { data, error } = useQuery(issueQuery(appId, issueId));
  const { data: endpoint } = useQuery({
    ...endpointQuery(appId, data?.endpointId ?? ""),
    enabled: data !== undefined,
  });
  if (data !== undefined) return <IssueView issue={data} endpoint={endpoint} />;
  if (error !== null) throw error;
  return (
    <Page title="Issue" back={<Back />} heading={<Skeleton className="h-7 w-64" />}>
      <SkeletonRows label="Loading the issue" />
    </Page>
  );
}
