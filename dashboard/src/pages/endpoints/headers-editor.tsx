/** Custom headers as rows of name and value. Values that are secrets come back only by name. */
import type { ReactNode } from "react";
import { Plus, X } from "lucide-react";
import { Button, IconButton } from "../../ui/button.tsx";
import { Input } from "../../ui/input.tsx";
import { type HeaderRow, headerRow } from "./endpoint-draft.ts";

interface HeadersEditorProps {
  rows: readonly HeaderRow[];
  onChange: (rows: HeaderRow[]) => void;
  error?: string | undefined;
}

export function HeadersEditor({ rows, onChange, error }: HeadersEditorProps): ReactNode {
  const change = (key: number, part: Partial<HeaderRow>): void => {
    onChange(rows.map((row) => (row.key === key ? { ...row, ...part } : row)));
  };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1.5 text-sm font-medium">
        Custom headers <span className="font-normal text-faint">optional</span>
      </legend>
      {rows.map(({ key, name, value, sealed }, index) => (
        <div key={key} className="flex gap-2">
          <Input
            aria-label={`Name of header ${index + 1}`}
            placeholder="authorization"
            value={name}
            readOnly={sealed}
            onChange={({ target }) => change(key, { name: target.value })}
            className="max-w-52 font-mono text-xs"
          />
          <Input
            aria-label={`Value of header ${index + 1}`}
            placeholder={sealed ? "kept as it is" : "value"}
            value={value}
            onChange={({ target }) => change(key, { value: target.value })}
            className="font-mono text-xs"
          />
          <IconButton
            label={`Remove header ${name}`}
            onClick={() => onChange(rows.filter((row) => row.key !== key))}
            className="mt-0.5"
          >
            <X aria-hidden />
          </IconButton>
        </div>
      ))}
      {error !== undefined && <p className="text-xs text-bad">{error}</p>}
      <div>
        <Button
          size="small"
          icon={<Plus className="size-3.5" aria-hidden />}
          onClick={() => onChange([...rows, headerRow()])}
        >
          Add header
        </Button>
      </div>
    </fieldset>
  );
}
