import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import { BackLabel } from "../../ui/back-label.tsx";

export function BackToEndpoints(): ReactNode {
  return (
    <Link to="/endpoints">
      <BackLabel>Endpoints</BackLabel>
    </Link>
  );
}
