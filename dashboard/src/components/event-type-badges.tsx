/** What is particular about an event type. */
import type { ReactNode } from "react";
import { Archive, Flag, TriangleAlert } from "lucide-react";
import type { EventTypeOut } from "../api/generated/paths.ts";
import { Badge } from "../ui/badge.tsx";

export function EventTypeBadges({ eventType }: { eventType: EventTypeOut }): ReactNode {
  const { archived, deprecated, featureFlags } = eventType;
  return (
    <>
      {archived && (
        <Badge icon={Archive} title="Not in the catalogue; what is published of it is still sent.">
          Archived
        </Badge>
      )}
      {deprecated && (
        <Badge tone="warn" icon={TriangleAlert} title="Still sent; do not build on it.">
          Deprecated
        </Badge>
      )}
      {featureFlags?.map((flag) => (
        <Badge key={flag} icon={Flag} title="Portals without this feature flag do not see it.">
          {flag}
        </Badge>
      ))}
    </>
  );
}
