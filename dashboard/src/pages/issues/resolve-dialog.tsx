/** Says what resolving an issue sends, before it does. */
import { type ReactNode, useState } from "react";
import { Link } from "@tanstack/react-router";
import { inWords } from "../../api/api-error.ts";
import { may } from "../../api/caller.ts";
import type { EndpointOut, IssueDetailOut, IssueResolvedOut } from "../../api/generated/paths.ts";
import { formatPlural } from "../../lib/format.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Notice } from "../../ui/notice.tsx";
import { RadioCards } from "../../ui/radio-cards.tsx";
import { Timestamp } from "../../ui/time.tsx";
import { useResolve } from "./issue-queries.ts";

type Way = "resend" | "only";

interface ResolveDialogProps {
  issue: IssueDetailOut;
  endpoint: EndpointOut | undefined;
  onClose: () => void;
  onDone: (resolved: IssueResolvedOut) => void;
}

function WhatIsSent({ issue }: { issue: IssueDetailOut }): ReactNode {
  return (
    <>
      Everything of this endpoint that failed for good since <Timestamp at={issue.openedAt} />, of
      whatever cause, one attempt each, oldest first. What is still being tried again goes on by
      itself.
    </>
  );
}

function choicesFor(issue: IssueDetailOut, canResend: boolean) {
  const { undelivered, undeliveredMore } = issue;
  const missing =
    undelivered === 0 && !undeliveredMore
      ? "Nothing of this issue is missing at the endpoint any more."
      : `${formatPlural(undelivered, "message")}${undeliveredMore ? " or more" : ""} of this issue ` +
        "would stay undelivered, and can be resent one by one later.";
  const only = { value: "only" as const, label: "Resolve without sending", description: missing };
  if (!canResend) return [only];
  const resend = {
    value: "resend" as const,
    label: "Resend all, and resolve",
    description: <WhatIsSent issue={issue} />,
  };
  return [resend, only];
}

export function ResolveDialog(props: ResolveDialogProps): ReactNode {
  const { issue, endpoint, onClose, onDone } = props;
  const isDisabled = endpoint?.disabled === true;
  const canResend = may("CreateAttempts") && !isDisabled;
  const [way, setWay] = useState<Way>(canResend ? "resend" : "only");
  const { mutate, isPending, error } = useResolve(issue, onDone);
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Resolve the issue"
      description="It opens again when an attempt that begins later fails the same way."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={isPending} onClick={() => mutate(way === "resend")}>
            {way === "resend" ? "Resend all and resolve" : "Resolve"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {isDisabled && (
          <Notice tone="warn" title="The endpoint is disabled: nothing can be sent to it">
            <Link
              to="/endpoints/$endpointId"
              params={{ endpointId: issue.endpointId }}
              className="text-accent underline hover:text-accent-hover"
            >
              Enable it first
            </Link>
            , which can send what was missed as well.
          </Notice>
        )}
        <RadioCards<Way>
          legend="What should happen to what was missed?"
          value={way}
          onChange={setWay}
          choices={choicesFor(issue, canResend)}
        />
        {error !== null && (
          <p role="alert" className="text-sm text-bad">
            {inWords(error).detail}
          </p>
        )}
      </div>
    </Dialog>
  );
}
