/** Why a push was refused, where no single field is to blame. */
import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import type { ApiError } from "../../api/api-error.ts";
import { buttonClass } from "../../ui/button.tsx";
import { Notice } from "../../ui/notice.tsx";

/** Shown beside their fields. */
const FIELDS = ["action.command", "action.parameters", "sandbox"];

function conflictOf({ code, details }: ApiError): string | undefined {
  if (code !== "CONFLICT") return undefined;
  const ids = details["conflictingActionIds"];
  return Array.isArray(ids) && typeof ids[0] === "string" ? ids[0] : undefined;
}

export function PushRefused({ refusal }: { refusal: ApiError }): ReactNode {
  if (FIELDS.some((field) => refusal.fieldError(field) !== undefined)) return null;
  const conflict = conflictOf(refusal);
  if (conflict !== undefined) {
    return (
      <Notice
        tone="bad"
        title="The battery still works on another action"
        actions={
          <Link
            to="/actions/$actionId"
            params={{ actionId: conflict }}
            className={buttonClass("plain", "small")}
          >
            Watch that one
          </Link>
        }
      >
        Push again once it has ended. Nothing was changed.
      </Notice>
    );
  }
  return (
    <Notice tone="bad" title={refusal.detail}>
      {refusal.advice}
    </Notice>
  );
}
