import { type ReactNode, useEffect, useState } from "react";
import { Check, Copy } from "lucide-react";
import { copyText } from "../lib/copy.ts";
import { toast } from "../lib/toasts.ts";
import { Button, type ButtonSize, IconButton } from "./button.tsx";

const SHOWN_MS = 1_500;

function useCopied(text: string | (() => Promise<string>)): [boolean, () => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = window.setTimeout(() => setCopied(false), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [copied]);
  const copy = async (): Promise<void> => {
    try {
      const done = await copyText(typeof text === "string" ? text : await text());
      setCopied(done);
      if (!done)
        toast({
          tone: "bad",
          title: "The browser refused to copy",
          detail: "Select the text and copy it by hand.",
        });
    } catch {
      toast({
        tone: "bad",
        title: "Nothing was copied",
        detail: "What to copy could not be loaded.",
      });
    }
  };
  return [copied, () => void copy()];
}

interface CopyProps {
  /** What to copy, or how to get it. */
  text: string | (() => Promise<string>);
  /** What it is: "Copy the secret". */
  label: string;
}

export function CopyIconButton({ text, label }: CopyProps): ReactNode {
  const [copied, copy] = useCopied(text);
  return (
    <IconButton label={copied ? "Copied" : label} onClick={copy}>
      {copied ? <Check className="text-good" aria-hidden /> : <Copy aria-hidden />}
    </IconButton>
  );
}

export function CopyButton({ text, label, size }: CopyProps & { size?: ButtonSize }): ReactNode {
  const [copied, copy] = useCopied(text);
  const icon = copied ? (
    <Check className="size-3.5 text-good" aria-hidden />
  ) : (
    <Copy className="size-3.5" aria-hidden />
  );
  return (
    <Button size={size} onClick={copy} icon={icon}>
      {copied ? "Copied" : label}
    </Button>
  );
}

/** An id, shown in full, copied with one press. */
export function CopyId({ id }: { id: string }): ReactNode {
  return (
    <span className="inline-flex max-w-full items-center gap-0.5">
      <code className="truncate font-mono text-xs text-muted">{id}</code>
      <CopyIconButton text={id} label={`Copy ${id}`} />
    </span>
  );
}
