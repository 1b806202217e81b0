/** Tabs whose choice lives in the address: the page gives the value and navigates on a change. */
import type { ReactNode } from "react";
import { Tabs as Base } from "@base-ui/react/tabs";

interface TabsProps<T extends string> {
  value: T;
  onChange: (value: T) => void;
  /** Given in order. */
  tabs: readonly { value: T; label: ReactNode }[];
  label: string;
  children: ReactNode;
}

export function Tabs<T extends string>(props: TabsProps<T>): ReactNode {
  const { value, onChange, tabs, label, children } = props;
  return (
    // The values are the tabs' own.
    <Base.Root value={value} onValueChange={(next) => onChange(next as T)}>
      <Base.List
        aria-label={label}
        className="relative flex gap-5 overflow-x-auto border-b border-line text-sm"
      >
        {tabs.map((tab) => (
          <Base.Tab
            key={tab.value}
            value={tab.value}
            className="h-9 border-b-2 border-transparent font-medium whitespace-nowrap text-muted hover:text-ink focus-visible:-outline-offset-2 data-active:border-accent data-active:text-ink"
          >
            {tab.label}
          </Base.Tab>
        ))}
      </Base.List>
      {children}
    </Base.Root>
  );
}

export function TabPanel({ value, children }: { value: string; children: ReactNode }): ReactNode {
  return (
    <Base.Panel value={value} className="pt-5 outline-offset-4">
      {children}
    </Base.Panel>
  );
}
