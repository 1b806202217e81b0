/** ⌘K: go to a page, open what an id names, switch theme or environment. */
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { Dialog as Base } from "@base-ui/react/dialog";
import { ArrowRight, FlaskConical, Moon, Radio, Sun } from "lucide-react";
import { isPortal } from "../api/caller.ts";
import { cx } from "../lib/cx.ts";
import { chooseTheme } from "../lib/theme.ts";
import { usePlace } from "../router/place.ts";
import { BACKDROP } from "../ui/dialog.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { useSwitchEnvironment } from "./environment-switch.tsx";
import { useGoTo } from "./go-to.ts";
import { openOverlay } from "./overlays.ts";
import { navItems, sections } from "./sections.ts";

interface Command {
  label: string;
  icon: ReactNode;
  keys?: string;
  run: () => void;
}

const ID = /^[a-z]+_[0-9A-Za-z]{27}$/;

function openerOf(text: string): { noun: string; path: string } | undefined {
  if (!ID.test(text)) return undefined;
  const opener = sections
    .flatMap(({ opens }) => opens)
    .find(({ prefix }) => text.startsWith(prefix));
  return opener === undefined ? undefined : { noun: opener.noun, path: opener.pathOf(text) };
}

function useCommands(typed: string): Command[] {
  const goTo = useGoTo();
  const { environment, session } = usePlace();
  const switchTo = useSwitchEnvironment();
  const text = typed.trim();
  const opened = openerOf(text);
  if (opened !== undefined) {
    const icon = <ArrowRight aria-hidden />;
    return [{ label: `Open ${opened.noun} ${text}`, icon, run: () => goTo(opened.path) }];
  }
  const pages = navItems.map(({ to, label, icon: Icon, jump }): Command => {
    return { label, icon: <Icon aria-hidden />, keys: `g ${jump}`, run: () => goTo(to) };
  });
  const other = environment === "live" ? "sandbox" : "live";
  const icon = other === "live" ? <Radio aria-hidden /> : <FlaskConical aria-hidden />;
  const isSwitch = !isPortal && session.environments.length > 1;
  const all: Command[] = [
    ...pages,
    ...(isSwitch ? [{ label: `Switch to ${other}`, icon, run: () => switchTo(other) }] : []),
    { label: "Dark theme", icon: <Moon aria-hidden />, run: () => chooseTheme("dark") },
    { label: "Light theme", icon: <Sun aria-hidden />, run: () => chooseTheme("light") },
  ];
  const words = text.toLowerCase().split(/\s+/);
  return all.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
}

interface CommandListProps {
  id: string;
  commands: Command[];
  active: number;
  onPoint: (index: number) => void;
  onRun: (command: Command) => void;
}

function CommandList({ id, commands, active, onPoint, onRun }: CommandListProps): ReactNode {
  return (
    <div id={id} role="listbox" aria-label="Commands" className="max-h-80 overflow-y-auto p-1.5">
      {commands.map((command, index) => (
        // The keyboard is the input's: it names the active option.
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
        <div
          key={command.label}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          onPointerMove={() => onPoint(index)}
          onClick={() => onRun(command)}
          className={cx(
            "flex h-9 cursor-default items-center gap-3 rounded-lg px-2.5 text-sm [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-faint",
            index === active && "bg-hover",
          )}
        >
          {command.icon}
          <span className="truncate">{command.label}</span>
          {command.keys !== undefined && (
            <span className="ml-auto">
              <Kbd keys={command.keys} />
            </span>
          )}
        </div>
      ))}
    </div>
  );
}

export function Palette(): ReactNode {
  const [typed, setTyped] = useState("");
  const [pointed, setPointed] = useState(0);
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const commands = useCommands(typed);
  const active = Math.min(pointed, commands.length - 1);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    openOverlay(undefined);
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && commands.length > 0) {
      event.preventDefault();
      setPointed((active + step + commands.length) % commands.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(commands[active]);
    }
  };
  // The dialog's own way waits for the next frame: what is typed until then would be nobody's.
  const focusField = (): false => {
    field.current?.focus();
    return false;
  };
  return (
    <Base.Root open onOpenChange={() => openOverlay(undefined)}>
      <Base.Portal>
        <Base.Backdrop className={BACKDROP} />
        <Base.Popup
          aria-label="Command palette"
          initialFocus={focusField}
          className="fixed top-[16vh] left-1/2 w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 rounded-xl border border-line bg-raised shadow-pop outline-none"
        >
          <input
            ref={field}
            role="combobox"
            aria-label="Go to a page, or paste an id"
            aria-expanded
            aria-controls={id}
            aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
            placeholder="Go to a page, or paste an id"
            spellCheck={false}
            autoComplete="off"
            value={typed}
            onChange={({ target }) => {
              setTyped(target.value);
              setPointed(0);
            }}
            onKeyDown={onKeyDown}
            className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none"
          />
          {commands.length === 0 ? (
            <p className="p-4 text-sm text-muted">Nothing fits. Ids start with ep_, msg_, act_ …</p>
          ) : (
            <CommandList
              id={id}
              commands={commands}
              active={active}
              onPoint={setPointed}
              onRun={run}
            />
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
