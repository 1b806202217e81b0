/** What a section of the dashboard brings beside its routes: its entries in the sidebar and the palette. */
import type { ComponentType } from "react";
import type { LucideIcon } from "lucide-react";

export interface NavItem {
  /** A path of its routes. */
  to: string;
  label: string;
  icon: LucideIcon;
  /** The second key of its jump: `g e` for `e`. Unique. */
  jump: string;
  /** Also in portals. */
  portal?: boolean;
  /** Beside the label in the sidebar: a count of what wants a look. */
  badge?: ComponentType;
}

export interface IdOpener {
  /** Of the ids that lead to it: `ep_`. */
  prefix: string;
  /** What it is, for the palette: "endpoint". */
  noun: string;
  pathOf: (id: string) => string;
}

export interface Section {
  /** Undefined: the first entries, without a heading. */
  title: string | undefined;
  items: readonly NavItem[];
  opens: readonly IdOpener[];
}
