/** What the battery shall do: one of the commands it has. */
import type { ReactNode } from "react";
import {
  ArrowDownToLine,
  ArrowUpFromLine,
  type LucideIcon,
  Pause,
  ShieldCheck,
  Sun,
  TrendingUp,
  Zap,
} from "lucide-react";
import { commandDoes, commandName } from "../../components/action-words.ts";
import { cx } from "../../lib/cx.ts";

const ICONS: Record<string, LucideIcon> = {
  charge: ArrowDownToLine,
  discharge: ArrowUpFromLine,
  idle: Pause,
  "auto.balanced": Sun,
  "auto.reserve": ShieldCheck,
  "auto.export": TrendingUp,
};

interface CommandChoiceProps {
  commands: readonly string[];
  value: string;
  onChange: (command: string) => void;
  error: string | undefined;
}

export function CommandChoice({ commands, value, onChange, error }: CommandChoiceProps): ReactNode {
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1.5 text-sm font-medium">Command</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {commands.map((command) => {
          const Icon = ICONS[command] ?? Zap;
          const chosen = command === value;
          return (
            <label
              key={command}
              className={cx(
                "flex cursor-pointer items-start gap-2.5 rounded-lg border p-2.5 has-focus-visible:outline-2 has-focus-visible:outline-accent",
                chosen
                  ? "border-accent bg-accent-soft"
                  : "border-line bg-surface hover:border-line-strong",
              )}
            >
              <input
                type="radio"
                name="command"
                value={command}
                checked={chosen}
                onChange={() => onChange(command)}
                className="sr-only"
              />
              <Icon
                className={cx("mt-0.5 size-4 shrink-0", chosen ? "text-accent" : "text-faint")}
                aria-hidden
              />
              <span className="min-w-0">
                <span className="block text-sm font-medium">{commandName(command)}</span>
                <span className="block text-xs text-muted">{commandDoes(command)}</span>
              </span>
            </label>
          );
        })}
      </div>
      {error !== undefined && <p className="text-xs text-bad">{error}</p>}
    </fieldset>
  );
}
