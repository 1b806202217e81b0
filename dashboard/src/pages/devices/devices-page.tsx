/** Every battery of the environment, live. */
import type { ReactNode } from "react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Zap } from "lucide-react";
import { batteriesQuery } from "../../api/batteries.ts";
import { formatPlural } from "../../lib/format.ts";
import { buttonClass } from "../../ui/button.tsx";
import { LoadMore } from "../../ui/load-more.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { DeviceCard } from "./device-card.tsx";
import { ChartLegend } from "./chart-legend.tsx";
import { NoDevices } from "./no-devices.tsx";

const GRID = "grid gap-4 sm:grid-cols-2 xl:grid-cols-3";

function Loading(): ReactNode {
  return (
    <div role="status" className={GRID}>
      <span className="sr-only">Loading the devices</span>
      {["first", "second", "third"].map((place) => (
        <Skeleton key={place} className="h-54 rounded-xl" />
      ))}
    </div>
  );
}

export function DevicesPage(): ReactNode {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useInfiniteQuery(batteriesQuery());
  if (error !== null && data === undefined) throw error;
  const batteries = data?.pages.flatMap((page) => page.batteries);
  const isEmpty = batteries !== undefined && batteries.length === 0;
  return (
    <Page
      title="Devices"
      description="Batteries as they are now, asked every two seconds while you look."
      actions={
        !isEmpty && (
          <Link to="/actions/new" className={buttonClass("primary")}>
            <Zap className="size-4" aria-hidden />
            Push an action
          </Link>
        )
      }
    >
      {batteries === undefined && <Loading />}
      {isEmpty && <NoDevices />}
      {batteries !== undefined && !isEmpty && (
        <>
          <ChartLegend />
          <ul aria-label="Devices" className={GRID}>
            {batteries.map((battery) => (
              <DeviceCard key={battery.id} battery={battery} />
            ))}
          </ul>
          <LoadMore
            hasMore={hasNextPage}
            busy={isFetchingNextPage}
            onMore={() => void fetchNextPage()}
            end={formatPlural(batteries.length, "battery", "batteries")}
          />
        </>
      )}
    </Page>
  );
}
