/** An endpoint as people call it: its description, otherwise where it is. */
import type { ReactNode } from "react";
import type { EndpointOut } from "../api/generated/paths.ts";

/** `example.com/webhooks` */
export function shortUrl(url: string): string {
  return url.replace(/^https?:\/\//, "").replace(/\/$/, "");
}

export function endpointName({
  description,
  url,
}: Pick<EndpointOut, "description" | "url">): string {
  return description === "" ? shortUrl(url) : description;
}

/** Two lines: the name, and the URL below. */
export function EndpointName({ endpoint }: { endpoint: EndpointOut }): ReactNode {
  const { description, url } = endpoint;
  return (
    <span className="flex min-w-0 flex-col">
      <span className="truncate font-medium">{endpointName(endpoint)}</span>
      {description !== "" && (
        <span className="truncate font-mono text-2xs text-faint">{shortUrl(url)}</span>
      )}
    </span>
  );
}
