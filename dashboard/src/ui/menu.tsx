/** Actions behind a button. */
import type { ReactElement, ReactNode } from "react";
import { Menu as Base } from "@base-ui/react/menu";
import { cx } from "../lib/cx.ts";

const ITEM =
  "flex h-8 w-full items-center gap-2 rounded-md px-2 text-sm outline-none select-none " +
  "data-disabled:opacity-50 data-highlighted:bg-hover [&_svg]:size-4 [&_svg]:text-faint";

export function Menu({
  trigger,
  children,
}: {
  trigger: ReactElement;
  children: ReactNode;
}): ReactNode {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="z-40 outline-none">
          <Base.Popup className="min-w-44 rounded-lg border border-line bg-raised p-1 shadow-pop outline-none">
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

interface MenuItemProps {
  icon?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
  children: ReactNode;
}

export function MenuItem({
  icon,
  danger = false,
  disabled,
  onSelect,
  children,
}: MenuItemProps): ReactNode {
  return (
    <Base.Item
      disabled={disabled === true}
      onClick={onSelect}
      className={cx(ITEM, danger && "text-bad [&_svg]:text-bad")}
    >
      {icon}
      {children}
    </Base.Item>
  );
}

export function MenuSeparator(): ReactNode {
  return <Base.Separator className="my-1 h-px bg-line" />;
}
