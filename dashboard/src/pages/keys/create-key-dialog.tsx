/** A new key: what it is for, and what it may do. */
import { type ReactNode, useState } from "react";
import { ApiError, inWords } from "../../api/api-error.ts";
import type { ApiKeyCreatedOut, ApiKeyOut } from "../../api/generated/paths.ts";
import { usePlace } from "../../router/place.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Input } from "../../ui/input.tsx";
import { RadioCards } from "../../ui/radio-cards.tsx";
import { useCreateKey } from "./key-queries.ts";
import { SCOPES } from "./scopes.ts";

const CHOICES = (["full", "read"] as const).map((value) => {
  const [label, description] = SCOPES[value];
  return { value, label, description };
});
const NAME_LENGTH_MAX = 128;

function nameError(error: Error | null): string | undefined {
  if (error === null) return undefined;
  const said = error instanceof ApiError ? error.fieldError("name") : undefined;
  return said ?? inWords(error).detail;
}

interface CreateKeyDialogProps {
  onClose: () => void;
  onMade: (made: ApiKeyCreatedOut) => void;
}

export function CreateKeyDialog({ onClose, onMade }: CreateKeyDialogProps): ReactNode {
  const { environment } = usePlace();
  const [name, setName] = useState("");
  const [scope, setScope] = useState<ApiKeyOut["scope"]>("full");
  const { mutate, isPending, error } = useCreateKey(onMade);
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Create an API key"
      description={`It opens the ${environment} environment, and nothing of the other.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" form="create-key" busy={isPending}>
            Create the key
          </Button>
        </>
      }
    >
      <form
        id="create-key"
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          mutate({ name: name.trim(), scope });
        }}
      >
        <Field
          label="Name"
          hint="The program that will use it, as you will look for it later."
          error={nameError(error)}
        >
          {(control) => (
            <Input
              {...control}
              required
              autoFocus
              maxLength={NAME_LENGTH_MAX}
              placeholder="billing service"
              value={name}
              onChange={({ target }) => setName(target.value)}
            />
          )}
        </Field>
        <RadioCards legend="It may" value={scope} onChange={setScope} choices={CHOICES} />
      </form>
    </Dialog>
  );
}
