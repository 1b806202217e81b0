/** The end of a list that is read page by page. */
import type { ReactNode } from "react";
import { Button } from "./button.tsx";

interface LoadMoreProps {
  hasMore: boolean;
  busy: boolean;
  onMore: () => void;
  /** Said when everything is shown: "All 12 endpoints". */
  end?: ReactNode;
}

export function LoadMore({ hasMore, busy, onMore, end }: LoadMoreProps): ReactNode {
  return (
    <div className="flex h-14 items-center justify-center text-xs text-faint">
      {hasMore ? (
        <Button size="small" busy={busy} onClick={onMore}>
          Load more
        </Button>
      ) : (
        end
      )}
    </div>
  );
}
