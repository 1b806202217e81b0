/** Sends selected deliveries once more, some at a time, and tells how far it is. */
import { useRef, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { inWords } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { formatPlural } from "../../lib/format.ts";
import { toast } from "../../lib/toasts.ts";
import { useAppId } from "../../router/place.ts";

const AT_ONCE = 4;

export interface Target {
  msgId: string;
  endpointId: string;
}

export interface Progress {
  total: number;
  sent: number;
  refused: number;
}

export interface Resending {
  progress: Progress | undefined;
  start: (targets: readonly Target[]) => Promise<void>;
  stop: () => void;
}

function tell({ total, sent, refused }: Progress, reason: string | undefined): void {
  const left = total - sent - refused;
  const title = `${formatPlural(sent, "delivery", "deliveries")} sent again`;
  const parts = [
    refused > 0 && `${refused} refused: ${reason ?? ""}`,
    left > 0 && `${left} not sent: you stopped it.`,
  ].filter((part) => part !== false);
  const detail = parts.length > 0 ? parts.join(" ") : "Their rows change when the answer is there.";
  toast({ tone: refused > 0 ? "bad" : "good", title, detail });
}

export function useResending(): Resending {
  const appId = useAppId();
  const queries = useQueryClient();
  const [progress, setProgress] = useState<Progress>();
  const stopped = useRef(false);
  const start = async (targets: readonly Target[]): Promise<void> => {
    if (targets.length === 0 || progress !== undefined) return;
    stopped.current = false;
    const state: Progress = { total: targets.length, sent: 0, refused: 0 };
    let reason: string | undefined;
    const waiting = [...targets];
    const sendOne = async ({ msgId, endpointId }: Target): Promise<void> => {
      try {
        await api.post("/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend", {
          path: { app_id: appId, msg_id: msgId, endpoint_id: endpointId },
        });
        state.sent += 1;
      } catch (error) {
        state.refused += 1;
        reason ??= inWords(error).detail;
      }
      setProgress({ ...state });
    };
    const work = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        if (stopped.current) return;
        await sendOne(one);
      }
    };
    setProgress({ ...state });
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    setProgress(undefined);
    tell(state, reason);
    void queries.invalidateQueries({ queryKey: keys.messages(appId) });
  };
  return { progress, start, stop: () => (stopped.current = true) };
}
