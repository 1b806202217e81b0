/** Sends a push once, however often it is clicked; leads to the action. */
import { useRef } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ApiError } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import type { PushIn } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { randomKey } from "../../lib/random-key.ts";

export interface PushOrder {
  deviceId: string;
  push: PushIn;
}

export interface Pushing {
  send: (order: PushOrder) => void;
  busy: boolean;
  refusal: ApiError | undefined;
  /** What was refused has changed. */
  forget: () => void;
}

export function usePush(): Pushing {
  const queries = useQueryClient();
  const navigate = useNavigate();
  // The same order has the same key: a second click, or a try after a lost answer, is the same action.
  const sent = useRef({ text: "", key: "" });
  const { mutate, isPending, isSuccess, error, reset } = useMutation({
    mutationFn: async ({ deviceId, push }: PushOrder) => {
      const text = `${deviceId} ${JSON.stringify(push)}`;
      if (sent.current.text !== text) sent.current = { text, key: randomKey() };
      const { key: idempotencyKey } = sent.current;
      const path = { deviceId };
      return (await api.post("/battery/{deviceId}", { path, body: push, idempotencyKey })).data;
    },
    onSuccess: async (action) => {
      queries.setQueryData(keys.action(action.id), action);
      await navigate({ to: "/actions/$actionId", params: { actionId: action.id } });
    },
  });
  return {
    send: (order) => mutate(order),
    busy: isPending || isSuccess,
    refusal: error instanceof ApiError ? error : undefined,
    forget: reset,
  };
}
