/** A new secret, with time for receivers to take it over. */
import { type ReactNode, useState } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { inWords } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import type { EndpointOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { toast } from "../../lib/toasts.ts";
import { useAppId } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Select } from "../../ui/input.tsx";

const HOUR = 3_600;
const OVERLAPS = [
  [0, "Not at all: the old one is known to others"],
  [HOUR, "1 hour"],
  [24 * HOUR, "24 hours"],
  [7 * 24 * HOUR, "7 days"],
] as const;

interface RotateDialogProps {
  endpoint: EndpointOut;
  onClose: () => void;
}

export function RotateDialog({ endpoint, onClose }: RotateDialogProps): ReactNode {
  const appId = useAppId();
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState<number>(24 * HOUR);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      api.post("/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate", {
        path: { app_id: appId, endpoint_id: endpoint.id },
        body: { gracePeriodSeconds: overlap },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.endpointSecret(appId, endpoint.id) });
      toast({
        tone: "good",
        title: "There is a new secret",
        detail: "Put it into your receiver now.",
      });
      onClose();
    },
  });
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Rotate the secret"
      description="Events are signed with the new one from now on, and with the old one as well for a while."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={isPending} onClick={() => mutate()}>
            Rotate
          </Button>
        </>
      }
    >
      <Field
        label="The old one still signs for"
        error={error === null ? undefined : inWords(error).detail}
        hint="As long as it takes to give your receiver the new one."
      >
        {(control) => (
          <Select
            {...control}
            value={overlap}
            onChange={({ target }) => setOverlap(Number(target.value))}
          >
            {OVERLAPS.map(([seconds, label]) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </Dialog>
  );
}
